import { EventEmitter, once } from 'node:events';
import { extname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { CodecCapabilities } from '../../codecs/index.ts';
import type { LegEvent } from '../leg-types.ts';
import type { MediaLogLine } from '../media-log.ts';
import type { FromThread, RequestName, Requests, ThreadOptions } from './messages.ts';

interface MediaThreadEvents {
  /** An event of a leg. */
  leg: [legId: string, event: LegEvent];
  /** A log line of at least the thread's level. */
  log: [line: MediaLogLine];
  /** The thread ended with all its legs and rooms, by close() (null) or because of an error. Emitted once. */
  close: [error: Error | null];
}

/** The thread ended before it answered a request. */
export class ThreadGone extends Error {}

interface Pending {
  resolve: (result: never) => void;
  reject: (error: Error) => void;
}

/**
 * A worker thread that owns the phones' sockets, and decodes, mixes, encodes and sends every 20 ms, undisturbed by the main thread.
 * Controlled by requests with plain data. The caller closes the legs and rooms that it opened; close() ends the thread and all of them.
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
    // Wait for 'exit': after 'error' the thread's ports are not yet free for its successor.
    worker.once('exit', () =>
      this.#gone(this.#closed ? null : (failure ?? new Error('the media thread exited'))),
    );
  }

  /** Starts the thread and loads its codecs. */
  static async start(options: ThreadOptions = {}): Promise<MediaThread> {
    // On a busy machine, the thread would spin while it waits for helper threads of the garbage collector. A heap reads this flag when it
    // is created, so the main thread is not affected.
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

  /**
   * Sends a request.
   * @throws {RangeError} an unknown leg or room, an invalid codec setting, or no port left
   * @throws {ThreadGone} the thread ended first
   */
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
