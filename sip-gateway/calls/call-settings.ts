import type { SipPhone, SipTrunk, TelephonyConfig } from '../../contract/index.ts';
import type { CodecName } from '../codecs/index.ts';
import type { OutgoingTarget } from '../dial/index.ts';
import type { CallerIdentity } from '../sip/index.ts';
import type { KeyWay } from './keypad.ts';

/** What the phone or trunk of a call is set to. */
export type CallSettings = Pick<SipPhone, 'srtp' | 'keying' | 'ice'> & Pick<SipTrunk, 'codecs' | 'dtmf'>;

const KEY_WAYS: Record<NonNullable<SipTrunk['dtmf']>, ReadonlySet<KeyWay>> = {
  auto: new Set(['event', 'tone', 'info']),
  rfc4733: new Set(['event']),
  info: new Set(['info']),
  inband: new Set(['tone']),
};
const DEFAULTS: CallSettings = { srtp: 'preferred', keying: 'sdes', ice: 'accept' };

/** Callers without an account, and phones that are not configured here, have the defaults. */
export function callSettings(
  { phones, trunks }: Pick<TelephonyConfig, 'phones' | 'trunks'>,
  { phone, trunk }: { phone?: string | undefined; trunk?: string | null | undefined },
): CallSettings {
  if (phone !== undefined) {
    const { srtp, keying, ice } = phones.find(({ username }) => username === phone) ?? DEFAULTS;
    return { srtp, keying, ice };
  }
  const { srtp, keying, ice, codecs, dtmf } = trunks.find(({ name }) => name === trunk) ?? DEFAULTS;
  return { srtp, keying, ice, ...(codecs && { codecs }), ...(dtmf && { dtmf }) };
}

/** The codecs of a call, best first. A setting without any of the server's codecs does not count. */
export function callCodecs({ codecs }: CallSettings, server: readonly CodecName[]): readonly CodecName[] {
  const chosen = codecs?.filter((name) => server.includes(name)) ?? [];
  return chosen.length === 0 ? server : chosen;
}

/** The ways in which keys count. */
export function keyWays({ dtmf = 'auto' }: CallSettings): ReadonlySet<KeyWay> {
  return KEY_WAYS[dtmf];
}

/** The settings for the callee of an outgoing call. */
export function calleeSettings(config: TelephonyConfig, { trunk, number }: OutgoingTarget): CallSettings {
  return callSettings(config, trunk === null ? { phone: number } : { trunk });
}

/** The settings for the caller of an incoming call. */
export function callerSettings(config: TelephonyConfig, identity: CallerIdentity): CallSettings {
  return callSettings(config, {
    phone: identity.kind === 'user' ? identity.username : undefined,
    trunk: identity.kind === 'trunk' ? identity.trunkId : undefined,
  });
}
