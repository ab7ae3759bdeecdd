import type { Attestation, CallerVerification } from '../../contract/index.ts';

/** In a tel URI, in the user part of a SIP URI that was one, or as a parameter of either. */
const VERSTAT = /;[ \t]*verstat[ \t]*=[ \t]*"?([A-Za-z-]{1,64})/i;
const PASSED = /^TN-Validation-Passed(?:-([ABC]))?$/i;
const FAILED = /^TN-Validation-Failed(?:-[ABC])?$/i;

/**
 * What a trunk says about its caller's number: `verstat` in P-Asserted-Identity, or else in From (3GPP TS 24.229 §7.2A.20, ATIS-1000082).
 * Undefined if it says nothing.
 *
 * @param fields values of P-Asserted-Identity, then of From
 */
export function readVerstat(fields: readonly string[]): CallerVerification | undefined {
  const [value] = fields.flatMap((field) => VERSTAT.exec(field)?.[1] ?? []);
  if (value === undefined) {
    return undefined;
  }
  const passed = PASSED.exec(value);
  if (passed) {
    const level = passed[1]?.toUpperCase() as Attestation | undefined;
    return { result: 'passed', by: 'trunk', ...(level && { attestation: level }) };
  }
  return FAILED.test(value) ? { result: 'failed', by: 'trunk', reason: value } : undefined;
}
