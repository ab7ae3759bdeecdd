type Listener<A extends unknown[]> = (...args: A) => void;

/** Typed events for browsers and Node alike. A listener that throws never stops the others: its error goes to the console. */
export class Emitter<Events extends Record<keyof Events, unknown[]>> {
  readonly #listeners: { [N in keyof Events]?: Set<Listener<Events[N]>> } = {};

  /** Adds a listener and returns the function that takes it away again. */
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
