import type { SrtpUse, TelephonyConfig } from '../../contract/index.ts';
import type { OutgoingTarget } from '../dial/index.ts';
import type { Srtp } from '../media/index.ts';
import type { CallerIdentity, LocalEncryption } from '../sip/index.ts';

/** What a call's encryption depends on, beside its phone or trunk. */
export interface EncryptionMeans {
  srtp: Srtp;
  /** Whether keys may be exchanged over SIP without TLS. */
  keysWithoutTls: boolean;
}

/** The setting for a caller or callee. Callers without an account, and phones that are not configured here, have the default. */
export function srtpUse(
  { phones, trunks }: Pick<TelephonyConfig, 'phones' | 'trunks'>,
  { phone, trunk }: { phone?: string | undefined; trunk?: string | null | undefined },
): SrtpUse {
  const found =
    phone === undefined
      ? trunks.find(({ name }) => name === trunk)
      : phones.find(({ username }) => username === phone);
  return found?.srtp ?? 'preferred';
}

/** The same for the callee of an outgoing call. */
export function calleeSrtpUse(config: TelephonyConfig, { trunk, number }: OutgoingTarget): SrtpUse {
  return srtpUse(config, trunk === null ? { phone: number } : { trunk });
}

/** The same for the caller of an incoming call. */
export function callerSrtpUse(config: TelephonyConfig, identity: CallerIdentity): SrtpUse {
  return srtpUse(config, {
    phone: identity.kind === 'user' ? identity.username : undefined,
    trunk: identity.kind === 'trunk' ? identity.trunkId : undefined,
  });
}

/**
 * What to offer and accept. The keys are in the SDP, so anyone who can read it can decrypt the call: without TLS there is no encryption,
 * unless the configuration allows it.
 */
export function localEncryption(
  use: SrtpUse,
  { srtp, keysWithoutTls }: EncryptionMeans,
  overTls: boolean,
): LocalEncryption {
  const none = (reason: string) => ({ use, suites: [], reason });
  if (use === 'off') {
    return none('SRTP is off for this phone or trunk');
  }
  if (srtp.suites.length === 0) {
    return none('this server has no SRTP');
  }
  if (!overTls && !keysWithoutTls) {
    return none('its keys need SIP over TLS');
  }
  return { use, suites: srtp.suites };
}
