/** Ticks per second of abs-send-time: 6.18 fixed point, modulo 64 s. */
const TICKS_PER_SECOND = 0x4_0000;
const MODULUS = 0x100_0000;

/** The sender's clock, reconstructed from the abs-send-time of its packets. */
export class SendClock {
  #lastTicks: number | undefined;
  #atMs = 0;

  /** When a packet was sent, in milliseconds on a clock that reads `nowMs` at the first one. `value`: the extension's three bytes. */
  read(value: Buffer, nowMs: number): number {
    const ticks = value.readUIntBE(0, 3);
    if (this.#lastTicks === undefined) {
      this.#atMs = nowMs;
    } else {
      const forward = (ticks - this.#lastTicks + MODULUS) % MODULUS;
      // Packets may be reordered, so take the shorter way around.
      const moved = forward < MODULUS / 2 ? forward : forward - MODULUS;
      this.#atMs += (moved * 1000) / TICKS_PER_SECOND;
    }
    this.#lastTicks = ticks;
    return this.#atMs;
  }
}
