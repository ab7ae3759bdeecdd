import { EventEmitter, once } from 'node:events';
import type { Logger } from 'pino';
import { CanopyError } from '../../base/errors/index.ts';
import { MediaWorker, type MediaWorkerOptions } from './media-worker.ts';

/** A worker that dies within this time, in milliseconds, failed at once: its successor waits. */
const AT_ONCE_MS = 1000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 2000;
/** How long to wait for a live worker, in milliseconds. */
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

/** One worker and its successors, which use the same port. */
interface Slot {
  rtcPort: number;
  worker: MediaWorker | undefined;
  /** Consecutive failures at once. */
  failures: number;
  starting: Promise<void> | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Keeps a fixed number of workers running, replacing those that die. */
export class WorkerPool extends EventEmitter<WorkerPoolEvents> {
  readonly #options: WorkerPoolOptions;
  #listen: WorkerPoolOptions['listen'];
  readonly #log: Logger;
  readonly #slots: Slot[];
  readonly #abort = new AbortController();
  #closing: Promise<void> | undefined;

  /** Starts every worker. @throws {CanopyError} WORKER_MISSING, PORT_IN_USE - when one cannot start */
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
    this.#listen = options.listen;
    this.#log = options.log;
    this.#slots = Array.from({ length: options.workers }, (_, index) => ({
      rtcPort: options.rtcPort && options.rtcPort + index,
      worker: undefined,
      failures: 0,
      starting: undefined,
      timer: undefined,
    }));
  }

  get live(): MediaWorker[] {
    return this.#slots.flatMap(({ worker }) => (worker?.alive ? [worker] : []));
  }

  /** Announces these addresses from now on. */
  announce(listen: WorkerPoolOptions['listen']): void {
    this.#listen = listen;
    for (const worker of this.live) {
      worker.announce(listen);
    }
  }

  /** The least loaded live worker, if any. */
  leastLoaded(load: (worker: MediaWorker) => number): MediaWorker | undefined {
    const [least] = this.live
      .map((worker) => ({ worker, load: load(worker) }))
      .sort((one, other) => one.load - other.load);
    return least?.worker;
  }

  /** Waits up to 10 s until a worker is live. @throws {CanopyError} WORKER_UNAVAILABLE, SERVER_CLOSING */
  async ready(): Promise<void> {
    const signal = AbortSignal.any([AbortSignal.timeout(READY_TIMEOUT_MS), this.#abort.signal]);
    while (this.live.length === 0) {
      try {
        signal.throwIfAborted();
        await once(this, 'started', { signal });
      } catch (error) {
        const code = this.#abort.signal.aborted ? 'SERVER_CLOSING' : 'WORKER_UNAVAILABLE';
        throw new CanopyError(code, undefined, { cause: error });
      }
    }
  }

  /** Ends all workers. Idempotent; resolves when their processes are gone. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#abort.abort();
    for (const { timer } of this.#slots) {
      clearTimeout(timer);
    }
    // A worker that is still starting closes itself when it is ready.
    await Promise.allSettled(this.#slots.flatMap(({ worker, starting }) => [worker?.close(), starting]));
  }

  #start(slot: Slot): Promise<void> {
    slot.starting = this.#startWorker(slot);
    return slot.starting;
  }

  async #startWorker(slot: Slot): Promise<void> {
    const worker = await MediaWorker.create({
      ...this.#options,
      listen: this.#listen,
      rtcPort: slot.rtcPort,
    });
    if (this.#closing) {
      return worker.close();
    }
    slot.worker = worker;
    // Its successors use the same port.
    slot.rtcPort = worker.rtcPort;
    worker.once('died', (reason) => this.#onDied(slot, worker, reason));
    const { workerId, pid, rtcPort } = worker;
    this.#log.info({ workerId, pid, rtcPort }, 'media worker started');
    this.emit('started', worker);
  }

  #onDied(slot: Slot, worker: MediaWorker, reason: string): void {
    slot.worker = undefined;
    slot.failures = worker.ageMs < AT_ONCE_MS ? slot.failures + 1 : 0;
    this.emit('died', worker, reason);
    this.#respawn(slot);
  }

  #respawn(slot: Slot): void {
    if (this.#closing) {
      return;
    }
    const delayMs =
      slot.failures === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (slot.failures - 1), LONGEST_DELAY_MS);
    slot.timer = setTimeout(() => {
      this.#start(slot).catch((error: unknown) => {
        slot.failures += 1;
        this.#log.error({ err: error, rtcPort: slot.rtcPort }, 'media worker could not start; retrying');
        if (this.#options.rtcPort === 0) {
          slot.rtcPort = 0;
        }
        this.#respawn(slot);
      });
    }, delayMs);
  }
}
