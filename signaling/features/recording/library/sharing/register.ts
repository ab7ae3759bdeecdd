import type { Kernel } from '../../../../kernel/index.ts';
import type { Compositions } from '../../compositions.ts';
import { SHARING_REQUESTS } from '../../sharing-contract.ts';
import type { Library } from '../library.ts';
import type { RecordingAccess } from '../recording-access.ts';
import { registerShareAdminRoutes } from './share-admin-routes.ts';
import { registerShareRoutes } from './share-routes.ts';
import { Shares } from './shares.ts';
import { Sharing } from './sharing.ts';
import { sharingHandlers } from './sharing-handlers.ts';

/** Links to recordings. They go with their recording, and with the account that made them. */
export function registerSharing(
  kernel: Kernel,
  library: Library,
  { access, compositions }: { access: RecordingAccess; compositions: Compositions },
): void {
  const shares = new Shares(kernel.store);
  const sharing = new Sharing(kernel, access, shares);
  kernel.requests(SHARING_REQUESTS, sharingHandlers(sharing, access), {
    audited: ['recording.share', 'recording.unshare'],
  });
  registerShareRoutes(kernel, library, { sharing, compositions });
  registerShareAdminRoutes(kernel, access, shares);
  kernel.accountReplaced.add(({ from, to }) => shares.replaceAccount(from, to));
  kernel.accountRevoked.add((accountId) => shares.forgetAccount(accountId));
  kernel.accountDeleting.add((accountId) => shares.forgetAccount(accountId));
}
