import { RecentMap } from '../sip/index.ts';

/** A caller who enters PINs. */
export interface PinCaller {
  /** The phone's username, the caller's number or its address; undefined if a trunk's caller withholds its number. */
  readonly name: string | undefined;
  /** The trunk that the call came through. */
  readonly trunk: string | undefined;
}

/** How many wrong PINs have no consequence, and how fast they are forgotten. */
interface Allowance {
  readonly free: number;
  readonly forgottenPerHour: number;
}

/** Per caller, who is then refused. */
const CALLER: Allowance = { free: 10, forgottenPerHour: 10 };
/** Per trunk and for all callers together. Further PINs are only delayed, as the next caller may be honest. */
const TRUNK: Allowance = { free: 20, forgottenPerHour: 60 };
const EVERYBODY: Allowance = { free: 60, forgottenPerHour: 240 };
/** Delay per wrong PIN beyond the free ones, and its maximum, in milliseconds. */
const DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
const MAX_KEYS = 20_000;
const HOUR_MS = 3_600_000;

/**
 * Counts wrong PINs across calls (threat 58), since three tries per call limit nobody who can call again. A caller with too many is
 * refused. Callers on a trunk can choose their numbers, so for each trunk, and for all callers together, a growing delay limits how fast
 * PINs can be tried.
 */
export class PinGuard {
  readonly #now: () => number;
  readonly #counts = new RecentMap<string, { level: number; atMs: number }>(MAX_KEYS);

  /** @param now a clock, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether this caller is refused for now because of too many wrong PINs. */
  refuses({ name }: PinCaller): boolean {
    return name !== undefined && this.#over(callerKey(name), CALLER) >= 0;
  }

  /** How long to delay this caller's next PIN, in milliseconds. */
  delayMs({ trunk }: PinCaller): number {
    const over = Math.max(
      trunk === undefined ? 0 : this.#over(trunkKey(trunk), TRUNK),
      this.#over(EVERYBODY_KEY, EVERYBODY),
      0,
    );
    return Math.min(MAX_DELAY_MS, over * DELAY_MS);
  }

  /** Counts a wrong PIN. Returns whether the caller is refused from now on. */
  wrong(caller: PinCaller): boolean {
    const before = this.refuses(caller);
    if (caller.name !== undefined) {
      this.#add(callerKey(caller.name), CALLER);
    }
    if (caller.trunk !== undefined) {
      this.#add(trunkKey(caller.trunk), TRUNK);
    }
    this.#add(EVERYBODY_KEY, EVERYBODY);
    return !before && this.refuses(caller);
  }

  /** Wrong PINs beyond the free ones, rounded up; negative if there are free ones left. */
  #over(key: string, allowance: Allowance): number {
    return Math.ceil(this.#level(key, allowance)) - allowance.free;
  }

  #level(key: string, { forgottenPerHour }: Allowance): number {
    const entry = this.#counts.get(key);
    if (!entry) {
      return 0;
    }
    return Math.max(0, entry.level - ((this.#now() - entry.atMs) / HOUR_MS) * forgottenPerHour);
  }

  #add(key: string, allowance: Allowance): void {
    this.#counts.put(key, { level: this.#level(key, allowance) + 1, atMs: this.#now() });
  }
}

const EVERYBODY_KEY = '';

function callerKey(name: string): string {
  return `caller ${name}`;
}

function trunkKey(trunk: string): string {
  return `trunk ${trunk}`;
}
