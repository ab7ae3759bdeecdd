/** A person's own account: its data, and its end. */
import { z } from 'zod';
import { nothing, sha256Hex } from '../../../contract/index.ts';

export const ACCOUNT_REQUESTS = {
  /** Where to get a ZIP file with everything that the server keeps of the own account: a path on this server, valid for a minute. */
  'account.export': { data: nothing, result: z.object({ url: z.string() }) },
  /**
   * Deletes the own account for good, with everything that it wrote and the rooms that it owns; a room that has another owner goes over to
   * them. All its connections end with CERT_REVOKED, and its certificates are never accepted again. The answer may not arrive.
   */
  'account.delete': {
    data: z.object({
      /** The own account, to prevent mistakes. */
      accountId: sha256Hex,
    }),
    result: nothing,
  },
} as const;

type AccountRequests = typeof ACCOUNT_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends AccountRequests {}
}
