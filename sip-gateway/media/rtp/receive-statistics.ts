/** What a reception report says about one stream (RFC 3550 §6.4.1). */
export interface ReceptionSummary {
  packets: number;
  /** Expected less received: negative when packets came twice. */
  lost: number;
  /** Share lost since the last call of report(), 0 to 1. */
  fractionLost: number;
  highestSequence: number;
  /** Interarrival jitter, in ms. */
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

  /** `sequence` and `timestamp` extended over their wraps; without a timestamp the packet is counted only. */
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

  /** A new stream begins: packet and loss counts start over; the jitter estimate is kept. */
  restart(): void {
    this.packets = 0;
    this.#lastTransit = undefined;
    this.#expectedBefore = 0;
    this.#packetsBefore = 0;
  }

  /** The stream continues with another clock rate. */
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

  /** For a reception report; each call begins a new interval. */
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
