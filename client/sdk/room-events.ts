import type { EventData, Participant, RoomAction, SnapshotPart } from '../../contract/index.ts';
import type { CanopyError } from '../../contract/light.ts';
import type { ConnectionState } from './connection.ts';
import type { MediaConnectivity } from './media-connectivity.ts';
import type { Publication } from './publication.ts';
import type { RemoteTrack } from './remote-track.ts';
import type { RoomSessionEvents } from './room-session.ts';
import type { Direction } from './transport-link.ts';

export type RoomState = ConnectionState;

/** The events of a room. */
export interface RoomEvents extends RoomSessionEvents {
  /**
   * Media in one direction is connecting, is `connected`, or has `failed`: 4 s after the first attempt or 2 s after a loss. Attempts
   * continue automatically.
   */
  media: [direction: Direction, connectivity: MediaConnectivity];
  /** What others send (`room.sources`) has changed, whether or not it is received. */
  sources: [];
  /** A track from another participant has started. */
  track: [RemoteTrack];
  'track-ended': [RemoteTrack];
  /** The sender muted or unmuted the track, or the server changed its allocation. */
  'track-updated': [RemoteTrack];
  /** The layers of a track that are now received; null when none fits. */
  layers: [track: RemoteTrack, layers: EventData<'consumer.layers'>['layers']];
  /** The room's title, lock, PIN or limit, when it is entered and after every change. */
  info: [SnapshotPart<'room'>];
  /** What this participant may do in the room, when it is entered and after every change. */
  rights: [ReadonlySet<RoomAction>];
  /** A participant, possibly this one, raised a hand; it is last in `room.hands`. */
  'hand-raised': [participantId: string];
  /** A hand went down. `by`: the participant who lowered it; undefined if its owner left or the server did not say. */
  'hand-lowered': [participantId: string, by: string | undefined];
  /** A moderator muted this participant's microphone publications. unmute() unmutes them again. */
  'muted-by': [moderator: Participant | undefined];
  /** A call requested by dial() failed. */
  'call-failed': [{ callId: string; error: CanopyError }];
  /** A publication of this client ended: by unpublish(), or because of the error. */
  unpublished: [publication: Publication, error: CanopyError | undefined];
  /** A failure that does not close the room. */
  error: [CanopyError];
}
