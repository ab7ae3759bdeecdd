/** Allows `perSecond` events (or bytes) per second with bursts of `burst`. The caller passes the time, in milliseconds. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #updatedMs: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#updatedMs = nowMs;
  }

  take(nowMs: number, amount = 1): boolean {
    const elapsedMs = Math.max(0, nowMs - this.#updatedMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs / 1000) * this.#perSecond);
    this.#updatedMs = nowMs;
    if (this.#tokens < amount) {
      return false;
    }
    this.#tokens -= amount;
    return true;
  }
}
