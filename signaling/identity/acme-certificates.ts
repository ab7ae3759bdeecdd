import { createHash } from 'node:crypto';
import { toPem } from './chain-codec.ts';
import { EC_P256, ECDSA_SHA256 } from './issue.ts';
import {
  Extension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from './x509.ts';

/** acmeIdentifier (RFC 8737, section 3). */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
const DAY_MS = 86_400_000;

/** Requests a certificate for these names with a new P-256 key. */
export async function newTlsRequest(domains: readonly string[]): Promise<{ csr: Uint8Array; key: string }> {
  const keys = await crypto.subtle.generateKey(EC_P256, true, ['sign', 'verify']);
  const csr = await Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: ECDSA_SHA256,
    extensions: [alternativeNames(domains)],
  });
  return { csr: new Uint8Array(csr.rawData), key: await pemOf(keys.privateKey) };
}

/** The certificate that proves control of a name to an ACME authority, by the challenge tls-alpn-01 (RFC 8737, section 3). */
export async function challengeCertificate(
  domain: string,
  keyAuthorization: string,
): Promise<{ cert: string; key: string }> {
  const keys = await crypto.subtle.generateKey(EC_P256, true, ['sign', 'verify']);
  const digest = createHash('sha256').update(keyAuthorization).digest();
  // DER of an OCTET STRING of 32 bytes.
  const identifier = Buffer.concat([Buffer.from([0x04, digest.length]), digest]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=acme challenge',
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    keys,
    signingAlgorithm: ECDSA_SHA256,
    extensions: [
      alternativeNames([domain]),
      new Extension(ACME_IDENTIFIER, true, new Uint8Array(identifier)),
    ],
  });
  return {
    cert: toPem(new Uint8Array(certificate.rawData), 'CERTIFICATE'),
    key: await pemOf(keys.privateKey),
  };
}

function alternativeNames(domains: readonly string[]): SubjectAlternativeNameExtension {
  return new SubjectAlternativeNameExtension(domains.map((value) => ({ type: 'dns' as const, value })));
}

async function pemOf(key: CryptoKey): Promise<string> {
  return toPem(new Uint8Array(await crypto.subtle.exportKey('pkcs8', key)), 'PRIVATE KEY');
}
