/** White noise at the level that a comfort noise packet states (RFC 3389 §3.1; its spectrum is left out, as §4 allows). */
export class ComfortNoise {
  #peak = 0;
  #state = 0x2545f491;
  on = false;

  start(levelDbov: number): void {
    this.on = true;
    // Uniform noise has an RMS of its peak / √3.
    this.#peak = 32_768 * 10 ** (-levelDbov / 20) * Math.sqrt(3);
  }

  stop(): void {
    this.on = false;
  }

  make(count: number): Int16Array {
    const samples = new Int16Array(count);
    for (let i = 0; i < count; i++) {
      this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) | 0;
      samples[i] = Math.max(-32_768, Math.min(32_767, (this.#state / 2 ** 31) * this.#peak));
    }
    return samples;
  }
}
