import type { RequestResult } from '../../contract/index.ts';
import type { Connection } from './connection.ts';

/** A recording of a room. */
export type KeptRecording = RequestResult<'recording.list'>['recordings'][number];
/** A recording of a room that this account has to do with. */
export type RecentRecording = RequestResult<'recording.recent'>['recordings'][number];
/** Where the files of a recording are. */
export type OpenedRecording = RequestResult<'recording.open'>;
/** A link to a recording. */
export type RecordingShare = RequestResult<'recording.shares'>['shares'][number];
/** A message that was written in the chat during a recording. */
export type RecordedMessage = RequestResult<'recording.chat'>['messages'][number];
/** A video, or sound alone, that is or will be made of a recording. */
export type Composition = RequestResult<'recording.compose'>;
/** A stream of a participant. */
export type RecordedTrack = OpenedRecording['tracks'][number];

/** The recordings of a room, whether or not this client is inside: see Client.recordings(). */
export class KeptRecordings {
  readonly #connection: Connection;
  readonly #roomId: string;

  /** @internal */
  constructor(connection: Connection, roomId: string) {
    this.#connection = connection;
    this.#roomId = roomId;
  }

  /** Newest first, 50 at a time. `before`: `startedAtMs` of the last one that is known. @throws {CanopyError} FORBIDDEN */
  list(before?: number): Promise<{ recordings: KeptRecording[]; more: boolean }> {
    return this.#connection.request('recording.list', {
      roomId: this.#roomId,
      ...(before !== undefined && { before }),
    });
  }

  /**
   * URLs of a recording's files, valid for six hours as long as this account may see it. With `&download=1`, browsers save a track.
   *
   * @throws {CanopyError} FORBIDDEN, RECORDING_UNKNOWN
   */
  async open(recordingId: string): Promise<OpenedRecording> {
    const opened = await this.#connection.request('recording.open', { roomId: this.#roomId, recordingId });
    const absolute = (path: string) => new URL(path, this.#connection.origin).href;
    return {
      tracks: opened.tracks.map((track) => ({ ...track, url: absolute(track.url) })),
      compositions: opened.compositions.map((each) => ({ ...each, url: absolute(each.url) })),
      eventsUrl: absolute(opened.eventsUrl),
      zipUrl: absolute(opened.zipUrl),
    };
  }

  /** A page of what was written in the chat meanwhile; see recordedChat(). @throws {CanopyError} FORBIDDEN, RECORDING_UNKNOWN */
  chat(recordingId: string, after = 0): Promise<RequestResult<'recording.chat'>> {
    return this.#connection.request('recording.chat', { roomId: this.#roomId, recordingId, after });
  }

  /**
   * Makes a link with which anyone sees a recording, valid for this many days, 90 at most. Its address is not shown again.
   *
   * @throws {CanopyError} FORBIDDEN, RECORDING_UNKNOWN, RECORDING_UNFINISHED, LIMIT_REACHED
   */
  share(recordingId: string, days?: number): Promise<RequestResult<'recording.share'>> {
    return this.#connection.request('recording.share', { roomId: this.#roomId, recordingId, days });
  }

  /** The valid links to a recording, oldest first. @throws {CanopyError} FORBIDDEN, RECORDING_UNKNOWN */
  async shares(recordingId: string): Promise<RecordingShare[]> {
    return (await this.#connection.request('recording.shares', { roomId: this.#roomId, recordingId })).shares;
  }

  /** Withdraws a link. @throws {CanopyError} FORBIDDEN, RECORDING_UNKNOWN */
  async unshare(recordingId: string, shareId: string): Promise<void> {
    await this.#connection.request('recording.unshare', { roomId: this.#roomId, recordingId, shareId });
  }

  /**
   * Has a video, or sound alone, made of a recording that has ended. Asking for the same again returns what there is, or tries again if it failed.
   *
   * @throws {CanopyError} FORBIDDEN, RECORDER_UNAVAILABLE, RECORDING_UNKNOWN, RECORDING_UNFINISHED, RECORDING_QUOTA, RECORDING_DISK_FULL,
   *   LIMIT_REACHED
   */
  compose(
    recordingId: string,
    choice: Partial<Pick<Composition, 'format' | 'layout'>> = {},
  ): Promise<Composition> {
    return this.#connection.request('recording.compose', { roomId: this.#roomId, recordingId, ...choice });
  }

  /** Deletes a composition, or cancels it if it is unfinished. Idempotent. @throws {CanopyError} FORBIDDEN, RECORDING_UNKNOWN */
  async deleteComposition(recordingId: string, compositionId: string): Promise<void> {
    await this.#connection.request('recording.deleteComposition', {
      ...{ roomId: this.#roomId, recordingId, compositionId },
    });
  }

  /** Calls `listener` with the progress of compositions, while this client is in the room; null: it was deleted. @returns ends that */
  onComposition(
    listener: (change: {
      recordingId: string;
      compositionId: string;
      composition: Composition | null;
    }) => void,
  ): () => void {
    return this.#connection.on('recording.composition', listener);
  }

  /** Deletes a recording that has ended. @throws {CanopyError} FORBIDDEN, RECORDING_UNFINISHED, RECORDING_UNKNOWN */
  async delete(recordingId: string): Promise<void> {
    await this.#connection.request('recording.delete', { roomId: this.#roomId, recordingId });
  }
}
