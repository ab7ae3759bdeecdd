/** A PIN has no more digits. */
const MAX_DIGITS = 12;

export type PinVerdict<T> = { type: 'more' } | { type: 'right'; value: T } | { type: 'wrong' };

/**
 * Collects the digits of a PIN. It is complete at `#`, at a pause (complete()), and as soon as it can be no other. `*` begins anew.
 */
export class PinEntry<T> {
  readonly #pins: ReadonlyMap<string, T>;
  #digits = '';

  /** @param pins what each PIN leads to */
  constructor(pins: ReadonlyMap<string, T>) {
    this.#pins = pins;
  }

  /** Whether some digits have been keyed in. */
  get begun(): boolean {
    return this.#digits !== '';
  }

  press(key: string): PinVerdict<T> {
    if (key === '*') this.#digits = '';
    else if (key === '#') return this.begun ? this.complete() : { type: 'more' };
    else if (/^[0-9]$/.test(key)) {
      this.#digits += key;
      const known = this.#pins.has(this.#digits);
      const longer = [...this.#pins.keys()].some(
        (pin) => pin.length > this.#digits.length && pin.startsWith(this.#digits),
      );
      if ((known && !longer) || this.#digits.length === MAX_DIGITS) return this.complete();
    }
    return { type: 'more' };
  }

  /** Judges what has been keyed in, and begins anew. */
  complete(): PinVerdict<T> {
    const value = this.#pins.get(this.#digits);
    this.#digits = '';
    return value === undefined ? { type: 'wrong' } : { type: 'right', value };
  }
}
