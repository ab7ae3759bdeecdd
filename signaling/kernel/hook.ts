/** An awaitable event: unlike an EventEmitter's, its listeners are asynchronous and run one after the other. */
export class Hook<T> {
  readonly #listeners: Array<(value: T) => Promise<void> | void> = [];

  add(listener: (value: T) => Promise<void> | void): void {
    this.#listeners.push(listener);
  }

  /** Calls the listeners in the order they were added. Rejects with the first error. */
  async run(value: T): Promise<void> {
    for (const listener of this.#listeners) {
      await listener(value);
    }
  }
}
