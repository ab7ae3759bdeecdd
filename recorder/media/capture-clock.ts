import type { SenderReport } from './sender-report.ts';

/** How fast a correction is applied, in milliseconds per second: small enough to be neither heard nor seen. */
const SLEW_MS_PER_SECOND = 20;
/** A correction that is applied at once, in milliseconds: the clock was set, or the stream is another one. */
const JUMP_MS = 500;

/**
 * Tells when the media of an RTP timestamp was captured, from the sender reports (RFC 3550 §6.4.1). All streams of a room are reported by the
 * same worker, on the same clock, so sound and picture agree. Before the first report, the time of arrival serves.
 */
export class CaptureClock {
  readonly #clockRate: number;
  #reference: { timestamp: number; captureMs: number } | undefined;
  #isReported = false;

  /** @param clockRate of the RTP timestamps, in hertz */
  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** Whether a report has arrived. */
  get isReported(): boolean {
    return this.#isReported;
  }

  report({ ntpMs, timestamp }: SenderReport): void {
    const before = this.#reference;
    if (before === undefined || !this.#isReported) {
      this.#reference = { timestamp, captureMs: ntpMs };
      this.#isReported = true;
      return;
    }
    const elapsedMs = this.#distanceMs(timestamp, before.timestamp);
    const predictedMs = before.captureMs + elapsedMs;
    const error = ntpMs - predictedMs;
    if (Math.abs(error) > JUMP_MS) {
      this.#reference = { timestamp, captureMs: ntpMs };
      return;
    }
    const most = (Math.abs(elapsedMs) / 1000) * SLEW_MS_PER_SECOND;
    const correction = Math.max(-most, Math.min(most, error));
    this.#reference = { timestamp, captureMs: predictedMs + correction };
  }

  /** Unix time at which the media was captured, in milliseconds. @param arrivedMs Unix time of its arrival, for want of a report */
  captureMs(timestamp: number, arrivedMs: number): number {
    this.#reference ??= { timestamp, captureMs: arrivedMs };
    return this.#reference.captureMs + this.#distanceMs(timestamp, this.#reference.timestamp);
  }

  #distanceMs(timestamp: number, from: number): number {
    return (((timestamp - from) | 0) * 1000) / this.#clockRate;
  }
}
