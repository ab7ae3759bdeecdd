import { type Signal, useSignal } from '@preact/signals';
import { CanopyError } from '../../../sdk/index.ts';

/** Runs one action at a time, and shows why the last one failed. */
export function useAct(): {
  busy: Signal<boolean>;
  problem: Signal<CanopyError | undefined>;
  /** Never rejects. Returns whether it succeeded. */
  act(run: () => Promise<void>): Promise<boolean>;
} {
  const busy = useSignal(false);
  const problem = useSignal<CanopyError | undefined>(undefined);
  const act = async (run: () => Promise<void>) => {
    busy.value = true;
    problem.value = undefined;
    try {
      await run();
      return true;
    } catch (error) {
      problem.value = CanopyError.from(error);
      return false;
    } finally {
      busy.value = false;
    }
  };
  return { busy, problem, act };
}
