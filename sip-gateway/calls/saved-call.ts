import type { SavedCall, SavedIncomingInvite } from '../sip/index.ts';
import type { SavedCharge } from '../trunks/index.ts';
import type { CallParts } from './call-parts.ts';
import type { PinCaller } from './pin-guard.ts';
import type { SavedMedia } from './saved-media.ts';

/** An answered call. */
export interface SavedSession {
  readonly answeredAtMs: number;
  readonly sip: SavedCall;
  readonly media: SavedMedia;
  /** What it does: it is in a room, or asks for a PIN. */
  readonly place: SavedSeat | SavedPinDialogue;
}

export interface SavedSeat {
  readonly roomId: string;
  /** Who it is in the room. */
  readonly participantId: string | undefined;
  readonly muted: boolean;
  readonly handUp: boolean;
  readonly isModerator: boolean;
}

/** The caller is asked for a PIN. */
export interface SavedPinDialogue {
  readonly caller: PinCaller;
  /** Number of tries so far. */
  readonly failures: number;
}

/** A call from which a later process continues it. All plain data. */
export interface SavedPhoneCall {
  readonly callId: string;
  /** When this was saved: Unix time in milliseconds. */
  readonly savedAtMs: number;
  readonly parts: CallParts;
  readonly startedAtMs: number;
  /** An answered call, or the INVITE of a caller who waits for an answer. */
  readonly state: SavedSession | SavedIncomingInvite;
  /** Set for a call through a trunk that counts for the limits of that. */
  readonly charge?: SavedCharge | undefined;
}
