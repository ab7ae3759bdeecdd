import {
  encodeUser,
  formatNameAddr,
  type HeaderField,
  type NameAddr,
  NO_PARAMS,
  nameAddr,
  type SipUri,
} from '../message/index.ts';

/** How the caller of our calls is named at a trunk. */
export interface CallerSettings {
  /** Field with the caller's number, beside From. Default: none. */
  readonly header?: 'P-Asserted-Identity' | 'P-Preferred-Identity' | 'Remote-Party-ID' | undefined;
  /** Number in that field, unescaped. Default: the user part of From. */
  readonly number?: string | undefined;
  /** Replaces the display name of the call. */
  readonly displayName?: string | undefined;
  /** Value of Privacy. Default: no such field, or `id` for withheld calls. */
  readonly privacy?: 'none' | 'id' | 'header' | 'user' | undefined;
  /** Whether From is anonymous where the caller is hidden. Default true. */
  readonly anonymousFrom?: boolean | undefined;
}

export interface CallerFields {
  readonly from: NameAddr;
  readonly headers: readonly HeaderField[];
  /** Whether the caller's name and number are kept from the callee. */
  readonly hidden: boolean;
}

/** From of callers who withhold their identity (RFC 3323 §4.1.1.3). */
const ANONYMOUS: NameAddr = {
  displayName: 'Anonymous',
  uri: { scheme: 'sip', user: 'anonymous', host: 'anonymous.invalid', params: NO_PARAMS },
  params: NO_PARAMS,
};

/**
 * The fields that name the caller of an outgoing call: From, the identity for the provider (RFC 3325) and Privacy (RFC 3323).
 * `account`: our address at the callee's side.
 */
export function callerFields(
  account: SipUri,
  call: { readonly displayName?: string | undefined; readonly withheld?: boolean | undefined },
  settings: CallerSettings = {},
): CallerFields {
  const { header, number, anonymousFrom = true } = settings;
  const asked = settings.privacy;
  const privacy = call.withheld && (asked === undefined || asked === 'none') ? 'id' : asked;
  const hidden = privacy !== undefined && privacy !== 'none';
  // The provider has no use for the name of a person who is hidden from the callee.
  const name = hidden ? undefined : (settings.displayName ?? call.displayName);
  const headers: HeaderField[] = [];
  if (header) {
    const uri = number === undefined ? account : { ...account, user: encodeUser(number) };
    const identity = formatNameAddr(nameAddr(uri, name));
    const party =
      header === 'Remote-Party-ID' ? `;party=calling;screen=yes;privacy=${hidden ? 'full' : 'off'}` : '';
    headers.push([header.toLowerCase(), identity + party]);
  }
  if (privacy !== undefined) {
    headers.push(['privacy', privacy]);
  }
  return { from: hidden && anonymousFrom ? ANONYMOUS : nameAddr(account, name), headers, hidden };
}
