import { signal } from '@preact/signals';
import { CanopyError } from '../../../sdk/index.ts';
import { whileVisible } from './while-visible.ts';

/** Something of the server that is loaded, and again now and then while it is shown. */
export class Watched<T> {
  /** Undefined until it is loaded for the first time. */
  readonly value = signal<T | undefined>(undefined);
  /** Why it could not be loaded the last time. */
  readonly problem = signal<CanopyError | undefined>(undefined);
  readonly #ask: () => Promise<T>;
  #turn = 0;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  /** Loads it, and again at this interval while the page is visible. Returns a function that stops it. */
  start(intervalMs: number): () => void {
    const stop = whileVisible(() => void this.load(), intervalMs);
    return () => {
      this.#turn += 1;
      stop();
    };
  }

  /** Never rejects. */
  async load(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const value = await this.#ask();
      // A slow answer must not replace a later one.
      if (turn === this.#turn) {
        this.value.value = value;
        this.problem.value = undefined;
      }
    } catch (error) {
      if (turn === this.#turn) {
        this.problem.value = CanopyError.from(error);
      }
    }
  }
}
