import { CanopyError, type ErrorCode } from '../../../base/index.ts';

/** From narrowest to widest. `invitation`: everyone admitted through one link; `address`: an IPv4 address or an IPv6 /64. */
export const SCOPES = ['device', 'account', 'invitation', 'address', 'server'] as const;
export type Scope = (typeof SCOPES)[number];

/** The user of a resource, named in each known scope. The server scope always counts. */
export type Holder = Readonly<Partial<Record<Exclude<Scope, 'server'>, string>>>;

export interface NestedBudgetOptions {
  /** What is counted, in the plural, for error details. */
  what: string;
  /** Maximum per scope; an omitted scope is unlimited. */
  limits: Readonly<Partial<Record<Scope, number>>>;
  /** Error code of a refusal. Default LIMIT_REACHED. A full server is SERVER_BUSY. */
  code?: ErrorCode;
}

/**
 * Counts one resource in all scopes at once, so that nobody multiplies their share with more devices, accounts or addresses. An amount
 * taken counts in every scope of its holder until it is released.
 */
export class NestedBudget {
  readonly #options: NestedBudgetOptions;
  readonly #used = new Map<string, number>();

  constructor(options: NestedBudgetOptions) {
    this.#options = options;
  }

  /** The amount in use in a scope. */
  used(scope: Scope, name = ''): number {
    return this.#used.get(`${scope} ${name}`) ?? 0;
  }

  /**
   * The narrowest scope in which the amount does not fit; undefined if it fits.
   *
   * @param factor multiple of the usual share that the holder's device, account and invitation get; default 1
   */
  exceeded(holder: Holder, amount = 1, factor = 1): Scope | undefined {
    return SCOPES.find((scope) => {
      const name = nameIn(holder, scope);
      return name !== undefined && this.used(scope, name) + amount > this.#limit(scope, factor);
    });
  }

  /**
   * Takes the amount in every scope, or in none. Returns a function that releases it (idempotent).
   *
   * @throws {CanopyError} the budget's code, or SERVER_BUSY - the amount does not fit
   */
  take(holder: Holder, amount = 1, factor = 1): () => void {
    const full = this.exceeded(holder, amount, factor);
    if (full !== undefined) {
      const { what, code = 'LIMIT_REACHED' } = this.#options;
      const owner = full === 'server' ? '' : ` per ${full}`;
      throw new CanopyError(
        full === 'server' ? 'SERVER_BUSY' : code,
        `at most ${this.#limit(full, factor)} ${what}${owner}`,
      );
    }
    this.#add(holder, amount);
    let held = true;
    return () => {
      if (held) {
        held = false;
        this.#add(holder, -amount);
      }
    };
  }

  #limit(scope: Scope, factor: number): number {
    const limit = this.#options.limits[scope] ?? Number.POSITIVE_INFINITY;
    return scope === 'address' || scope === 'server' ? limit : limit * factor;
  }

  #add(holder: Holder, amount: number): void {
    for (const scope of SCOPES) {
      const name = nameIn(holder, scope);
      if (name === undefined) {
        continue;
      }
      const used = this.used(scope, name) + amount;
      // Clients influence the names, so forget those that hold nothing.
      if (used > 0) {
        this.#used.set(`${scope} ${name}`, used);
      } else {
        this.#used.delete(`${scope} ${name}`);
      }
    }
  }
}

function nameIn(holder: Holder, scope: Scope): string | undefined {
  return scope === 'server' ? '' : holder[scope];
}
