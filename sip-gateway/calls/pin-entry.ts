/** Maximum length of a PIN, in digits. */
const MAX_DIGITS = 12;

export type PinVerdict<T> = { type: 'more' } | { type: 'right'; value: T } | { type: 'wrong' };

/**
 * Collects the digits of a PIN. A PIN is complete after `#`, after a pause (complete()), or as soon as no longer PIN starts with it. `*`
 * clears the digits.
 */
export class PinEntry<T> {
  readonly #pins: ReadonlyMap<string, T>;
  #digits = '';

  /** @param pins the value of each PIN */
  constructor(pins: ReadonlyMap<string, T>) {
    this.#pins = pins;
  }

  /** Whether any digits have been entered. */
  get begun(): boolean {
    return this.#digits !== '';
  }

  press(key: string): PinVerdict<T> {
    if (key === '*') {
      this.#digits = '';
    } else if (key === '#') {
      return this.begun ? this.complete() : { type: 'more' };
    } else if (/^[0-9]$/.test(key)) {
      this.#digits += key;
      const known = this.#pins.has(this.#digits);
      const longer = [...this.#pins.keys()].some(
        (pin) => pin.length > this.#digits.length && pin.startsWith(this.#digits),
      );
      if ((known && !longer) || this.#digits.length === MAX_DIGITS) {
        return this.complete();
      }
    }
    return { type: 'more' };
  }

  /** Checks the digits entered so far, and clears them. */
  complete(): PinVerdict<T> {
    const value = this.#pins.get(this.#digits);
    this.#digits = '';
    return value === undefined ? { type: 'wrong' } : { type: 'right', value };
  }
}
