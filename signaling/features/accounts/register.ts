import type { Kernel } from '../../kernel/index.ts';
import { AccountAdministration } from './account-administration.ts';
import { accountExport } from './account-export.ts';
import { accountHandlers } from './account-handlers.ts';
import { registerAccountRoutes } from './account-routes.ts';
import { ACCOUNT_REQUESTS } from './contract.ts';

/** Accounts and their devices: for administrators, and for their owners. */
export function registerAccounts(kernel: Kernel): void {
  const administration = new AccountAdministration(kernel);
  kernel.requests(ACCOUNT_REQUESTS, accountHandlers(kernel, administration), {
    audited: ['account.export', 'account.delete'],
  });
  kernel.exports.ofAccount((accountId) => accountExport(kernel, administration, accountId));
  registerAccountRoutes(kernel, administration);
}
