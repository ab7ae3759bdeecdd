type Listener<A extends unknown[]> = (...args: A) => void;

/** An emitter of these events. */
interface Source<Events extends Record<keyof Events, unknown[]>> {
  on<N extends keyof Events>(event: N, listener: Listener<Events[N]>): unknown;
}

/** Typed events for browsers and Node. If a listener throws, the error is logged to the console and the others still run. */
export class Emitter<Events extends Record<keyof Events, unknown[]>> {
  readonly #listeners: { [N in keyof Events]?: Set<Listener<Events[N]>> } = {};

  /** Adds a listener. Returns a function that removes it. */
  on<N extends keyof Events>(event: N, listener: Listener<Events[N]>): () => void {
    this.#listeners[event] ??= new Set();
    this.#listeners[event].add(listener);
    return () => this.off(event, listener);
  }

  /** Adds a listener for the next event only. */
  once<N extends keyof Events>(event: N, listener: Listener<Events[N]>): () => void {
    const off = this.on(event, (...args) => {
      off();
      listener(...args);
    });
    return off;
  }

  off<N extends keyof Events>(event: N, listener: Listener<Events[N]>): void {
    this.#listeners[event]?.delete(listener);
  }

  /** Re-emits these events of another emitter. */
  protected relay<N extends keyof Events>(from: Source<Pick<Events, N>>, names: readonly N[]): void {
    for (const name of names) {
      from.on(name, (...args) => this.emit(name, ...args));
    }
  }

  protected emit<N extends keyof Events>(event: N, ...args: Events[N]): void {
    for (const listener of [...(this.#listeners[event] ?? [])]) {
      try {
        listener(...args);
      } catch (error) {
        console.error('canopy: a listener failed', error);
      }
    }
  }
}
