import type { RecordingEvent, RequestResult } from '../../contract/index.ts';
import type { Connection } from './connection.ts';

/** A recording of a room. */
export type KeptRecording = RequestResult<'recording.list'>['recordings'][number];
/** Where the files of a recording are. */
export type OpenedRecording = RequestResult<'recording.open'>;
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
      eventsUrl: absolute(opened.eventsUrl),
      zipUrl: absolute(opened.zipUrl),
    };
  }

  /** What happened during a recording, in order. Rejects if the server cannot be reached. */
  async events({ eventsUrl }: Pick<OpenedRecording, 'eventsUrl'>): Promise<RecordingEvent[]> {
    const response = await fetch(eventsUrl);
    const lines = response.ok ? (await response.text()).split('\n') : [];
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as RecordingEvent];
      } catch {
        // The end of the file, or a line that a crash cut short.
        return [];
      }
    });
  }

  /** Deletes a recording that has ended. @throws {CanopyError} FORBIDDEN, RECORDING_UNFINISHED, RECORDING_UNKNOWN */
  async delete(recordingId: string): Promise<void> {
    await this.#connection.request('recording.delete', { roomId: this.#roomId, recordingId });
  }
}
