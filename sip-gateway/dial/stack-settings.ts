import { MIN_PIN_DIGITS, type SipTrunk, type TelephonyConfig } from '../../contract/index.ts';
import { checkTrunk, type PasswordLookup, parseUri, SipParseError, type TrunkOptions } from '../sip/index.ts';

/**
 * The usable trunks, as configured and as options for the SIP stack. Invalid trunks, which an older version accepted, are skipped and
 * reported to `onRefused`, so that changes to the others still apply (threat 59).
 */
export function usableTrunks(
  { trunks }: Pick<TelephonyConfig, 'trunks'>,
  onRefused: (trunk: SipTrunk, error: SipParseError) => void,
): Array<{ trunk: SipTrunk; options: TrunkOptions }> {
  return trunks.flatMap((trunk) => {
    try {
      const options = optionsOf(trunk);
      checkTrunk(options);
      return [{ trunk, options }];
    } catch (error) {
      if (!(error instanceof SipParseError)) {
        throw error;
      }
      onRefused(trunk, error);
      return [];
    }
  });
}

function optionsOf({
  name,
  uri,
  domain,
  addresses,
  username,
  authUsername = username,
  password,
  realm,
  register,
  maxCalls,
  identity,
  limits,
  contacts,
  proxy,
  pingSeconds,
}: SipTrunk): TrunkOptions {
  return {
    id: name,
    uri,
    peers: addresses,
    maxCalls,
    // With an account at the trunk, that account is our identity (RFC 3261 §8.1.1.3).
    ...((domain !== undefined || username !== undefined || register) && { domain: domain ?? hostOf(uri) }),
    ...(authUsername !== undefined &&
      password !== undefined && {
        credentials: { username: authUsername, password, realm: realm ?? hostOf(uri) },
      }),
    ...(contacts && { contacts }),
    ...(proxy !== undefined && { proxy }),
    ...(pingSeconds !== undefined && { pingSeconds }),
    ...(identity && { caller: identity }),
    ...(limits?.callsPerSecond !== undefined && { callsPerSecond: limits.callsPerSecond }),
  };
}

/** Looks up a phone's digest secrets in the current settings. */
export function phoneLookup(config: () => Pick<TelephonyConfig, 'phones'>): PasswordLookup {
  return (username) => {
    const phone = config().phones.find((each) => each.username === username);
    return phone && { MD5: phone.ha1.md5, 'SHA-256': phone.ha1.sha256 };
  };
}

/** Rooms that have a PIN shorter than the minimum for new PINs. */
export function roomsWithShortPins({ pins, dialPlan }: Pick<TelephonyConfig, 'pins' | 'dialPlan'>): string[] {
  const ofRules = dialPlan.flatMap(({ action }) =>
    action.type === 'room' && action.pin !== undefined ? [{ pin: action.pin, roomId: action.roomId }] : [],
  );
  const short = [...pins, ...ofRules].filter(({ pin }) => pin.length < MIN_PIN_DIGITS);
  return [...new Set(short.map(({ roomId }) => roomId))].sort();
}

/** Host of a trunk's URI, the default for its domain and realm. */
export function hostOf(uri: string): string {
  const parsed = parseUri(uri);
  return 'host' in parsed ? parsed.host : '';
}
