/** How far behind the newest counter a frame may be: more than ten seconds of a sender's microphone and three layers of a camera. */
const WINDOW = 2048;

/** Remembers which counters of a key have been seen, so that no frame is accepted twice. */
export class ReplayWindow {
  /** One bit for each of the last counters, at the counter modulo WINDOW. */
  readonly #seen = new Uint32Array(WINDOW / 32);
  #highest = -1n;

  /** Whether a frame with this counter may be accepted: it is neither known nor too old to be known. */
  isFresh(counter: bigint): boolean {
    if (counter > this.#highest) {
      return true;
    }
    const { word, bit } = place(counter);
    return this.#highest - counter < WINDOW && ((this.#seen[word] as number) & bit) === 0;
  }

  /** Remembers an authentic counter. Returns false if it is not fresh. */
  accept(counter: bigint): boolean {
    if (!this.isFresh(counter)) {
      return false;
    }
    if (counter - this.#highest >= WINDOW) {
      this.#seen.fill(0);
    } else {
      for (let skipped = this.#highest + 1n; skipped < counter; skipped += 1n) {
        const { word, bit } = place(skipped);
        this.#seen[word] = (this.#seen[word] as number) & ~bit;
      }
    }
    const { word, bit } = place(counter);
    this.#seen[word] = (this.#seen[word] as number) | bit;
    if (counter > this.#highest) {
      this.#highest = counter;
    }
    return true;
  }
}

function place(counter: bigint): { word: number; bit: number } {
  const index = Number(counter % BigInt(WINDOW));
  return { word: index >> 5, bit: 1 << (index & 31) };
}
