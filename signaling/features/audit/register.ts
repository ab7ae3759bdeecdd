import type { Kernel } from '../../kernel/index.ts';
import { registerAuditRoutes } from './audit-routes.ts';

/** How often old entries are deleted, in milliseconds. */
const PRUNE_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** The audit log: listed for the operator, and bounded. The kernel writes it. */
export function registerAudit(kernel: Kernel): void {
  const { audit, config, log } = kernel;
  registerAuditRoutes(kernel);
  const { retentionDays, maxEntries } = config.audit;
  let pruning: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    pruning = audit
      .prune(Date.now() - retentionDays * DAY_MS, maxEntries)
      .catch((error: unknown) => log.warn({ err: error }, 'cannot delete old entries of the audit log'));
  }, PRUNE_MS);
  timer.unref();
  kernel.closing.add(async () => {
    clearInterval(timer);
    await pruning;
  });
}
