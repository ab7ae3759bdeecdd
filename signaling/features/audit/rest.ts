/** Bodies of the REST API for the audit log. */
import { z } from 'zod';
import { roomId } from '../../../contract/index.ts';

const unixMs = z.number().describe('Unix time in milliseconds.');
const id = z.string().max(64);

const actorKind = z.enum(['account', 'token', 'operator', 'system', 'stranger']);

export const auditQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  before: z
    .string()
    .regex(/^[0-9a-f]{1,32}$/)
    .optional()
    .describe('Only entries before this one. For the next page: the `entryId` of the last one.'),
  action: z
    .string()
    .regex(/^[A-Za-z.]{1,64}\*?$/)
    .optional()
    .describe('A name, e.g. `ban.add`; with `*` at its end, all that begin with the rest.'),
  actor: actorKind.optional().describe('Who acted, by kind.'),
  actorId: id.optional().describe('The account or token that acted.'),
  accountId: id.optional().describe('The account that it was done to.'),
  roomId: roomId.optional(),
  outcome: z
    .string()
    .regex(/^[A-Za-z_]{1,64}$/)
    .optional()
    .describe('`ok`, or an error code.'),
  since: z.coerce.number().min(0).optional().describe('Unix time in milliseconds.'),
  until: z.coerce.number().min(0).optional().describe('Unix time in milliseconds.'),
});

export const auditEntry = z.object({
  entryId: z.string(),
  atMs: unixMs,
  actor: z.object({
    kind: actorKind.describe(
      '`account`: someone with an account; `token`: an API token; `operator`: the key in `api.key` or the command line; `system`: the server itself; `stranger`: no valid key or token.',
    ),
    id: z.string().nullable().describe('An account or token; a pseudonym if the account has been deleted.'),
    name: z.string().nullable(),
    deviceId: z.string().nullable(),
    address: z.string().nullable().describe('IP address.'),
  }),
  action: z.string().describe('Name of the request, e.g. `ban.add`.'),
  outcome: z.string().describe('`ok`, or an error code.'),
  roomId: z.string().nullable(),
  accountId: z.string().nullable().describe('The account that it was done to.'),
  details: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('Chosen values; `fields`: names of further fields in the request.'),
  count: z
    .int()
    .describe('How often it happened within a minute: refusals, and what came in a flood, are counted.'),
});
export type AuditEntry = z.infer<typeof auditEntry>;

export const auditList = z.object({ entries: z.array(auditEntry) });
