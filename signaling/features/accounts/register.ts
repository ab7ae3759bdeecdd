import type { Kernel } from '../../kernel/index.ts';
import { AccountAdministration } from './account-administration.ts';
import { registerAccountRoutes } from './account-routes.ts';

/** Accounts and their devices, for administrators. */
export function registerAccounts(kernel: Kernel): void {
  registerAccountRoutes(kernel, new AccountAdministration(kernel));
}
