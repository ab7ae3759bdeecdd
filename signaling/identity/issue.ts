import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from './x509.ts';

/** WebCrypto parameters of the one signature algorithm that the deployment uses. */
export const EC_P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
export const ECDSA_SHA256 = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** The user id attribute (RFC 4519 §2.39). It holds an account's alias, so that subject names are unique. */
const UID = '0.9.2342.19200300.100.1.1';

export interface Issuer {
  certificate: X509Certificate;
  privateKey: CryptoKey;
}

export interface Validity {
  notBeforeMs: number;
  notAfterMs: number;
}

type Build = Validity & {
  subject: Name;
  publicKey: CryptoKey;
  issuer: Issuer | CryptoKey;
  extensions: Extension[];
};

/**
 * A distinguished name with a common name and, optionally, a user id and an organizational unit. All are UTF8Strings, whatever characters
 * they have.
 */
export function nameOf(commonName: string, userId?: string, unit?: string): Name {
  return new Name([
    ...(unit === undefined ? [] : [{ OU: [{ utf8String: unit }] }]),
    { CN: [{ utf8String: commonName }] },
    ...(userId === undefined ? [] : [{ [UID]: [{ utf8String: userId }] }]),
  ]);
}

/** Issues the deployment CA, which is self-signed. Below it are accounts (CAs) and server leaves; only leaves are below accounts. */
export function issueRoot(keys: CryptoKeyPair, subject: Name, validity: Validity): Promise<X509Certificate> {
  return build({
    ...validity,
    subject,
    publicKey: keys.publicKey,
    issuer: keys.privateKey,
    extensions: authorityExtensions(1),
  });
}

/**
 * Issues an account: a CA for the leaves of its devices. Its extended key usage prevents its holder from issuing server certificates,
 * which every TLS client that trusts the deployment CA would accept.
 */
export function issueAccount(
  issuer: Issuer,
  publicKey: CryptoKey,
  subject: Name,
  validity: Validity,
): Promise<X509Certificate> {
  return build({
    ...validity,
    subject,
    publicKey,
    issuer,
    extensions: [...authorityExtensions(0), new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
  });
}

/** Issues a leaf for the server itself, for TLS (with `hosts`) or for signing media keys. */
export function issueServer(
  issuer: Issuer,
  publicKey: CryptoKey,
  subject: Name,
  validity: Validity,
  hosts: { type: 'dns' | 'ip'; value: string }[] = [],
): Promise<X509Certificate> {
  return build({
    ...validity,
    subject,
    publicKey,
    issuer,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      ...(hosts.length > 0 ? [new SubjectAlternativeNameExtension(hosts)] : []),
    ],
  });
}

function authorityExtensions(pathLength: number): Extension[] {
  return [
    new BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
}

async function build({
  subject,
  publicKey,
  issuer,
  extensions,
  ...validity
}: Build): Promise<X509Certificate> {
  const selfSigned = !('certificate' in issuer);
  return X509CertificateGenerator.create({
    subject,
    issuer: selfSigned ? subject : issuer.certificate.subjectName,
    publicKey,
    signingKey: selfSigned ? issuer : issuer.privateKey,
    signingAlgorithm: ECDSA_SHA256,
    notBefore: new Date(validity.notBeforeMs),
    notAfter: new Date(validity.notAfterMs),
    extensions: [
      ...extensions,
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(selfSigned ? publicKey : issuer.certificate.publicKey),
    ],
  });
}
