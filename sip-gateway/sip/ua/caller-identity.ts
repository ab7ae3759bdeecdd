import { decodeUser, type Headers, type NameAddr, parseNameAddrs, SipParseError } from '../message/index.ts';

/** Privacy values of callers who withhold their identity. */
const WITHHOLDING = new Set(['id', 'user', 'header']);
/** The same in Remote-Party-ID, the predecessor of RFC 3325, which some trunks still use. */
const PARTY_WITHHELD = /;[ \t]*privacy[ \t]*=[ \t]*"?(?:full|name|uri)\b/i;

/**
 * The identity that the peer vouches for: P-Asserted-Identity, or else Remote-Party-ID. Trust it only from trunks. It may have two values,
 * a SIP and a tel URI, in one or two fields (RFC 3325 §9.1); the one with a display name is returned.
 */
export function assertedIdentity(headers: Headers): NameAddr | undefined {
  const asserted = headers.all('p-asserted-identity').flatMap(readIdentities);
  const identities =
    asserted.length > 0 ? asserted : headers.all('remote-party-id').flatMap(readIdentities).filter(isCalling);
  return identities.find(({ displayName }) => displayName !== undefined) ?? identities[0];
}

/** Whether the caller withholds name and number, by Privacy (RFC 3323 §4.2, RFC 3325 §7), Remote-Party-ID or an anonymous From. */
export function isWithheld(headers: Headers, { uri }: NameAddr): boolean {
  const values = headers.all('privacy').flatMap((value) => value.toLowerCase().split(/[;,\s]+/));
  if (values.some((value) => WITHHOLDING.has(value))) {
    return true;
  }
  if (headers.all('remote-party-id').some((value) => PARTY_WITHHELD.test(value))) {
    return true;
  }
  if (values.includes('none')) {
    return false;
  }
  const host = 'host' in uri ? uri.host : '';
  return host === 'anonymous.invalid' || decodeUser(uri).toLowerCase() === 'anonymous';
}

/** Remote-Party-ID also names called parties. */
function isCalling({ params }: NameAddr): boolean {
  return (params.get('party') ?? 'calling').toLowerCase() === 'calling';
}

/** Reads one field; none if it is malformed, so that other fields still count. */
function readIdentities(value: string): NameAddr[] {
  try {
    return parseNameAddrs(value);
  } catch (error) {
    if (error instanceof SipParseError) {
      return [];
    }
    throw error;
  }
}
