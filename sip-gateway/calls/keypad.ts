/** The same key by the other way within this time, in milliseconds, is the same press: some phones send both. */
const TWIN_MS = 700;

/** Makes one row of presses of keys that come by RFC 4733, by SIP INFO, or by both at once. */
export class Keypad {
  readonly #onKey: (key: string) => void;
  #last: { key: string; way: 'rtp' | 'info'; atMs: number } | undefined;

  constructor(onKey: (key: string) => void) {
    this.#onKey = onKey;
  }

  press(key: string, way: 'rtp' | 'info', nowMs: number): void {
    const last = this.#last;
    if (last && last.key === key && last.way !== way && nowMs - last.atMs < TWIN_MS) {
      // Each press has one twin at most.
      this.#last = undefined;
      return;
    }
    this.#last = { key, way, atMs: nowMs };
    this.#onKey(key);
  }
}
