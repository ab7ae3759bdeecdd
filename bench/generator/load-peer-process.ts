import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromPeerProcess, ProcessSample, ToPeerProcess } from './messages.ts';

const OWN_FILE = fileURLToPath(import.meta.url);
/** `.js` in the npm package. */
const PEER_PROCESS = path.join(path.dirname(OWN_FILE), `peer-process${path.extname(OWN_FILE)}`);

type Message<T extends FromPeerProcess['type']> = Extract<FromPeerProcess, { type: T }>;

/** A process with load peers, and its messages. */
export class LoadPeerProcess {
  readonly samples: ProcessSample[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Map<string, (message: FromPeerProcess) => void>();
  readonly #failed: Promise<never>;

  constructor() {
    this.#child = fork(PEER_PROCESS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message: FromPeerProcess) => this.#receive(message));
    this.#failed = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`a load peer process exited with ${code}`);
    });
    // Rejects pending waits; there may be none.
    this.#failed.catch(() => {});
  }

  send(message: ToPeerProcess): void {
    this.#child.send(message);
  }

  /** The next message of a type (for `joined`: from one peer). */
  next<T extends 'prepared' | 'joined' | 'parted' | 'counts' | 'report' | 'left'>(
    type: T,
    index?: number,
  ): Promise<Message<T>> {
    const answered = new Promise<Message<T>>((resolve) => {
      this.#waiting.set(`${type} ${index ?? ''}`, (message) => resolve(message as Message<T>));
    });
    return Promise.race([answered, this.#failed]);
  }

  kill(): void {
    this.#child.kill();
  }

  #receive(message: FromPeerProcess): void {
    if (message.type === 'sample') {
      this.samples.push(message.sample);
      return;
    }
    const key = `${message.type} ${'index' in message ? message.index : ''}`;
    this.#waiting.get(key)?.(message);
    this.#waiting.delete(key);
  }
}
