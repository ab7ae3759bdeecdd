/** Over how long CPU use is judged, in milliseconds: key frames for a joiner must not count as a load that stays. */
const WINDOW_MS = 5000;

interface Reading {
  atMs: number;
  used: number;
}

/** How fast a counter grew over the last 5 s. */
export class CpuWindow {
  readonly #readings: Reading[] = [];

  add(used: number, atMs: number): void {
    this.#readings.push({ used, atMs });
    // One older than the window stays, so that the whole window is covered.
    while ((this.#readings[1]?.atMs ?? atMs) <= atMs - WINDOW_MS) {
      this.#readings.shift();
    }
  }

  /** Growth a millisecond; null until the window is half covered. */
  get rate(): number | null {
    const [first] = this.#readings;
    const last = this.#readings.at(-1);
    if (!first || !last || last.atMs - first.atMs < WINDOW_MS / 2) {
      return null;
    }
    return (last.used - first.used) / (last.atMs - first.atMs);
  }
}
