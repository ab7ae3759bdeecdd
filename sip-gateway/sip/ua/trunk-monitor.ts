import { formatUri, type SipUri } from '../message/index.ts';
import type { Clock, Timer } from '../transaction/index.ts';
import type { Trunk } from './trunk.ts';

/** Whether a contact of a trunk answers OPTIONS. */
export interface ContactState {
  readonly trunk: string;
  readonly uri: string;
  /** `unknown`: not asked yet. */
  readonly state: 'unknown' | 'up' | 'down';
  /** Unix time in milliseconds since when it is in this state. */
  readonly sinceMs: number;
  /** SIP status of the last answer; 408 or 503 without one; null: not asked yet. */
  readonly status: number | null;
  /** Milliseconds until the last answer; null without one. */
  readonly roundTripMs: number | null;
}

export interface TrunkMonitorOptions {
  readonly clock: Clock;
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
  /** Sends OPTIONS; resolves with the status of the response, or 408 or 503 without one. */
  ping(trunk: Trunk, uri: SipUri): Promise<number>;
  /** A contact is up or down now. */
  onChange(state: ContactState): void;
}

interface Watched {
  trunk: Trunk;
  readonly uri: SipUri;
  state: ContactState;
  timer: Timer | undefined;
}

/** A contact that is down is asked at least this often, in seconds. */
const DOWN_PING_SECONDS = 15;
/** Statuses that mean that calls would fail too. Any other answer shows that the contact is alive. */
const DOWN = new Set([408, 503]);

/** Asks the contacts of trunks regularly whether they are there. */
export class TrunkMonitor {
  readonly #options: TrunkMonitorOptions;
  readonly #watched = new Map<string, Watched>();
  #closed = false;

  constructor(options: TrunkMonitorOptions) {
    this.#options = options;
  }

  get states(): ContactState[] {
    return [...this.#watched.values()].map(({ state }) => state);
  }

  /** Watches these trunks from now on. Contacts that were watched keep their state. */
  update(trunks: Iterable<Trunk>): void {
    const before = new Map(this.#watched);
    this.#watched.clear();
    for (const trunk of trunks) {
      for (const uri of trunk.pingSeconds === undefined ? [] : trunk.contacts) {
        const key = `${trunk.id} ${formatUri(uri)}`;
        const known = before.get(key);
        before.delete(key);
        if (known) {
          known.trunk = trunk;
          this.#watched.set(key, known);
        } else {
          this.#watch(key, trunk, uri);
        }
      }
    }
    for (const { timer, trunk, uri } of before.values()) {
      timer?.cancel();
      trunk.setDown(uri, false);
    }
  }

  close(): void {
    this.#closed = true;
    this.update([]);
  }

  #watch(key: string, trunk: Trunk, uri: SipUri): void {
    const state: ContactState = {
      trunk: trunk.id,
      uri: formatUri(uri),
      state: 'unknown',
      sinceMs: Date.now(),
      status: null,
      roundTripMs: null,
    };
    const watched: Watched = { trunk, uri, state, timer: undefined };
    this.#watched.set(key, watched);
    void this.#ping(key, watched);
  }

  async #ping(key: string, watched: Watched): Promise<void> {
    const { clock, random, ping, onChange } = this.#options;
    const sentMs = clock.now();
    const status = await ping(watched.trunk, watched.uri).catch(() => 503);
    if (this.#closed || this.#watched.get(key) !== watched) {
      return;
    }
    const isDown = DOWN.has(status);
    const before = watched.state;
    const state = isDown ? 'down' : 'up';
    watched.state = {
      ...before,
      state,
      status,
      sinceMs: before.state === state ? before.sinceMs : Date.now(),
      roundTripMs: isDown ? null : Math.round(clock.now() - sentMs),
    };
    watched.trunk.setDown(watched.uri, isDown);
    const pause = watched.trunk.pingSeconds ?? DOWN_PING_SECONDS;
    const seconds = isDown ? Math.min(pause, DOWN_PING_SECONDS) : pause;
    // Not all at the same time.
    watched.timer = clock.after(seconds * 1000 * (0.9 + random() / 5), () => void this.#ping(key, watched));
    if (before.state !== state) {
      onChange(watched.state);
    }
  }
}
