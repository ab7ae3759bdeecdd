/** Averaging window, in milliseconds: long enough that the key frames for a new participant do not count as lasting load. */
const WINDOW_MS = 5000;

interface Reading {
  atMs: number;
  used: number;
}

/** Growth rate of a counter over the last 5 s. */
export class CpuWindow {
  readonly #readings: Reading[] = [];

  add(used: number, atMs: number): void {
    this.#readings.push({ used, atMs });
    // Keeps one reading older than the window, so that the whole window is covered.
    while ((this.#readings[1]?.atMs ?? atMs) <= atMs - WINDOW_MS) {
      this.#readings.shift();
    }
  }

  /** Growth per millisecond; null until half the window is covered. */
  get rate(): number | null {
    const [first] = this.#readings;
    const last = this.#readings.at(-1);
    if (!first || !last || last.atMs - first.atMs < WINDOW_MS / 2) {
      return null;
    }
    return (last.used - first.used) / (last.atMs - first.atMs);
  }
}
