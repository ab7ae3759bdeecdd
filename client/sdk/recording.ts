import type { EventData, Participant, RequestInput, SnapshotPart } from '../../contract/index.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { RoomSession } from './room-session.ts';

/** A recording in progress. */
export type RunningRecording = NonNullable<EventData<'recording.changed'>['recording']>;
/** Why a recording has ended. */
export type RecordingEnd = NonNullable<EventData<'recording.changed'>['reason']>;
export type RecordingOptions = RequestInput<'recording.start'>;

export interface RecordingEvents {
  /**
   * The room is being recorded, no longer, or differently. `by`: undefined if it was the server, or somebody who has left; `reason`: why it has
   * ended.
   */
  changed: [running: RunningRecording | null, by: Participant | undefined, reason: RecordingEnd | undefined];
}

/** What the recording needs from its room. */
export interface RecordingHost {
  readonly connection: Connection;
  readonly participants: ReadonlyMap<string, Participant>;
  onServerEvent: RoomSession['onServerEvent'];
}

/** Whether the room is being recorded, and what those who may record can do. */
export class Recording extends Emitter<RecordingEvents> {
  readonly #host: RecordingHost;
  #running: RunningRecording | null = null;
  #isAvailable = false;

  constructor(host: RecordingHost) {
    super();
    this.#host = host;
    host.onServerEvent('recording.changed', ({ recording, by, reason }) => {
      this.#running = recording;
      this.emit('changed', recording, host.participants.get(by ?? ''), reason);
    });
  }

  /** The recording in progress; null: the room is not being recorded. */
  get running(): RunningRecording | null {
    return this.#running;
  }

  /** Whether the server can record. Who may is the right `recording.control`. */
  get isAvailable(): boolean {
    return this.#isAvailable;
  }

  /** Starts recording. Everyone in the room is notified. @throws {CanopyError} FORBIDDEN, RECORDING_RUNNING, RECORDER_UNAVAILABLE, RECORDING_QUOTA, RECORDING_DISK_FULL */
  async start(options: RecordingOptions = {}): Promise<string> {
    return (await this.#host.connection.request('recording.start', options)).recordingId;
  }

  /** Leaves out what happens until resume(). @throws {CanopyError} FORBIDDEN, RECORDING_UNKNOWN */
  async pause(): Promise<void> {
    await this.#host.connection.request('recording.pause', {});
  }

  /** @throws {CanopyError} FORBIDDEN, RECORDING_UNKNOWN */
  async resume(): Promise<void> {
    await this.#host.connection.request('recording.resume', {});
  }

  /** Ends the recording; resolves when its files are complete. @throws {CanopyError} FORBIDDEN */
  async stop(): Promise<void> {
    await this.#host.connection.request('recording.stop', {});
  }

  /** @internal Applies a snapshot. */
  reset({ running, isAvailable }: SnapshotPart<'recording'>): void {
    this.#isAvailable = isAvailable;
    if (JSON.stringify(running) !== JSON.stringify(this.#running)) {
      this.#running = running;
      this.emit('changed', running, undefined, undefined);
    }
  }
}
