import type { SenderReport } from './sender-report.ts';

/** How fast a correction is applied, in milliseconds per second: small enough to be neither heard nor seen. */
const SLEW_MS_PER_SECOND = 20;
/** A correction that is applied at once, in milliseconds: the clock was set, or the stream is another one. */
const JUMP_MS = 500;
/** How many reports are compared, and how many in a row must be late for a jump. */
const COMPARED_REPORTS = 8;
const JUMP_REPORTS = 3;

/**
 * Tells when the media of an RTP timestamp was captured, from the sender reports (RFC 3550 §6.4.1). All streams of a room are reported by the
 * same worker, on the same clock, so sound and picture agree. The worker measures when packets reach it, so a report may be late, if its packet
 * was delayed on the way, but never early: of the last reports, the earliest counts. Before the first report, the time of arrival serves.
 */
export class CaptureClock {
  readonly #clockRate: number;
  #reference: { timestamp: number; captureMs: number } | undefined;
  #isReported = false;
  /** How much later than this clock the last reports were, in milliseconds. */
  #lateness: number[] = [];

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
      this.#lateness = [0];
      return;
    }
    const elapsedMs = this.#distanceMs(timestamp, before.timestamp);
    const predictedMs = before.captureMs + elapsedMs;
    this.#lateness.push(ntpMs - predictedMs);
    if (this.#lateness.length > COMPARED_REPORTS) {
      this.#lateness.shift();
    }
    const correction = this.#correction(Math.abs(elapsedMs));
    this.#lateness = this.#lateness.map((late) => late - correction);
    this.#reference = { timestamp, captureMs: predictedMs + correction };
  }

  #correction(elapsedMs: number): number {
    const least = Math.min(...this.#lateness);
    if (least < -JUMP_MS) {
      this.#lateness = [least];
      return least;
    }
    const last = this.#lateness.slice(-JUMP_REPORTS);
    const jump = Math.min(...last);
    if (last.length === JUMP_REPORTS && jump > JUMP_MS) {
      this.#lateness = last;
      return jump;
    }
    const most = (elapsedMs / 1000) * SLEW_MS_PER_SECOND;
    return Math.max(-most, Math.min(most, least));
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
