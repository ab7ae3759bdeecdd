import { CanopyError } from '../../base/errors/index.ts';
import { DerReader, TAG } from '../../contract/x509/index.ts';
import { EC_P256 } from './issue.ts';
import { Pkcs10CertificateRequest } from './x509.ts';

const MAX_CSR_BYTES = 3072;

/**
 * Takes the key out of an account's certificate request: PKCS#10 (RFC 2986), P-256, signed by itself with SHA-256. What else it
 * asks for is ignored. Errors: `CSR_INVALID`.
 */
export async function accountKeyOf(csrDer: Uint8Array): Promise<CryptoKey> {
  if (csrDer.length > MAX_CSR_BYTES) {
    throw new CanopyError('CSR_INVALID', 'too large');
  }
  let key: CryptoKey;
  try {
    DerReader.single(new Uint8Array(csrDer), TAG.sequence);
    const request = new Pkcs10CertificateRequest(new Uint8Array(csrDer));
    const { hash } = request.signatureAlgorithm as { hash?: { name: string } };
    key = await request.publicKey.export(EC_P256, ['verify']);
    if (hash?.name !== 'SHA-256' || !(await request.verify())) {
      throw new Error('not signed by its own key');
    }
  } catch (cause) {
    throw new CanopyError('CSR_INVALID', 'must be PKCS#10 with P-256 and SHA-256, signed with its own key', {
      cause,
    });
  }
  return key;
}
