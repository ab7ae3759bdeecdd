import { Counter, Rate, Trend } from 'k6/metrics';
import { StageError } from './socket.ts';

const failed = new Rate('canopy_failed');
const errors = new Counter('canopy_errors');

/** Times the stages of a script: one metric per stage, and one for failures. */
export class Stages<Name extends string> {
  readonly #trends: Record<Name, Trend>;

  /** k6 metrics can only be created in the init context, so create an instance at the top of a script. */
  constructor(names: readonly Name[]) {
    const trends = names.map((name) => [name, new Trend(`canopy_${name}_ms`, true)]);
    this.#trends = Object.fromEntries(trends) as Record<Name, Trend>;
  }

  /** Runs a stage for a person and records how long it took. Counts an error and rethrows it. */
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

  /** Counts whether a condition holds. */
  check(name: string, peer: number, code: string, holds: boolean): void {
    if (holds) {
      failed.add(false);
    } else {
      this.#failed(name, peer, code);
    }
  }

  /** Records a duration that was measured elsewhere, in milliseconds. */
  took(name: Name, peer: number, milliseconds: number): void {
    this.#trends[name].add(milliseconds, { peer: String(peer) });
  }

  #failed(name: string, peer: number, error: string): void {
    failed.add(true);
    // It may contain the characters with which k6 separates tags and columns.
    errors.add(1, { peer: String(peer), error: encodeURIComponent(`${name}: ${error}`) });
  }
}

/** The error code, with details and the elapsed time if known, since the time can reveal a time limit. */
function describe(error: unknown, afterMs: number): string {
  if (!(error instanceof StageError)) {
    return String(error);
  }
  const { code, detail } = error;
  return detail ? `${code} (${detail}, after ${Math.round(afterMs / 1000)} s)` : code;
}
