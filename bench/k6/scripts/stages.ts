import { Counter, Rate, Trend } from 'k6/metrics';
import { StageError } from './socket.ts';

const failed = new Rate('canopy_failed');
const errors = new Counter('canopy_errors');

/** Times the stages that a script goes through: one metric each, and one for all that failed. */
export class Stages<Name extends string> {
  readonly #trends: Record<Name, Trend>;

  /** Metrics can be made in k6's init context only: make one of these at the top of a script. */
  constructor(names: readonly Name[]) {
    const trends = names.map((name) => [name, new Trend(`canopy_${name}_ms`, true)]);
    this.#trends = Object.fromEntries(trends) as Record<Name, Trend>;
  }

  /** Runs a stage for a person and counts how long it took. Passes an error on after counting it. */
  async time<T>(name: Name, peer: number, stage: () => Promise<T>): Promise<T> {
    const startedMs = Date.now();
    try {
      const result = await stage();
      this.took(name, peer, Date.now() - startedMs);
      failed.add(false);
      return result;
    } catch (error) {
      this.#failed(name, peer, describe(error, Date.now() - startedMs));
      throw error;
    }
  }

  /** Counts whether something holds that takes no time. */
  check(name: string, peer: number, code: string, holds: boolean): void {
    if (holds) failed.add(false);
    else this.#failed(name, peer, code);
  }

  /** Counts a duration that was taken elsewhere, in milliseconds. */
  took(name: Name, peer: number, milliseconds: number): void {
    this.#trends[name].add(milliseconds, { peer: String(peer) });
  }

  #failed(name: string, peer: number, error: string): void {
    failed.add(true);
    // What k6 separates tags and columns with may be in it.
    errors.add(1, { peer: String(peer), error: encodeURIComponent(`${name}: ${error}`) });
  }
}

/** The code; where more is known, that too, and when it came: a limit of somebody's shows by its time. */
function describe(error: unknown, afterMs: number): string {
  if (!(error instanceof StageError)) return String(error);
  const { code, detail } = error;
  return detail ? `${code} (${detail}, after ${Math.round(afterMs / 1000)} s)` : code;
}
