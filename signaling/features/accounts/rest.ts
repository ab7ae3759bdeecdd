/** Bodies of the REST API for accounts. Every one wants the API key, as those for phones do. */
import { z } from 'zod';
import { role, sha256Hex } from '../../../contract/index.ts';

const unixMs = z.number().describe('Unix time in milliseconds.');

const deviceInfo = z.object({
  deviceId: sha256Hex,
  firstSeenAtMs: unixMs,
  lastSeenAtMs: unixMs,
  /** The client's self-reported name. Null if it gives none, or has not signed in since this was recorded. */
  userAgent: z.string().nullable(),
  /** Whether this device itself was revoked; the devices of a revoked account are shut out with it. */
  revoked: z.boolean(),
});

export const accountInfo = z.object({
  accountId: sha256Hex,
  displayName: z.string(),
  role,
  /** By invitation, or by a certificate of a company's PKI. */
  source: z.enum(['invite', 'pki']),
  /** With a company's PKI: when it signed in first. */
  enrolledAtMs: unixMs,
  lastSeenAtMs: unixMs.nullable(),
  revoked: z.boolean(),
  /** Those that have signed in, the latest 64 at most, the last one first. */
  devices: z.array(deviceInfo),
});

export const accountQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  /** Only accounts that come after this one in the list. For the next page: `accountId` of the last one. */
  before: sha256Hex.optional(),
});
export const accountList = z.object({ accounts: z.array(accountInfo) });

export const accountParams = z.object({ accountId: sha256Hex });
export const accountDeviceParams = accountParams.extend({ deviceId: sha256Hex });

export const revokeResponse = z.object({
  /** Connections that ended by it. */
  connectionsEnded: z.int(),
});

export const roleRequest = z.object({ role: z.enum(['admin', 'member', 'guest']) });
export const roleResponse = z.object({ accountId: sha256Hex, role });

export type AccountInfo = z.infer<typeof accountInfo>;
