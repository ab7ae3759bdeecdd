import { displayable, numberFromTrunk, type TelephonyConfig } from '../../contract/index.ts';
import { trunkOf } from '../dial/index.ts';
import {
  encodeUser,
  formatUri,
  type IncomingCall,
  type NameAddr,
  NO_PARAMS,
  numberOrUser,
} from '../sip/index.ts';

const ANONYMOUS = 'Anonymous';
/** Replaces the address of a caller who withholds it (RFC 3323 §4.1.1.3). */
const ANONYMOUS_URI = 'sip:anonymous@anonymous.invalid';

/** A displayable form of a name that a phone sent (threat 23). */
function displayName(text: string | undefined): string | undefined {
  return displayable(text ?? '') || undefined;
}

/**
 * The caller, as far as it may be shown: the number that its trunk vouches for if that is trusted to, or else From, in E.164 form if the
 * trunk's settings give it one. Undefined if the caller withholds it.
 */
export function callerParty(
  {
    identity,
    remote,
    assertedIdentity,
    withheld,
  }: Pick<IncomingCall, 'identity' | 'remote' | 'assertedIdentity' | 'withheld'>,
  config: Pick<TelephonyConfig, 'trunks'>,
): NameAddr | undefined {
  if (withheld) {
    return undefined;
  }
  const trunk = trunkOf(config, identity);
  const party = (trunk?.identity?.trustAsserted ? assertedIdentity : undefined) ?? remote;
  const { uri } = party;
  const number = numberOrUser(uri);
  const full = numberFromTrunk(number, trunk?.numbers);
  if (full === number) {
    return party;
  }
  return {
    ...party,
    uri:
      'host' in uri ? { ...uri, user: encodeUser(full) } : { scheme: 'tel', number: full, params: NO_PARAMS },
  };
}

/** The caller's address in the call history. */
export function callerAddress(
  call: Pick<IncomingCall, 'identity' | 'remote' | 'assertedIdentity' | 'withheld'>,
  config: Pick<TelephonyConfig, 'trunks'>,
): string {
  const party = callerParty(call, config);
  return party ? formatUri(party.uri) : ANONYMOUS_URI;
}

/**
 * The caller's name in the room: the account's name for registered phones, the name given by any other caller, "Anonymous" for callers
 * who withhold it.
 */
export function callerName(
  call: Pick<IncomingCall, 'identity' | 'remote' | 'assertedIdentity' | 'withheld'>,
  config: Pick<TelephonyConfig, 'phones' | 'trunks'>,
): string {
  const { identity, remote, assertedIdentity } = call;
  const party = callerParty(call, config);
  if (!party) {
    return ANONYMOUS;
  }
  if (identity.kind === 'user') {
    const phone = config.phones.find(({ username }) => username === identity.username);
    return phone?.displayName ?? identity.username;
  }
  const asserted = identity.kind === 'trunk' ? assertedIdentity?.displayName : undefined;
  return (
    displayName(asserted) ??
    displayName(remote.displayName) ??
    displayName(numberOrUser(party.uri)) ??
    'Phone'
  );
}
