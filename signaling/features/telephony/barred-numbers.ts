import { LRUCache } from 'lru-cache';
import { dayIn, MAX_BARRED_PER_DAY, type SipTrunk, type TrunkAlarm } from '../../../contract/index.ts';

/** Counts calls to numbers that trunks bar, which somebody tries who has stolen an account. */
export class BarredNumbers {
  readonly #counts = new LRUCache<string, number>({ max: 1000 });

  /** Counts one; returns the alarm to raise, once a day per trunk. */
  count({ name: trunk, limits }: SipTrunk, nowMs: number): TrunkAlarm | undefined {
    const key = `${trunk} ${dayIn(limits?.timeZone ?? 'UTC', nowMs)}`;
    const used = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, used);
    return used === MAX_BARRED_PER_DAY
      ? { trunk, kind: 'numbers', prefix: null, level: 'reached', used, max: MAX_BARRED_PER_DAY }
      : undefined;
  }
}
