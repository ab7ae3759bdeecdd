/** A map of limited size: when full, it drops the entry that was put longest ago. For state that strangers can cause. */
export class RecentMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Adds or replaces an entry. Returns the dropped entry, if any. */
  put(key: K, value: V): V | undefined {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#max) {
      return undefined;
    }
    const [[oldest, forgotten]] = this.#entries as Iterable<[K, V]> as [[K, V]];
    this.#entries.delete(oldest);
    return forgotten;
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }
}
