/** The values of a reception report (RFC 3550 §6.4.1). */
export interface ReceptionSummary {
  packets: number;
  /** Expected minus received; negative if there were duplicates. */
  lost: number;
  /** Share lost since the last report(), 0 to 1. */
  fractionLost: number;
  /** Extended beyond 16 bits. */
  highestSequence: number;
  /** Interarrival jitter, in milliseconds. */
  jitterMs: number;
  jitterTicks: number;
}

/** Counts and jitter of one received stream, as RFC 3550 A.3 and A.8 define them. */
export class ReceiveStatistics {
  packets = 0;
  #clockRate: number;
  #base = 0;
  #highest = 0;
  #jitterTicks = 0;
  #lastTransit: number | undefined;
  #expectedBefore = 0;
  #packetsBefore = 0;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** Counts a packet. `sequence` and `timestamp` are extended beyond 16 and 32 bits. Without a timestamp it does not affect jitter. */
  received(sequence: number, timestamp: number | undefined, nowMs: number): void {
    if (this.packets === 0) {
      this.#base = sequence;
      this.#highest = sequence;
    }
    this.packets++;
    this.#highest = Math.max(this.#highest, sequence);
    if (timestamp === undefined) {
      return;
    }
    const transit = (nowMs * this.#clockRate) / 1000 - timestamp;
    if (this.#lastTransit !== undefined) {
      this.#jitterTicks += (Math.abs(transit - this.#lastTransit) - this.#jitterTicks) / 16;
    }
    this.#lastTransit = transit;
  }

  /** Prepares for a new stream: resets packet and loss counts, but keeps the jitter estimate. */
  restart(): void {
    this.packets = 0;
    this.#lastTransit = undefined;
    this.#expectedBefore = 0;
    this.#packetsBefore = 0;
  }

  /** Changes the clock rate of the stream, in Hz. */
  setClockRate(clockRate: number): void {
    this.#jitterTicks *= clockRate / this.#clockRate;
    this.#clockRate = clockRate;
    this.#lastTransit = undefined;
  }

  get jitterMs(): number {
    return (this.#jitterTicks * 1000) / this.#clockRate;
  }

  get expected(): number {
    return this.packets === 0 ? 0 : this.#highest - this.#base + 1;
  }

  /** The values for a reception report. Starts a new interval. */
  report(): ReceptionSummary {
    const expected = this.expected;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.packets - this.#packetsBefore);
    this.#expectedBefore = expected;
    this.#packetsBefore = this.packets;
    return {
      packets: this.packets,
      lost: expected - this.packets,
      fractionLost: expectedNow > 0 ? Math.max(0, lostNow / expectedNow) : 0,
      highestSequence: this.#highest,
      jitterMs: this.jitterMs,
      jitterTicks: Math.round(this.#jitterTicks),
    };
  }
}
