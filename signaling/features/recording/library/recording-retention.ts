import type { Kernel } from '../../../kernel/index.ts';
import type { RecordingRecords } from '../recording-records.ts';
import type { Library } from './library.ts';

/** How often old recordings are deleted, in milliseconds. */
const RUN_MS = 3_600_000;
const DAY_MS = 86_400_000;

type RetentionHost = Pick<Kernel, 'log' | 'audit'> & { rooms: Pick<Kernel['rooms'], 'record'> };

/** Deletes recordings that are older than their room's settings permit: when the server starts, and every hour. */
export class RecordingRetention {
  readonly #kernel: RetentionHost;
  readonly #records: RecordingRecords;
  readonly #library: Library;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(kernel: RetentionHost, records: RecordingRecords, library: Library) {
    this.#kernel = kernel;
    this.#records = records;
    this.#library = library;
    this.#timer = setInterval(() => this.begin(), RUN_MS);
    this.#timer.unref();
  }

  /** Deletes them in the background. */
  begin(): void {
    this.#running = this.#running
      .then(() => this.run())
      .catch((error: unknown) =>
        this.#kernel.log.warn({ err: error }, 'cannot delete old recordings; trying again'),
      );
  }

  /** @param nowMs Unix time in milliseconds */
  async run(nowMs = Date.now()): Promise<void> {
    // One day is the shortest retention.
    for (const roomId of await this.#records.roomsBefore(nowMs - DAY_MS)) {
      const { recordingDays } = await this.#kernel.rooms.record(roomId);
      if (recordingDays === undefined) {
        continue;
      }
      for (const row of await this.#records.before(roomId, nowMs - recordingDays * DAY_MS)) {
        if (this.#closed) {
          return;
        }
        await this.#library.delete(row);
        this.#kernel.audit.record({
          actor: { kind: 'system', name: 'old recordings' },
          action: 'recording.delete',
          roomId,
          details: { recordingId: row.recording_id },
        });
      }
    }
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#running;
  }
}
