import { EventEmitter, once } from 'node:events';
import type { Logger } from 'pino';
import { CanopyError } from '../base/errors/index.ts';
import { MediaWorker, type MediaWorkerOptions } from './media-worker.ts';

/** A worker that lived shorter than this, in milliseconds, died at once: its successor waits. */
const AT_ONCE_MS = 1000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** How long a room waits for a worker when there is none, in milliseconds. */
const READY_TIMEOUT_MS = 10_000;

export interface WorkerPoolOptions extends Omit<MediaWorkerOptions, 'rtcPort'> {
  workers: number;
  /** Port of the first worker; 0: free ports. */
  rtcPort: number;
}

interface WorkerPoolEvents {
  started: [worker: MediaWorker];
  died: [worker: MediaWorker, reason: string];
}

/** The place of one worker: its successors take the same port. */
interface Slot {
  rtcPort: number;
  worker: MediaWorker | undefined;
  /** Deaths at once, in a row. */
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

/** Keeps a number of workers running, and respawns those that die. */
export class WorkerPool extends EventEmitter<WorkerPoolEvents> {
  readonly #options: WorkerPoolOptions;
  readonly #log: Logger;
  readonly #slots: Slot[];
  #closing: Promise<void> | undefined;

  /** Starts every worker. @throws CanopyError WORKER_MISSING or PORT_IN_USE when one cannot start. */
  static async create(options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    const starts = await Promise.allSettled(pool.#slots.map((slot) => pool.#start(slot)));
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed) {
      await pool.close();
      throw failed.reason;
    }
    return pool;
  }

  private constructor(options: WorkerPoolOptions) {
    super();
    this.setMaxListeners(0);
    this.#options = options;
    this.#log = options.log;
    this.#slots = Array.from({ length: options.workers }, (_, index) => ({
      rtcPort: options.rtcPort && options.rtcPort + index,
      worker: undefined,
      failures: 0,
      timer: undefined,
    }));
  }

  get live(): MediaWorker[] {
    return this.#slots.flatMap(({ worker }) => (worker?.alive ? [worker] : []));
  }

  /** The live worker with the least load, if any is live. */
  leastLoaded(load: (worker: MediaWorker) => number): MediaWorker | undefined {
    const [least] = this.live
      .map((worker) => ({ worker, load: load(worker) }))
      .sort((one, other) => one.load - other.load);
    return least?.worker;
  }

  /** Waits up to 10 s until a worker is live. @throws CanopyError WORKER_UNAVAILABLE, SERVER_CLOSING. */
  async ready(): Promise<void> {
    const deadline = AbortSignal.timeout(READY_TIMEOUT_MS);
    while (this.live.length === 0) {
      if (this.#closing) throw new CanopyError('SERVER_CLOSING');
      await once(this, 'started', { signal: deadline }).catch((error: unknown) => {
        throw new CanopyError('WORKER_UNAVAILABLE', undefined, { cause: error });
      });
    }
  }

  /** Ends all workers. Idempotent; resolves when their processes are gone. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const { timer } of this.#slots) clearTimeout(timer);
    await Promise.all(this.#slots.map(({ worker }) => worker?.close()));
  }

  async #start(slot: Slot): Promise<void> {
    const worker = await MediaWorker.create({ ...this.#options, rtcPort: slot.rtcPort });
    if (this.#closing) return worker.close();
    slot.worker = worker;
    // Clients of the lost worker come back to the same port, for firewalls.
    slot.rtcPort = worker.rtcPort;
    worker.once('died', (reason) => this.#onDied(slot, worker, reason));
    this.#log.info(
      { workerId: worker.workerId, pid: worker.pid, rtcPort: worker.rtcPort },
      'media worker started',
    );
    this.emit('started', worker);
  }

  #onDied(slot: Slot, worker: MediaWorker, reason: string): void {
    slot.worker = undefined;
    slot.failures = worker.ageMilliseconds < AT_ONCE_MS ? slot.failures + 1 : 0;
    this.emit('died', worker, reason);
    this.#respawn(slot);
  }

  #respawn(slot: Slot): void {
    if (this.#closing) return;
    const delayMs =
      slot.failures === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (slot.failures - 1), LONGEST_DELAY_MS);
    slot.timer = setTimeout(() => {
      this.#start(slot).catch((error: unknown) => {
        slot.failures += 1;
        this.#log.error({ err: error, rtcPort: slot.rtcPort }, 'a media worker cannot start; trying again');
        this.#respawn(slot);
      });
    }, delayMs);
  }
}
