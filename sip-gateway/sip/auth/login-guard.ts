import { networkOf } from '../../../base/index.ts';
import { RecentMap } from '../recent-map.ts';
import type { Clock } from '../transaction/index.ts';

export interface LoginGuardOptions {
  /** Wrong passwords for one user from one source until this user is locked out there. Default 10. */
  maxFailures?: number;
  /** Wrong passwords for any users from one source until the whole source is locked out. Default 100. */
  maxSourceFailures?: number;
  /** How long failures are remembered and lockouts last, in seconds. Default 300. */
  windowSeconds?: number;
}

/** Scope of a lockout: one user at a source, or everybody there. */
export type LockScope = 'user' | 'source';

/** The source of a request. `port`: of the phone itself; undefined if it is behind a proxy. */
export interface LoginSource {
  readonly address: string;
  readonly port: number | undefined;
}

interface Failures {
  count: number;
  since: number;
  /** The last credentials that failed, since a retransmission is not another guess. */
  last: string;
}

/** Maximum number of remembered keys of each kind. */
const MAX_KEYS = 20_000;
/** How long a login counts as recent, in milliseconds: longer than phones take to re-register. */
const RECENT_MS = 2 * 3600 * 1000;

/**
 * Locks out password guessers (threat 18) but not others at the same address (threat 55). A source is an IPv4 address or an IPv6 /64.
 * Recent logins are exempt: a user at the address and port of such a login is never locked out, nor is a whole source with one.
 */
export class LoginGuard {
  readonly #clock: Clock;
  readonly #maxFailures: number;
  readonly #maxSourceFailures: number;
  readonly #windowMs: number;
  readonly #failures = new RecentMap<string, Failures>(MAX_KEYS);
  /** Time of the last login, by source, and by user and endpoint. */
  readonly #logins = new RecentMap<string, number>(MAX_KEYS);

  constructor(clock: Clock, options: LoginGuardOptions = {}) {
    const { maxFailures = 10, maxSourceFailures = 100, windowSeconds = 300 } = options;
    this.#clock = clock;
    this.#maxFailures = maxFailures;
    this.#maxSourceFailures = maxSourceFailures;
    this.#windowMs = windowSeconds * 1000;
  }

  /** The lockout of this user at this source, if any. */
  lock(username: string, { address, port }: LoginSource): LockScope | undefined {
    const source = networkOf(address);
    if (
      this.#count(userKey(username, source)) >= this.#maxFailures &&
      !(port !== undefined && this.#isRecent(endpointKey(username, address, port)))
    ) {
      return 'user';
    }
    if (this.#count(source) >= this.#maxSourceFailures && !this.#isRecent(source)) {
      return 'source';
    }
    return undefined;
  }

  /** Counts a wrong password. Returns the lockout that it causes, if any. */
  failed(username: string, from: LoginSource, credentials: string): LockScope | undefined {
    const source = networkOf(from.address);
    const before = this.lock(username, from);
    this.#add(userKey(username, source), credentials, this.#maxFailures);
    this.#add(source, credentials, this.#maxSourceFailures);
    const after = this.lock(username, from);
    return after === before ? undefined : after;
  }

  succeeded(username: string, { address, port }: LoginSource): void {
    const source = networkOf(address);
    const now = this.#clock.now();
    this.#failures.delete(userKey(username, source));
    this.#logins.put(source, now);
    if (port !== undefined) {
      this.#logins.put(endpointKey(username, address, port), now);
    }
  }

  /** Whether anyone has recently logged in from this source. */
  knows(address: string): boolean {
    return this.#isRecent(networkOf(address));
  }

  #isRecent(key: string): boolean {
    const at = this.#logins.get(key);
    return at !== undefined && this.#clock.now() - at <= RECENT_MS;
  }

  #count(key: string): number {
    const entry = this.#failures.get(key);
    if (!entry) {
      return 0;
    }
    if (this.#clock.now() - entry.since <= this.#windowMs) {
      return entry.count;
    }
    this.#failures.delete(key);
    return 0;
  }

  #add(key: string, credentials: string, max: number): void {
    const count = this.#count(key);
    const known = count > 0 ? this.#failures.get(key) : undefined;
    const entry = known ?? { count: 0, since: this.#clock.now(), last: '' };
    if (entry.last === credentials) {
      return;
    }
    entry.count++;
    entry.last = credentials;
    // The lockout starts now.
    if (entry.count === max) {
      entry.since = this.#clock.now();
    }
    this.#failures.put(key, entry);
  }
}

function userKey(username: string, source: string): string {
  return `${source} ${username}`;
}

function endpointKey(username: string, address: string, port: number): string {
  return `${address} ${port} ${username}`;
}
