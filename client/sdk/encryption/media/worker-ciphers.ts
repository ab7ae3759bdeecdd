import { CanopyError } from '../../../../contract/light.ts';
import type { EpochKeys } from '../../../../contract/sframe/index.ts';
import type { CipherOptions, FromWorker, ToWorker } from './cipher-messages.ts';
import type { CipherEvents, Ciphers } from './ciphers.ts';
import type { FrameCounts } from './frame-cipher.ts';

/** Browsers: one worker that transforms all frames of a room. */
export class WorkerCiphers implements Ciphers {
  readonly #worker: Worker;
  /** Those who wait for counts. */
  #waiting: Array<(counts: ReadonlyMap<number, FrameCounts>) => void> = [];
  #closed = false;

  /** @param worker a worker that start() has made */
  constructor(worker: Worker, events: CipherEvents) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === 'counts') {
        this.#answer(data.counts);
      } else if (data.type !== 'ready') {
        events[data.type](data.trackId);
      }
    };
  }

  /** Starts a worker. @throws {CanopyError} UNSUPPORTED_PLATFORM - the browser does not load it */
  static async start(): Promise<Worker> {
    const worker = new Worker(new URL('./transform-worker.ts', import.meta.url), { type: 'module' });
    const { promise, resolve, reject } = Promise.withResolvers<Worker>();
    // Its first message says that it is ready.
    worker.onmessage = () => resolve(worker);
    worker.onerror = ({ message }) =>
      reject(new CanopyError('UNSUPPORTED_PLATFORM', `the encryption worker: ${message}`));
    return promise;
  }

  setEpoch(keys: EpochKeys): void {
    this.#post({ type: 'epoch', keys });
  }

  attach(end: RTCRtpSender | RTCRtpReceiver, options: CipherOptions): void {
    end.transform = new RTCRtpScriptTransform(this.#worker, options);
  }

  counts(): Promise<ReadonlyMap<number, FrameCounts>> {
    if (this.#closed) {
      return Promise.resolve(new Map());
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#post({ type: 'counts' });
    });
  }

  /** Ends the worker: frames of transforms that are still attached go nowhere. */
  close(): void {
    this.#closed = true;
    this.#worker.terminate();
    this.#answer(new Map());
  }

  #answer(counts: ReadonlyMap<number, FrameCounts>): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) {
      resolve(counts);
    }
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}
