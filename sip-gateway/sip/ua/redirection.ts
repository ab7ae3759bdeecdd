import {
  addressesOf,
  formatNameAddr,
  type NameAddr,
  SipParseError,
  type SipResponse,
  type Uri,
} from '../message/index.ts';

/** Where a callee wants to be called instead (RFC 3261 §21.3). Untrusted: follow it only as the dial plan permits. */
export interface Redirection {
  /** Best first. */
  readonly contacts: readonly Uri[];
  /** The response's Diversion values (RFC 5806), the latest diversion first. */
  readonly diversions: readonly string[];
}

/** 305 (Use Proxy) and 380 (Alternative Service) are not followed. */
const REDIRECTS = new Set([300, 301, 302]);
const MAX_CONTACTS = 10;
const MAX_DIVERSIONS = 5;
/** Maximum length in characters of a Diversion value. */
const MAX_LENGTH = 256;

/** Reads a redirection; undefined if the response is none or has no usable Contact. */
export function redirectionOf(response: SipResponse | undefined): Redirection | undefined {
  if (!response || !REDIRECTS.has(response.status)) {
    return undefined;
  }
  const contacts = addresses(response, 'contact')
    .map((address) => ({ uri: address.uri, q: preference(address) }))
    .sort((one, other) => other.q - one.q)
    .map(({ uri }) => uri)
    .filter(({ scheme }) => scheme !== 'other')
    .slice(0, MAX_CONTACTS);
  const diversions = addresses(response, 'diversion')
    .map(formatNameAddr)
    .filter((text) => text.length <= MAX_LENGTH)
    .slice(0, MAX_DIVERSIONS);
  return contacts.length === 0 ? undefined : { contacts, diversions };
}

/** None if one is malformed. */
function addresses({ headers }: SipResponse, name: string): NameAddr[] {
  try {
    return addressesOf(headers, name);
  } catch (error) {
    if (error instanceof SipParseError) {
      return [];
    }
    throw error;
  }
}

function preference({ params }: NameAddr): number {
  const q = Number(params.get('q') ?? 1);
  return q >= 0 && q <= 1 ? q : 0;
}
