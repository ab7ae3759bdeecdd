import type { Kernel } from '../../kernel/index.ts';
import { NAME_REQUESTS } from './contract.ts';
import { nameHandlers } from './name-handlers.ts';

/** Names: people can change their own during a call, and moderators those of others. */
export function registerNames(kernel: Kernel): void {
  kernel.requests(NAME_REQUESTS, nameHandlers, { audited: ['participant.rename'] });
}
