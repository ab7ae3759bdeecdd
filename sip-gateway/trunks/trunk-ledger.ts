import {
  dayIn,
  MAX_BARRED_PER_DAY,
  priceOf,
  type SipTrunk,
  type TrunkAlarm,
  type TrunkUsage,
} from '../../contract/index.ts';

export interface TrunkLedgerOptions {
  /** Unix time in milliseconds. */
  now(): number;
  onAlarm(alarm: TrunkAlarm): void;
}

type Price = ReturnType<typeof priceOf>;

/** What a call has used. */
interface Used {
  /** Seconds and increments that are in the totals. */
  readonly seconds: number;
  readonly increments: number;
}

const NOTHING: Used = { seconds: 0, increments: 0 };

/** A call with what the server knows of its use; plain data. */
export interface SavedCharge extends Used {
  readonly number: string;
  /** Unix time in milliseconds; undefined before the answer. */
  readonly answeredAtMs: number | undefined;
}

/** An outgoing call, from its INVITE to its end. */
interface Charged {
  trunk: SipTrunk;
  number: string;
  price: Price | undefined;
  /** When it was answered, Unix time in milliseconds; undefined before. */
  answeredAtMs: number | undefined;
  /** Seconds and increments that are in the totals. */
  seconds: number;
  increments: number;
  /** What of these is in the last totals that were taken, and in those that the server has. */
  taken: Used;
  reported: Used;
}

/** Totals of a day: of a trunk, or of a prefix of its prices. */
interface Total {
  seconds: number;
  cost: number;
}

export type DailyLimit = 'minutes' | 'cost';

/** A call ends this long before it would exceed a limit, in milliseconds: at least the interval between two calls of overdue(). */
const AHEAD_MS = 6000;
const WARNING_SHARE = 0.8;
/** Maximum number of totals, and of what was alarmed; the latest are kept. */
const MAX_TOTALS = 20_000;

/**
 * Minutes and costs of the outgoing calls of trunks, per day in the trunk's time zone. Every call that rings counts with its first increment,
 * so that many calls at once do not exceed a limit together.
 */
export class TrunkLedger {
  readonly #options: TrunkLedgerOptions;
  readonly #calls = new Map<string, Charged>();
  readonly #totals = new Map<string, Total>();
  readonly #changed = new Set<string>();
  readonly #alarmed = new Map<string, TrunkAlarm['level']>();
  readonly #barred = new Map<string, number>();

  constructor(options: TrunkLedgerOptions) {
    this.#options = options;
  }

  /** Adds what was used before a restart. Totals only grow. */
  restore(usage: readonly TrunkUsage[]): void {
    for (const { trunk, day, prefix, seconds, cost } of usage) {
      const total = this.#total(keyOf(trunk, day, prefix));
      total.seconds = Math.max(total.seconds, seconds);
      total.cost = Math.max(total.cost, cost);
    }
  }

  /** The limit that forbids a new call; undefined: none does. */
  refusal(trunk: SipTrunk, number: string): DailyLimit | undefined {
    this.#accrue();
    const { minutesPerDay } = trunk.limits ?? {};
    const pending = [...this.#calls.values()].filter(
      (call) => call.trunk.name === trunk.name && call.answeredAtMs === undefined,
    );
    const step = incrementOf(trunk);
    const { seconds } = this.#total(this.#key(trunk, null));
    if (minutesPerDay !== undefined && seconds + (pending.length + 1) * step > minutesPerDay * 60) {
      this.#alarm(trunk, 'minutes', null, 'reached', seconds / 60, minutesPerDay);
      return 'minutes';
    }
    const price = priceOf(trunk, number);
    for (const { prefix, max } of costLimits(trunk, price)) {
      let { cost } = this.#total(this.#key(trunk, prefix));
      for (const call of pending) {
        cost += prefix === null || call.price?.prefix === prefix ? stepCost(trunk, call.price) : 0;
      }
      if (exceeds(cost + stepCost(trunk, price), max)) {
        this.#alarm(trunk, 'cost', prefix, 'reached', cost, max);
        return 'cost';
      }
    }
    return undefined;
  }

  /** Counts a call to a barred number. */
  barred(trunk: SipTrunk): void {
    const key = this.#key(trunk, null);
    const count = (this.#barred.get(key) ?? 0) + 1;
    this.#barred.set(key, count);
    if (count >= MAX_BARRED_PER_DAY) {
      this.#alarm(trunk, 'numbers', null, 'reached', count, MAX_BARRED_PER_DAY);
    }
    trim(this.#barred);
  }

  /** A call is placed. finish() must follow. */
  begin(callId: string, trunk: SipTrunk, number: string): void {
    const price = priceOf(trunk, number);
    this.#calls.set(callId, {
      trunk,
      number,
      price,
      answeredAtMs: undefined,
      ...NOTHING,
      taken: NOTHING,
      reported: NOTHING,
    });
  }

  /** What a later process needs to charge a call; undefined for a call that is not charged. */
  save(callId: string): SavedCharge | undefined {
    const call = this.#calls.get(callId);
    return call && { number: call.number, answeredAtMs: call.answeredAtMs, ...call.reported };
  }

  /** A call of an earlier process goes on. What the server did not get to know of its use is charged now. */
  resume(callId: string, trunk: SipTrunk, { number, answeredAtMs, seconds, increments }: SavedCharge): void {
    const used = { seconds, increments };
    const price = priceOf(trunk, number);
    this.#calls.set(callId, {
      trunk,
      number,
      price,
      answeredAtMs,
      ...used,
      taken: used,
      reported: used,
    });
  }

  /** The call is answered: it costs from now on. */
  answered(callId: string): void {
    const call = this.#calls.get(callId);
    if (call && call.answeredAtMs === undefined) {
      call.answeredAtMs = this.#options.now();
      this.#charge(call);
    }
  }

  /** The call has ended. Idempotent. */
  finish(callId: string): void {
    const call = this.#calls.get(callId);
    if (call) {
      this.#charge(call);
      this.#calls.delete(callId);
    }
  }

  /** Calls that must end now, because they would soon exceed a limit. Call this every few seconds. */
  overdue(): string[] {
    this.#accrue();
    // What the calls that go on will use until the next time.
    const ahead = new Map<string, Total>();
    return [...this.#calls].filter(([, call]) => this.#isOverdue(call, ahead)).map(([callId]) => callId);
  }

  /** The totals that have changed since the last call. */
  takeChanges(): TrunkUsage[] {
    this.#accrue();
    for (const call of this.#calls.values()) {
      call.taken = { seconds: call.seconds, increments: call.increments };
    }
    const changes = [...this.#changed].flatMap((key) => {
      const total = this.#totals.get(key);
      return total ? [{ ...partsOf(key), ...total }] : [];
    });
    this.#changed.clear();
    return changes;
  }

  /** The server has all totals that were taken. */
  confirm(): void {
    for (const call of this.#calls.values()) {
      call.reported = call.taken;
    }
  }

  /** Reports these totals again: the server does not have them. */
  keepChanges(usage: readonly TrunkUsage[]): void {
    for (const { trunk, day, prefix } of usage) {
      this.#changed.add(keyOf(trunk, day, prefix));
    }
  }

  #isOverdue(call: Charged, ahead: Map<string, Total>): boolean {
    const { trunk, price, answeredAtMs } = call;
    if (answeredAtMs === undefined) {
      return false;
    }
    const soonMs = this.#options.now() + AHEAD_MS - answeredAtMs;
    const steps = Math.max(0, Math.ceil(soonMs / 1000 / incrementOf(trunk)) - call.increments);
    const next: Total = { seconds: AHEAD_MS / 1000, cost: steps * stepCost(trunk, price) };
    const used = (prefix: string | null) => {
      const key = this.#key(trunk, prefix);
      const total = this.#total(key);
      const more = ahead.get(key);
      return { seconds: total.seconds + (more?.seconds ?? 0), cost: total.cost + (more?.cost ?? 0) };
    };
    const { minutesPerDay } = trunk.limits ?? {};
    const { seconds } = used(null);
    if (minutesPerDay !== undefined && seconds + next.seconds > minutesPerDay * 60) {
      this.#alarm(
        trunk,
        'minutes',
        null,
        'reached',
        this.#total(this.#key(trunk, null)).seconds / 60,
        minutesPerDay,
      );
      return true;
    }
    for (const { prefix, max } of costLimits(trunk, price)) {
      if (next.cost > 0 && exceeds(used(prefix).cost + next.cost, max)) {
        this.#alarm(trunk, 'cost', prefix, 'reached', this.#total(this.#key(trunk, prefix)).cost, max);
        return true;
      }
    }
    for (const prefix of scopesOf(price)) {
      const { seconds: before, cost } = ahead.get(this.#key(trunk, prefix)) ?? { seconds: 0, cost: 0 };
      ahead.set(this.#key(trunk, prefix), { seconds: before + next.seconds, cost: cost + next.cost });
    }
    return false;
  }

  #accrue(): void {
    for (const call of this.#calls.values()) {
      this.#charge(call);
    }
  }

  /** Adds to today's totals what the call has used since the last time. */
  #charge(call: Charged): void {
    const { trunk, price, answeredAtMs } = call;
    if (answeredAtMs === undefined) {
      return;
    }
    const seconds = Math.max(0, (this.#options.now() - answeredAtMs) / 1000);
    const increments = Math.max(1, Math.ceil(seconds / incrementOf(trunk)));
    const addedSeconds = Math.max(0, seconds - call.seconds);
    const addedCost = Math.max(0, increments - call.increments) * stepCost(trunk, price);
    call.seconds = Math.max(call.seconds, seconds);
    call.increments = Math.max(call.increments, increments);
    for (const prefix of scopesOf(price)) {
      const key = this.#key(trunk, prefix);
      const total = this.#total(key);
      total.seconds += addedSeconds;
      total.cost += addedCost;
      this.#changed.add(key);
    }
    this.#warn(trunk, price);
  }

  #warn(trunk: SipTrunk, price: Price): void {
    const { minutesPerDay } = trunk.limits ?? {};
    const { seconds } = this.#total(this.#key(trunk, null));
    if (minutesPerDay !== undefined && seconds >= WARNING_SHARE * minutesPerDay * 60) {
      this.#alarm(trunk, 'minutes', null, 'warning', seconds / 60, minutesPerDay);
    }
    for (const { prefix, max } of costLimits(trunk, price)) {
      const { cost } = this.#total(this.#key(trunk, prefix));
      if (cost >= WARNING_SHARE * max) {
        this.#alarm(trunk, 'cost', prefix, 'warning', cost, max);
      }
    }
  }

  /** Each alarm is raised once a day, and no warning after its limit was reached. */
  #alarm(
    trunk: SipTrunk,
    kind: TrunkAlarm['kind'],
    prefix: string | null,
    level: TrunkAlarm['level'],
    used: number,
    max: number,
  ): void {
    const key = `${kind} ${max} ${this.#key(trunk, prefix)}`;
    const known = this.#alarmed.get(key);
    if (known === undefined || (known === 'warning' && level === 'reached')) {
      this.#alarmed.set(key, level);
      trim(this.#alarmed);
      this.#options.onAlarm({ trunk: trunk.name, kind, prefix, level, used, max });
    }
  }

  #key({ name, limits }: SipTrunk, prefix: string | null): string {
    return keyOf(name, dayIn(limits?.timeZone ?? 'UTC', this.#options.now()), prefix);
  }

  #total(key: string): Total {
    let total = this.#totals.get(key);
    if (!total) {
      total = { seconds: 0, cost: 0 };
      this.#totals.set(key, total);
      trim(this.#totals);
    }
    return total;
  }
}

/** The totals that a call at this price adds to. */
function scopesOf(price: Price): Array<string | null> {
  return price ? [null, price.prefix] : [null];
}

/** The caps that count for a call at this price. */
function costLimits({ limits }: SipTrunk, price: Price): Array<{ prefix: string | null; max: number }> {
  const { costPerDay } = limits ?? {};
  return [
    ...(costPerDay === undefined ? [] : [{ prefix: null, max: costPerDay }]),
    ...(price?.costPerDay === undefined ? [] : [{ prefix: price.prefix, max: price.costPerDay }]),
  ];
}

function stepCost(trunk: SipTrunk, price: Price): number {
  return ((price?.perMinute ?? 0) * incrementOf(trunk)) / 60;
}

function incrementOf({ limits }: SipTrunk): number {
  return limits?.incrementSeconds ?? 60;
}

/** Sums of decimal fractions are not exact. */
function exceeds(sum: number, max: number): boolean {
  return sum > max * (1 + 1e-9);
}

function keyOf(trunk: string, day: string, prefix: string | null): string {
  return prefix === null ? `${day} ${trunk}` : `${day} ${trunk} ${prefix}`;
}

function partsOf(key: string): Pick<TrunkUsage, 'trunk' | 'day' | 'prefix'> {
  const [day = '', trunk = '', prefix] = key.split(' ');
  return { day, trunk, prefix: prefix ?? null };
}

/** Forgets the oldest entries beyond the maximum. */
function trim(entries: Map<string, unknown>): void {
  for (const key of entries.keys()) {
    if (entries.size <= MAX_TOTALS) {
      return;
    }
    entries.delete(key);
  }
}
