import type { RecordingEvent, RequestResult } from '../../contract/index.ts';
import type { Connection } from './connection.ts';

/** A recording of a room. */
export type KeptRecording = RequestResult<'recording.list'>['recordings'][number];
/** Where the files of a recording are. */
export type OpenedRecording = RequestResult<'recording.open'>;
/** A message that was written in the chat during a recording. */
export type RecordedMessage = RequestResult<'recording.chat'>['messages'][number];
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

  /** What was written in the chat meanwhile, as far as this account may read it, oldest first. @throws {CanopyError} FORBIDDEN, RECORDING_UNKNOWN */
  async chat(recordingId: string): Promise<RecordedMessage[]> {
    const all: RecordedMessage[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const page: RequestResult<'recording.chat'> = await this.#connection.request('recording.chat', {
        ...{ roomId: this.#roomId, recordingId, after },
      });
      all.push(...page.messages);
      after = page.next;
    }
    return all;
  }

  /** Deletes a recording that has ended. @throws {CanopyError} FORBIDDEN, RECORDING_UNFINISHED, RECORDING_UNKNOWN */
  async delete(recordingId: string): Promise<void> {
    await this.#connection.request('recording.delete', { roomId: this.#roomId, recordingId });
  }
}
