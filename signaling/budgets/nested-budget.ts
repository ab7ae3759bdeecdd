import { CanopyError, type ErrorCode } from '../../base/index.ts';

/** From the narrowest to the widest. `invitation`: everyone whom one link let in; `address`: an IPv4 address or an IPv6 /64. */
export const SCOPES = ['device', 'account', 'invitation', 'address', 'server'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who uses something, by name in each scope that is known. The whole server counts always. */
export type Holder = Readonly<Partial<Record<Exclude<Scope, 'server'>, string>>>;

export interface NestedBudgetOptions {
  /** What is counted, in the plural, for error details. */
  what: string;
  /** Maximum in each scope; a scope that is left out has none. */
  limits: Readonly<Partial<Record<Scope, number>>>;
  /** Code of a refusal. Default LIMIT_REACHED. A full server is SERVER_BUSY. */
  code?: ErrorCode;
}

/**
 * Counts one resource in all scopes at once, so that nobody multiplies a share by more devices, accounts or addresses. What is taken is
 * counted in every scope of its holder until it is released.
 */
export class NestedBudget {
  readonly #options: NestedBudgetOptions;
  readonly #used = new Map<string, number>();

  constructor(options: NestedBudgetOptions) {
    this.#options = options;
  }

  /** How much is taken in a scope. */
  used(scope: Scope, name = ''): number {
    return this.#used.get(`${scope} ${name}`) ?? 0;
  }

  /**
   * The narrowest scope in which the amount does not fit; undefined when it fits.
   *
   * @param factor how many times the usual share of a device, account and invitation the holder has; default 1
   */
  exceeded(holder: Holder, amount = 1, factor = 1): Scope | undefined {
    return SCOPES.find((scope) => {
      const name = nameIn(holder, scope);
      return name !== undefined && this.used(scope, name) + amount > this.#limit(scope, factor);
    });
  }

  /**
   * Takes the amount in every scope, or in none. Returns a function that gives it back; calling it twice does no harm.
   *
   * @throws {CanopyError} the code of the budget, or SERVER_BUSY - when it does not fit
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
      // Names are chosen by strangers: those that hold nothing are forgotten.
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
