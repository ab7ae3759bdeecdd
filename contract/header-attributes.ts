/** Which header fields of a trunk's INVITEs become attributes of its callers. */
import { z } from 'zod';
import { VERSTAT } from './caller-verification.ts';
import { attributeName, MAX_ATTRIBUTES } from './common.ts';

/** Header fields with settings of their own, or that are not for others' eyes. */
const RESERVED = new Set([
  'authorization',
  'proxy-authorization',
  'from',
  'f',
  'contact',
  'm',
  'via',
  'v',
  'identity',
  'p-asserted-identity',
  'p-preferred-identity',
  'remote-party-id',
  'privacy',
]);

export const headerAttributes = z
  .array(
    z.object({
      header: z
        .string()
        .regex(/^[A-Za-z0-9-]{1,64}$/)
        .refine((name) => !RESERVED.has(name.toLowerCase()), { error: 'this field cannot be an attribute' }),
      attribute: attributeName.refine((name) => name !== VERSTAT, { error: 'choose another name' }),
    }),
  )
  // One more is the verdict about the number.
  .max(MAX_ATTRIBUTES - 1);
export type HeaderAttributes = z.infer<typeof headerAttributes>;
