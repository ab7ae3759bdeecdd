import type { Kernel } from '../../kernel/index.ts';
import type { Calls } from './calls.ts';

/** How often old calls are deleted, in milliseconds. */
const PRUNE_MS = 3_600_000;

/** Deletes old calls from the history, and those of accounts that are deleted. */
export function keepHistory(kernel: Kernel, calls: Calls): void {
  let pruning: Promise<void> = Promise.resolve();
  const prune = () => {
    pruning = calls
      .prune()
      .catch((error: unknown) => kernel.log.warn({ err: error }, 'cannot delete old calls'));
  };
  const timer = setInterval(prune, PRUNE_MS);
  timer.unref();
  prune();
  kernel.accountReplaced.add(({ from, to }) => calls.replaceAccount(from, to));
  kernel.accountDeleting.add((accountId) => calls.forgetAccount(accountId));
  kernel.closing.add(async () => {
    clearInterval(timer);
    await pruning;
  });
}
