import type { EventData, Participant } from '../../contract/index.ts';
import type { CanopyError } from '../../contract/light.ts';
import type { ConnectionState } from './connection.ts';
import type { MediaConnectivity } from './media-connectivity.ts';
import type { Publication } from './publication.ts';
import type { RemoteTrack } from './remote-track.ts';
import type { RoomSessionEvents } from './room-session.ts';
import type { Direction } from './transport-link.ts';

export type RoomState = ConnectionState;

/** What a room tells. */
export interface RoomEvents extends RoomSessionEvents {
  /**
   * Media in one direction is connecting, is `connected`, or has `failed`: 4 s after the first attempt or 2 s after a loss. Attempts
   * continue by themselves.
   */
  media: [direction: Direction, connectivity: MediaConnectivity];
  /** What others send has changed (`room.sources`), received or not. */
  sources: [];
  /** Media of another participant begins. */
  track: [RemoteTrack];
  'track-ended': [RemoteTrack];
  /** Its sender muted or unmuted it, or the server gives more or less of it (`allocation`). */
  'track-updated': [RemoteTrack];
  /** The layers that a track is received with now; null when none fits. */
  layers: [track: RemoteTrack, layers: EventData<'consumer.layers'>['layers']];
  /** Somebody, perhaps oneself, raised a hand: it is last in `room.hands`. */
  'hand-raised': [participantId: string];
  /** A hand went down. `by`: the participant who lowered it; undefined if its own participant left, or while it is not known. */
  'hand-lowered': [participantId: string, by: string | undefined];
  /** A moderator has muted the own microphone: its publications are muted; unmute() works as ever. */
  'muted-by': [moderator: Participant | undefined];
  /** A call that was asked for by dial() did not come about. */
  'call-failed': [{ callId: string; error: CanopyError }];
  /** An own publication ended: by unpublish(), or by itself because of the error. */
  unpublished: [publication: Publication, error: CanopyError | undefined];
  /** Something failed that the room goes on without. */
  error: [CanopyError];
}
