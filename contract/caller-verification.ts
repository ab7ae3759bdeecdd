/** Whether a trunk's callers may use the numbers that they show (STIR/SHAKEN). */
import { z } from 'zod';
import { cleanText } from './common.ts';
import { storable } from './names.ts';

/** A host of `info` URLs, with a port unless it is 443. */
const certificateHost = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/, {
    error: 'write a host, such as certificates.example',
  });

export const stirShaken = z.object({
  /** Hosts that certificates are fetched from, over HTTPS. Other certificates are not fetched: such calls are `unverified`. */
  certificateHosts: z.array(certificateHost).max(64).default([]),
  /** The authorities that these certificates must be issued by: PEM, one or several. */
  trustedCa: z.string().max(200_000).optional(),
  /** Whether the trunk's own verdict (`verstat` in P-Asserted-Identity or From) counts. Only for a trunk that sets or removes it itself. */
  trustVerstat: z.boolean().default(false),
  /** Whether calls without a signature, or with one that does not verify, are refused (RFC 8224 §6.2.2). */
  required: z.boolean().default(false),
});
export type StirShaken = z.infer<typeof stirShaken>;

/** How far the caller's operator vouches for the number: `A` fully, `B` it knows the customer, `C` it only passes the call on (RFC 8588 §4). */
export const attestation = z.enum(['A', 'B', 'C']);
export type Attestation = z.infer<typeof attestation>;

/** What is known about a caller's number. */
export const callerVerification = z.object({
  /** `unverified`: there is a signature, but its certificate may not be fetched. */
  result: z.enum(['passed', 'failed', 'unverified']),
  /** As signed or reported; of an `unverified` call, as claimed. */
  attestation: attestation.optional(),
  /** Who verified it: Canopy, or the trunk. */
  by: z.enum(['canopy', 'trunk']),
  /** Identifies the customer or gateway at the caller's operator, for complaints. */
  origId: cleanText(64, storable).optional(),
  /** Why it failed or was not verified. */
  reason: cleanText(200, storable).optional(),
});
export type CallerVerification = z.infer<typeof callerVerification>;

/** The attribute of a participant that has the verdict, in the words of 3GPP TS 24.229: `TN-Validation-Passed-A`. */
export const VERSTAT = 'verstat';

/** The value of that attribute. */
export function verstatOf({ result, attestation: level }: CallerVerification): string {
  switch (result) {
    case 'passed':
      return level === undefined ? 'TN-Validation-Passed' : `TN-Validation-Passed-${level}`;
    case 'failed':
      return 'TN-Validation-Failed';
    case 'unverified':
      return 'No-TN-Validation';
  }
}
