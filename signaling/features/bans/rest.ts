/** Bodies of the REST API for bans. */
import { z } from 'zod';
import { roomParams, sha256Hex } from '../../../contract/index.ts';

export const ban = z.object({
  accountId: sha256Hex,
  displayName: z
    .string()
    .describe(
      'The name at the time of the ban; empty if nobody said it, or the account has been deleted since.',
    ),
  bannedBy: z
    .object({ accountId: sha256Hex, displayName: z.string() })
    .nullable()
    .describe('The moderator; null: the operator, or an account that has been deleted since.'),
  bannedAtMs: z.number().describe('Unix time in milliseconds.'),
  link: z
    .boolean()
    .describe('Whether the link that the account enrolled with admits nobody new to the room.'),
});
export type Ban = z.infer<typeof ban>;

export const banList = z.object({ bans: z.array(ban) });
export const banRequest = z.object({ accountId: sha256Hex, link: z.boolean().default(false) });
export const banParams = roomParams.extend({ accountId: sha256Hex });
