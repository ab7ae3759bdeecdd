import { createHash } from 'node:crypto';
import type { SipPhone } from '../../../contract/index.ts';

/** What is kept of a phone's password: HA1 of both digest algorithms (RFC 7616 section 3.4.2). */
export function digestSecrets(username: string, realm: string, password: string): SipPhone['ha1'] {
  const of = (algorithm: string) =>
    createHash(algorithm).update(`${username}:${realm}:${password}`).digest('hex');
  return { md5: of('md5'), sha256: of('sha256') };
}
