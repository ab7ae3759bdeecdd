import type { EventData } from '../../../contract/index.ts';
import type { CanopyError } from '../../../contract/light.ts';
import type { RoomSessionEvents } from '../room-session.ts';
import type { BridgeMedia, BridgeParticipant } from './bridge-participant.ts';
import type { BridgeSource } from './bridge-sources.ts';

/** How a room's audio is being captured. A paused recording does not count. */
export type Overhearing = 'recorded' | 'streamed' | 'captioned';

/** The events of a bridge session. */
export interface BridgeEvents extends RoomSessionEvents {
  /** The transports are open, for the first time or after `media-lost`. Send to `send` from now on. */
  media: [BridgeMedia];
  /** The transports are gone with their producers and consumers. All of them are recreated automatically. */
  'media-lost': [];
  /** A new audio stream. Emitted before its first packet. */
  source: [BridgeSource];
  'source-ended': [BridgeSource];
  /** The source was muted or unmuted. */
  'source-updated': [BridgeSource];
  /**
   * A moderator acted on a hosted participant. `mute` and `unmute` are already applied. On `kick` the participant is no longer in the room:
   * end its call. `by`: the moderator's participant id, if known.
   */
  action: [
    participant: BridgeParticipant,
    action: EventData<'participant.action'>['action'],
    by: string | null,
  ];
  /** A moderator allows a hosted participant to unmute, and asks it to. */
  asked: [participant: BridgeParticipant];
  /** The meeting has breakout rooms: let this participant leave this room and join that one. */
  move: [participant: BridgeParticipant, roomId: string];
  /** The codecs of phones that everybody else in the room can play. */
  playable: [ReadonlySet<string>];
  /** What is said in the room is recorded, streamed live or transcribed from now on, or no longer. */
  overheard: [how: Overhearing, isOn: boolean];
  /** A call that a hosted participant placed has failed. */
  'call-failed': [callId: string, error: CanopyError];
  /** A failure that does not close the session. */
  error: [CanopyError];
}
