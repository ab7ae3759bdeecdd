/** A person's own account: its data, and its end. */
import { z } from 'zod';
import { nothing, sha256Hex } from '../../../contract/index.ts';
import type { accountList, reinstateResponse, revokeResponse, roleResponse } from './rest.ts';

export const ACCOUNT_REQUESTS = {
  /** A path on this server, valid for a minute, that returns a ZIP file with everything stored about the caller's account. */
  'account.export': { data: nothing, result: z.object({ url: z.string() }) },
  /**
   * Permanently deletes the caller's account, everything that it wrote, and the rooms that it owns. A room with a second owner passes to
   * them. All its connections end with CERT_REVOKED, and its certificates are never accepted again. The answer may not arrive.
   */
  'account.delete': {
    data: z.object({
      /** The caller's account id, as a safeguard against mistakes. */
      accountId: sha256Hex,
    }),
    result: nothing,
  },
} as const;

type AccountRequests = typeof ACCOUNT_REQUESTS;
declare module '../../../contract/wire.ts' {
  interface Requests extends AccountRequests {}
}

declare module '../../../contract/wire.ts' {
  interface OperatorAnswers {
    'GET /api/accounts': typeof accountList;
    'POST /api/accounts/:accountId/revoke': typeof revokeResponse;
    'POST /api/accounts/:accountId/reinstate': typeof reinstateResponse;
    'POST /api/accounts/:accountId/devices/:deviceId/revoke': typeof revokeResponse;
    'POST /api/accounts/:accountId/devices/:deviceId/reinstate': typeof reinstateResponse;
    'POST /api/accounts/:accountId/role': typeof roleResponse;
  }
}
