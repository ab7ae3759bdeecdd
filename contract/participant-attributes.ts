/** What a trunk says about its callers, such as a customer number, for applications. */
import { z } from 'zod';
import { displayableText } from './names.ts';

/** Maximum number of attributes of a participant. */
const MAX_ATTRIBUTES = 16;
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

/** Letters, digits and `_.-`; no name of a property that every object has. */
const attributeName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/)
  .refine((name) => !(name in {}), { error: 'choose another name' });

/** Values are untrusted text, up to 256 characters. */
export const participantAttributes = z
  .record(attributeName, z.string().max(256, { abort: true }).check(z.overwrite(displayableText)))
  .refine((attributes) => Object.keys(attributes).length <= MAX_ATTRIBUTES);
export type ParticipantAttributes = z.infer<typeof participantAttributes>;

/** Which header fields of a trunk's INVITEs become attributes of its callers. */
export const headerAttributes = z
  .array(
    z.object({
      header: z
        .string()
        .regex(/^[A-Za-z0-9-]{1,64}$/)
        .refine((name) => !RESERVED.has(name.toLowerCase()), { error: 'this field cannot be an attribute' }),
      attribute: attributeName,
    }),
  )
  .max(MAX_ATTRIBUTES);
export type HeaderAttributes = z.infer<typeof headerAttributes>;
