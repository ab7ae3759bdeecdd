/** Lets parts of the server take part in something that another part does, and be waited for. */
export class Hook<T> {
  readonly #listeners: Array<(value: T) => Promise<void> | void> = [];

  add(listener: (value: T) => Promise<void> | void): void {
    this.#listeners.push(listener);
  }

  /** Calls the listeners in the order in which they were added. Rejects with the first error. */
  async run(value: T): Promise<void> {
    for (const listener of this.#listeners) {
      await listener(value);
    }
  }
}
