import type { TelephonyConfig } from '../../signaling/protocol/index.ts';
import type { IncomingCall } from '../sip/index.ts';

const MOST_CHARACTERS = 64;
/** As the protocol's names have it: control and bidirectional formatting characters (threat 23). */
const FORBIDDEN = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A name that may be shown, of what a phone says of itself. */
function shownName(text: string | undefined): string | undefined {
  const name = (text ?? '').replace(FORBIDDEN, '').trim();
  // Not in the middle of a character.
  return (
    [...name]
      .slice(0, MOST_CHARACTERS / 2)
      .join('')
      .trim() || undefined
  );
}

/** How a caller shows in the room: a registered phone as it is configured, others as they call themselves. */
export function callerName(
  { identity, remote, remoteUser, assertedIdentity }: IncomingCall,
  config: TelephonyConfig,
): string {
  if (identity.kind === 'user') {
    const phone = config.phones.find(({ username }) => username === identity.username);
    return phone?.displayName ?? identity.username;
  }
  const asserted = identity.kind === 'trunk' ? assertedIdentity?.displayName : undefined;
  return shownName(asserted) ?? shownName(remote.displayName) ?? shownName(remoteUser) ?? 'Phone';
}
