/** Creates PKCS#10 requests and device certificates. Loaded only while enrolling, since the X.509 library is large. */
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { randomBytes, toBase64, toHex } from '../bytes.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * When device certificates expire, unless their account's does so earlier, in milliseconds. A program may run for months without anything
 * that renews its certificate.
 */
export const DEVICE_AGE_MS = { browser: 180 * DAY_MS, program: 365 * DAY_MS } as const;

/** Encodes the name as a UTF8String. Plain text would be parsed for escapes (`#`); the library's type lacks this documented form. */
function nameOf(displayName: string): JsonName {
  return [{ CN: [{ utf8String: displayName }] }] as unknown as JsonName;
}

/** Creates a request for an account's CA certificate, base64 DER, signed by the account's key (RFC 2986). */
export async function createCsr(keys: CryptoKeyPair, displayName: string): Promise<string> {
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: nameOf(displayName),
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  return toBase64(new Uint8Array(csr.rawData));
}

export interface DeviceCertificateRequest {
  /** The account's certificate, base64 DER. */
  account: string;
  accountKey: CryptoKey;
  devicePublicKey: CryptoKey;
  displayName: string;
  /** Default DEVICE_AGE_MS.browser. */
  maxAgeMs?: number;
}

/** Issues a device certificate under an account, base64 DER: clientAuth only, within the account's validity. */
export async function issueDeviceCertificate({
  account,
  accountKey,
  devicePublicKey,
  displayName,
  maxAgeMs = DEVICE_AGE_MS.browser,
}: DeviceCertificateRequest): Promise<string> {
  const issuer = new X509Certificate(account);
  // The account's own notBefore, which the server chose: this device's clock may be ahead of the server's.
  const notBefore = issuer.notBefore;
  const notAfter = new Date(Math.min(issuer.notAfter.getTime(), Date.now() + maxAgeMs));
  const serial = randomBytes(16);
  // A serial number is positive and begins with a non-zero byte (RFC 5280 section 4.1.2.2).
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: toHex(serial),
    issuer: issuer.subjectName,
    subject: nameOf(displayName),
    notBefore,
    notAfter,
    publicKey: devicePublicKey,
    signingKey: accountKey,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      await SubjectKeyIdentifierExtension.create(devicePublicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return toBase64(new Uint8Array(certificate.rawData));
}
