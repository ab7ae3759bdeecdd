import type { SipPhone, TelephonyConfig } from '../../contract/index.ts';
import type { OutgoingTarget } from '../dial/index.ts';
import type { CallerIdentity } from '../sip/index.ts';

/** What the phone or trunk of a call is set to. */
export type CallSettings = Pick<SipPhone, 'srtp' | 'keying' | 'ice'>;

const DEFAULTS: CallSettings = { srtp: 'preferred', keying: 'sdes', ice: 'accept' };

/** Callers without an account, and phones that are not configured here, have the defaults. */
export function callSettings(
  { phones, trunks }: Pick<TelephonyConfig, 'phones' | 'trunks'>,
  { phone, trunk }: { phone?: string | undefined; trunk?: string | null | undefined },
): CallSettings {
  const found =
    phone === undefined
      ? trunks.find(({ name }) => name === trunk)
      : phones.find(({ username }) => username === phone);
  const { srtp, keying, ice } = found ?? DEFAULTS;
  return { srtp, keying, ice };
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
