import type { EventData } from '../../../contract/index.ts';
import type { CanopyError } from '../../../contract/light.ts';
import type { RoomSessionEvents } from '../room-session.ts';
import type { BridgeMedia, BridgeParticipant } from './bridge-participant.ts';
import type { BridgeSource } from './bridge-sources.ts';

/** What a bridge's session tells. */
export interface BridgeEvents extends RoomSessionEvents {
  /** The transports are open: for the first time, or again elsewhere after `media-lost`. Send to `send` from now on. */
  media: [BridgeMedia];
  /** The transports are gone with all that went over them. They are opened again, and producers made again, by themselves. */
  'media-lost': [];
  /** Somebody's voice begins to come in; told before its first packet. */
  source: [BridgeSource];
  'source-ended': [BridgeSource];
  /** It was muted or unmuted. */
  'source-updated': [BridgeSource];
  /**
   * A moderator acted on a hosted participant. `mute` and `unmute` are done already; on `kick` the participant is out of the room:
   * end its call. `by` is a participant's id.
   */
  action: [
    participant: BridgeParticipant,
    action: EventData<'participant.action'>['action'],
    by: string | null,
  ];
  /** Something failed that the session goes on without. */
  error: [CanopyError];
}
