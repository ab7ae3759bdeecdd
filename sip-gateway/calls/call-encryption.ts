import type { SrtpUse } from '../../contract/index.ts';
import type { Srtp } from '../media/index.ts';
import type { LocalEncryption } from '../sip/index.ts';

/** What a call's encryption depends on, beside its phone or trunk. */
export interface EncryptionMeans {
  srtp: Srtp;
  /** Whether keys may be exchanged over SIP without TLS. */
  keysWithoutTls: boolean;
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
