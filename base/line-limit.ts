import type { Logger } from './log.ts';

/** Strangers must not be able to fill the log. */
const LINES_PER_MINUTE = 30;
const MINUTE_MS = 60_000;

/** Limits log lines that strangers can trigger: each kind once per minute, and at most 30 lines per minute in total. */
export class LineLimit {
  readonly #log: Logger;
  #minuteMs = Number.NEGATIVE_INFINITY;
  #kinds = new Set<string>();
  #suppressed = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Whether a line of this kind may be logged now. */
  may(kind: string): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#minuteMs > MINUTE_MS) {
      if (this.#suppressed > 0) {
        this.#log.info({ lines: this.#suppressed }, 'further refusals were logged at level debug only');
      }
      this.#minuteMs = nowMs;
      this.#kinds = new Set();
      this.#suppressed = 0;
    }
    if (this.#kinds.has(kind) || this.#kinds.size >= LINES_PER_MINUTE) {
      this.#suppressed++;
      return false;
    }
    this.#kinds.add(kind);
    return true;
  }
}
