import type { SavedLeg, SrtpState } from '../media/index.ts';
import type { NegotiatedAudio, SavedSdp } from '../sip/index.ts';

/** The media of a call as plain data. */
export interface SavedMedia {
  readonly address: string;
  readonly port: number;
  readonly sdp: SavedSdp;
  readonly audio: NegotiatedAudio;
  readonly held: boolean;
  readonly listens: boolean;
  readonly leg: SavedLeg;
  /** Counters of the SRTP contexts; absent if the call is not encrypted. */
  readonly srtp?: { readonly send: SrtpState; readonly receive: SrtpState };
}
