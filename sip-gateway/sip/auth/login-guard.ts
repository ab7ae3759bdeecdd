import type { Clock } from '../transaction/index.ts';

export interface LoginGuardOptions {
  /** Failures that lock a source or user out. Default 10. */
  maxFailures?: number;
  /** Time after which a failure is forgotten, and how long a lock-out lasts, in seconds. Default 300. */
  windowSeconds?: number;
}

/** Most keys remembered; beyond it the oldest is forgotten. */
const MAX_KEYS = 20_000;

/** Locks out who guesses passwords (threat 18): by source address, and by user from that source. */
export class LoginGuard {
  readonly #clock: Clock;
  readonly #maxFailures: number;
  readonly #windowMilliseconds: number;
  readonly #failures = new Map<string, { count: number; since: number }>();

  constructor(clock: Clock, { maxFailures = 10, windowSeconds = 300 }: LoginGuardOptions = {}) {
    this.#clock = clock;
    this.#maxFailures = maxFailures;
    this.#windowMilliseconds = windowSeconds * 1000;
  }

  locked(key: string): boolean {
    const entry = this.#failures.get(key);
    if (!entry) return false;
    if (this.#clock.now() - entry.since <= this.#windowMilliseconds) return entry.count >= this.#maxFailures;
    this.#failures.delete(key);
    return false;
  }

  failed(key: string): void {
    const locked = this.locked(key);
    const entry = this.#failures.get(key);
    if (entry) {
      entry.count++;
      // While locked the window runs on from the last failure only: further guesses prolong it.
      if (locked) entry.since = this.#clock.now();
      return;
    }
    if (this.#failures.size >= MAX_KEYS) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
    this.#failures.set(key, { count: 1, since: this.#clock.now() });
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }
}
