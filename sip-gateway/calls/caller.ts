import { displayable, type TelephonyConfig } from '../../contract/index.ts';
import type { IncomingCall } from '../sip/index.ts';

const ANONYMOUS = 'Anonymous';
/** Replaces the address of a caller who withholds it (RFC 3323 §4.1.1.3). */
const ANONYMOUS_URI = 'sip:anonymous@anonymous.invalid';

/** A displayable form of a name that a phone sent (threat 23). */
function displayName(text: string | undefined): string | undefined {
  return displayable(text ?? '') || undefined;
}

/** The caller's address in the call history. */
export function callerAddress({ withheld, remoteUri }: Pick<IncomingCall, 'withheld' | 'remoteUri'>): string {
  return withheld ? ANONYMOUS_URI : remoteUri;
}

/**
 * The caller's name in the room: the account's name for registered phones, the name given by any other caller, "Anonymous" for callers
 * who withhold it.
 */
export function callerName(
  {
    identity,
    remote,
    remoteUser,
    assertedIdentity,
    withheld,
  }: Pick<IncomingCall, 'identity' | 'remote' | 'remoteUser' | 'assertedIdentity' | 'withheld'>,
  config: Pick<TelephonyConfig, 'phones'>,
): string {
  if (withheld) {
    return ANONYMOUS;
  }
  if (identity.kind === 'user') {
    const phone = config.phones.find(({ username }) => username === identity.username);
    return phone?.displayName ?? identity.username;
  }
  const asserted = identity.kind === 'trunk' ? assertedIdentity?.displayName : undefined;
  return displayName(asserted) ?? displayName(remote.displayName) ?? displayName(remoteUser) ?? 'Phone';
}
