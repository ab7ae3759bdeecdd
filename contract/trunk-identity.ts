/** How the caller of a call is named at a trunk, in both directions. */
import { z } from 'zod';
import { displayName } from './common.ts';

/** A telephone number or another user part, as a SIP message has it. */
const userPart = z.string().regex(/^[A-Za-z0-9*#+_.~-]{1,64}$/);

export const trunkIdentity = z.object({
  /** Header field with the number and name of our calls, beside From. Default: none. */
  header: z.enum(['P-Asserted-Identity', 'P-Preferred-Identity', 'Remote-Party-ID']).optional(),
  /** Number in that field, and in Diversion where one of our phones forwards a call. Default: the user part of From. */
  number: userPart.optional(),
  /** Name of the caller in our calls. Default: the person who calls, and the room. */
  displayName: displayName.optional(),
  /**
   * Value of Privacy in our calls (RFC 3323, RFC 3325). Default: no such field; `id` for calls that are placed withheld. `id`, `header` and
   * `user` make From anonymous, unless `anonymousFrom` is false.
   */
  privacy: z.enum(['none', 'id', 'header', 'user']).optional(),
  /** Whether From is anonymous where Privacy hides the caller. Turn it off only for a provider that identifies its customers by From. */
  anonymousFrom: z.boolean().default(true),
  /** Header field that names who forwarded a call. */
  forwarded: z.enum(['Diversion', 'History-Info', 'both', 'none']).default('Diversion'),
  /**
   * Whether the trunk's P-Asserted-Identity or Remote-Party-ID, rather than From, is the number of its callers. Only for a trunk that checks
   * these fields or sets them itself.
   */
  trustAsserted: z.boolean().default(false),
});
export type TrunkIdentity = z.infer<typeof trunkIdentity>;
