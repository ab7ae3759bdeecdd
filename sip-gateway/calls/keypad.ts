/** Some phones send each key both ways. The same key by the other way within this time, in milliseconds, is a duplicate. */
const DUPLICATE_MS = 700;

/** Merges keys sent by RTP (RFC 4733) and by SIP INFO into one sequence without duplicates. */
export class Keypad {
  readonly #onKey: (key: string) => void;
  #last: { key: string; way: 'rtp' | 'info'; atMs: number } | undefined;

  constructor(onKey: (key: string) => void) {
    this.#onKey = onKey;
  }

  press(key: string, way: 'rtp' | 'info', nowMs: number): void {
    const last = this.#last;
    if (last && last.key === key && last.way !== way && nowMs - last.atMs < DUPLICATE_MS) {
      // A press has at most one duplicate.
      this.#last = undefined;
      return;
    }
    this.#last = { key, way, atMs: nowMs };
    this.#onKey(key);
  }
}
