import { CanopyError } from '../../../contract/light.ts';
import { type Certificate, parseCertificate } from '../../../contract/x509/index.ts';
import { type Bytes, fromBase64 } from '../bytes.ts';

export type { Certificate } from '../../../contract/x509/index.ts';

/** Parses a certificate, base64 DER. @throws {CanopyError} CERT_MALFORMED, CERT_NONCONFORMING, CERT_UNSUPPORTED */
export function readCertificate(base64: string): Certificate {
  let der: Bytes;
  try {
    der = fromBase64(base64);
  } catch (cause) {
    throw new CanopyError('CERT_MALFORMED', 'not base64', { cause });
  }
  return parseCertificate(der);
}
