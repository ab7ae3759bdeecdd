/** Bodies of the REST API for accounts. Every request needs the API key. */
import { z } from 'zod';
import { role, sha256Hex } from '../../../contract/index.ts';

const unixMs = z.number().describe('Unix time in milliseconds.');

const deviceInfo = z.object({
  deviceId: sha256Hex,
  /** The name that its user gave it; null if none. */
  name: z.string().nullable(),
  firstSeenAtMs: unixMs,
  lastSeenAtMs: unixMs,
  /** The client's self-reported name. Null if it gives none, or has not signed in since this was recorded. */
  userAgent: z.string().nullable(),
  /** Whether this device itself was revoked. The devices of a revoked account are refused in any case. */
  revoked: z.boolean(),
});

export const accountInfo = z.object({
  accountId: sha256Hex,
  displayName: z.string(),
  role,
  /** Admitted by an invitation, by a certificate of a company's PKI, or from the lobby of a room to which nobody had invited them. */
  source: z.enum(['invite', 'pki', 'tofu']),
  /** With a company's PKI: when it first signed in. */
  enrolledAtMs: unixMs,
  lastSeenAtMs: unixMs.nullable(),
  revoked: z.boolean(),
  /** Devices that have signed in, last seen first; at most 64. */
  devices: z.array(deviceInfo),
});

export const accountQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  /** Only accounts after this one in the list. For the next page: the `accountId` of the last one. */
  before: sha256Hex.optional(),
});
export const accountList = z.object({ accounts: z.array(accountInfo) });

export const accountParams = z.object({ accountId: sha256Hex });
export const accountDeviceParams = accountParams.extend({ deviceId: sha256Hex });

export const revokeResponse = z.object({
  /** Number of connections this ended. */
  connectionsEnded: z.int(),
});

export const reinstateResponse = z.object({
  /** Whether it was revoked before. */
  reinstated: z.boolean(),
});

export const roleRequest = z.object({ role: z.enum(['admin', 'member', 'guest']) });
export const roleResponse = z.object({ accountId: sha256Hex, role });

export type AccountInfo = z.infer<typeof accountInfo>;
