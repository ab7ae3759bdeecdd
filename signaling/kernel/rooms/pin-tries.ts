import { LRUCache } from 'lru-cache';

/** Who tries a PIN, and where. */
export interface PinTry {
  account: string;
  /** The network; undefined if unknown. */
  address: string | undefined;
  room: string;
}

/** Wrong PINs per hour (threat 58). At 100 per room, a PIN of six digits lasts for months. */
const LIMITS: Readonly<Record<keyof PinTry, number>> = { account: 5, address: 20, room: 100 };
const FORGET_MS = 3_600_000;
const MAX_REMEMBERED = 10_000;

/** Counts wrong PINs by account, network and room, so that PINs cannot be guessed. */
export class PinTries {
  /** Separate, so that many accounts cannot push a room out. */
  readonly #wrong: Readonly<Record<keyof PinTry, LRUCache<string, number>>>;

  constructor(now: () => number = () => performance.now()) {
    const cache = () =>
      new LRUCache<string, number>({
        max: MAX_REMEMBERED,
        ttl: FORGET_MS,
        ttlResolution: 0,
        // The hour begins with the first wrong PIN.
        noUpdateTTL: true,
        perf: { now },
      });
    this.#wrong = { account: cache(), address: cache(), room: cache() };
  }

  /**
   * Begins a try, which counts as wrong until `right()` is called, so that simultaneous tries do not exceed the limit. Undefined: too many
   * were wrong.
   */
  begin(by: PinTry): { right(): void } | undefined {
    const scopes = Object.keys(LIMITS) as Array<keyof PinTry>;
    const counted = scopes.flatMap((scope) => {
      const name = by[scope];
      return name === undefined ? [] : [{ wrong: this.#wrong[scope], name, limit: LIMITS[scope] }];
    });
    if (counted.some(({ wrong, name, limit }) => (wrong.get(name) ?? 0) >= limit)) {
      return undefined;
    }
    for (const { wrong, name } of counted) {
      wrong.set(name, (wrong.get(name) ?? 0) + 1);
    }
    return {
      right: () => {
        for (const { wrong, name } of counted) {
          wrong.set(name, Math.max(0, (wrong.get(name) ?? 0) - 1));
        }
      },
    };
  }
}
