/** Bodies of the REST API for tokens. */
import { z } from 'zod';
import { displayName, roomId, scope } from '../../../contract/index.ts';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 365;
const MAX_DAYS = 3650;

const unixMs = z.number().describe('Unix time in milliseconds.');

export const tokenRequest = z.object({
  name: displayName.describe('What the token is for; no other token has this name.'),
  scopes: z.array(scope).min(1).max(100),
  rooms: z
    .array(roomId)
    .min(1)
    .max(100)
    .optional()
    .describe('The only rooms that it reaches: requests whose path does not name one of them are refused.'),
  expiresInDays: z
    .number()
    .positive()
    .max(MAX_DAYS)
    .nullable()
    .default(DEFAULT_DAYS)
    .describe(`Default ${DEFAULT_DAYS}; null: it never expires.`),
});

export const tokenInfo = z.object({
  tokenId: z.uuid(),
  name: z.string(),
  scopes: z.array(z.string()),
  rooms: z.array(z.string()).nullable().describe('The only rooms that it reaches; null: no restriction.'),
  createdBy: z.string().describe('Name of the token that created it, or `api.key`.'),
  createdAtMs: unixMs,
  expiresAtMs: unixMs.nullable(),
  lastUsedAtMs: unixMs.nullable().describe('Unix time in milliseconds, to the minute.'),
});
export type TokenInfo = z.infer<typeof tokenInfo>;

export const tokenList = z.object({ tokens: z.array(tokenInfo) });
export const createdToken = tokenInfo.extend({
  token: z.string().describe('The secret: `canopy_` and 43 characters. It cannot be shown again.'),
});
export const revokedToken = z.object({ name: z.string() });
export const tokenParams = z.object({ tokenId: z.uuid() });

/** When a token with this request expires, Unix time in milliseconds; null: never. */
export function expiryOf({ expiresInDays }: z.output<typeof tokenRequest>, nowMs: number): number | null {
  return expiresInDays === null ? null : nowMs + Math.round(expiresInDays * DAY_MS);
}
