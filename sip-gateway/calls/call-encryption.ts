import type { Dtls, Srtp } from '../media/index.ts';
import type { LocalEncryption } from '../sip/index.ts';
import type { CallSettings } from './call-settings.ts';

/** What a call's encryption depends on, beside its phone or trunk. */
export interface EncryptionMeans {
  srtp: Srtp;
  dtls: Dtls;
  /** Whether keys may be exchanged over SIP without TLS. */
  keysWithoutTls: boolean;
}

/**
 * What to offer and accept. Keys in the SDP are known to anyone who can read it, so they need TLS, unless the configuration allows otherwise.
 * A handshake (DTLS) keeps them from those who only listen, whatever SIP uses.
 */
export function localEncryption(
  { srtp: use, keying }: Pick<CallSettings, 'srtp' | 'keying'>,
  { srtp, dtls, keysWithoutTls }: EncryptionMeans,
  overTls: boolean,
): LocalEncryption {
  const none = (reason: string) => ({ use, keying, suites: [], reason });
  if (use === 'off') {
    return none('SRTP is off for this phone or trunk');
  }
  if (srtp.suites.length === 0) {
    return none('this server has no SRTP');
  }
  const { fingerprint } = dtls;
  if (!overTls && !keysWithoutTls) {
    const reason = `keys in the SDP need SIP over TLS${fingerprint === undefined ? ', and this server has no DTLS' : ''}`;
    return { ...none(reason), fingerprint };
  }
  return {
    use,
    keying,
    suites: srtp.suites,
    fingerprint,
    ...(fingerprint === undefined && { reason: 'this server has no DTLS' }),
  };
}
