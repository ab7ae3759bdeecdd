import type { SavedLeg, SrtpState } from '../media/index.ts';
import type { NegotiatedAudio, SavedSdp } from '../sip/index.ts';

/** The counters of the SRTP contexts of a port. */
export interface SavedContexts {
  readonly send: SrtpState;
  readonly receive: SrtpState;
  /** The keys, if they come from a handshake (DTLS) rather than from the SDP. */
  readonly keys?: SavedKeys;
}

/** Master keys, each followed by its salt. */
export interface SavedKeys {
  readonly suite: string;
  readonly send: Uint8Array;
  readonly receive: Uint8Array;
}

/** The media of a call as plain data. */
export interface SavedMedia {
  readonly address: string;
  readonly port: number;
  readonly sdp: SavedSdp;
  readonly audio: NegotiatedAudio;
  readonly held: boolean;
  readonly listens: boolean;
  readonly leg: SavedLeg;
  /**
   * The SRTP contexts: one pair, or with DTLS without rtcp-mux those for RTP and for RTCP. Null for a port whose handshake has not taken
   * place. Absent if the call is not encrypted.
   */
  readonly srtp?: ReadonlyArray<SavedContexts | null>;
}
