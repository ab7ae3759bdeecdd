import type { SavedCall } from '../sip/index.ts';
import type { SavedCharge } from '../trunks/index.ts';
import type { CallParts } from './call-parts.ts';
import type { SavedMedia } from './saved-media.ts';

/** A call in a room, from which a later process continues it. All plain data. */
export interface SavedPhoneCall {
  readonly callId: string;
  /** When this was saved: Unix time in milliseconds. */
  readonly savedAtMs: number;
  readonly parts: CallParts;
  readonly startedAtMs: number;
  readonly answeredAtMs: number;
  readonly roomId: string;
  /** Who it is in the room. */
  readonly participantId: string | undefined;
  readonly muted: boolean;
  readonly handUp: boolean;
  readonly isModerator: boolean;
  readonly sip: SavedCall;
  readonly media: SavedMedia;
  /** Set for a call through a trunk that counts for the limits of that. */
  readonly charge?: SavedCharge | undefined;
}
