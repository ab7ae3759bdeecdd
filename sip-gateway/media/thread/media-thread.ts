import { EventEmitter, once } from 'node:events';
import { extname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { CodecCapabilities } from '../../codecs/index.ts';
import type { LegEvent } from '../leg-types.ts';
import type { MediaLogLine } from '../media-log.ts';
import type { FromThread, RequestName, Requests, ThreadOptions } from './messages.ts';

interface MediaThreadEvents {
  /** Something happened on a leg. */
  leg: [legId: string, event: LegEvent];
  /** It logs a line, of the level that it was started with or above. */
  log: [line: MediaLogLine];
  /** The thread is gone, by close() or by a fault; every leg and room in it with it. Told once. */
  close: [error: Error | null];
}

/** The thread ended before it answered. */
export class ThreadGone extends Error {}

interface Pending {
  resolve: (result: never) => void;
  reject: (error: Error) => void;
}

/**
 * A worker thread that owns phones' sockets, decodes, mixes, encodes and sends on a 20 ms grid of its own, undisturbed by what the
 * main thread does. Driven by requests that carry plain data. Whoever opens legs and rooms in it closes them; close() ends it with
 * all that it holds.
 */
export class MediaThread extends EventEmitter<MediaThreadEvents> {
  readonly capabilities: CodecCapabilities;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #closed = false;

  private constructor(worker: Worker, capabilities: CodecCapabilities) {
    super();
    this.#worker = worker;
    this.capabilities = capabilities;
    worker.on('message', (message: FromThread) => this.#onMessage(message));
    let failure: Error | undefined;
    worker.once('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    // By now its ports are free for a successor, which after an error alone they are not yet.
    worker.once('exit', () =>
      this.#gone(this.#closed ? null : (failure ?? new Error('the media thread exited'))),
    );
  }

  /** Starts the thread and loads its codecs. */
  static async start(options: ThreadOptions = {}): Promise<MediaThread> {
    // The thread spins while helper threads of the garbage collector sweep for it, which on a busy machine they are not let to do.
    // A heap reads this when it is made: the main thread's is not touched.
    setFlagsFromString('--single-threaded-gc');
    const worker = new Worker(new URL(`./worker${extname(import.meta.filename)}`, import.meta.url), {
      workerData: options,
      name: 'media',
    });
    const [message] = (await once(worker, 'message')) as [FromThread];
    if (message.type !== 'ready') {
      throw new Error('the media thread did not start');
    }
    return new MediaThread(worker, message.capabilities);
  }

  /** Asks for one thing. Rejects with a RangeError that names what is wrong (an unknown leg or room, a codec setting, no port left), or with ThreadGone. */
  request<K extends RequestName>(name: K, args: Requests[K]['args']): Promise<Requests[K]['result']> {
    if (this.#closed) {
      return Promise.reject(new ThreadGone('the media thread is closed'));
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      this.#worker.postMessage({ id, name, args });
    });
  }

  /** Ends the thread. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker.terminate();
  }

  #onMessage(message: FromThread): void {
    if (message.type === 'event') {
      this.emit('leg', message.legId, message.event);
    } else if (message.type === 'log') {
      this.emit('log', message.line);
    } else if (message.type === 'answer' || message.type === 'failure') {
      const pending = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      if (message.type === 'answer') {
        pending?.resolve(message.result as never);
      } else {
        pending?.reject(new RangeError(message.message));
      }
    }
  }

  #gone(error: Error | null): void {
    for (const { reject } of this.#pending.values()) {
      reject(new ThreadGone('the media thread is closed', { cause: error }));
    }
    this.#pending.clear();
    if (this.listenerCount('close') > 0) {
      this.emit('close', error);
    }
    this.removeAllListeners();
    this.#closed = true;
  }
}
