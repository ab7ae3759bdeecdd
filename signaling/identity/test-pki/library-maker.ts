import { fromPem, toPem } from '../chain-codec.ts';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
  X509CrlReason,
} from '../x509.ts';
import type { CertificateSpec, CrlSpec, ExtensionSpec, KeyKind, Made, Maker } from './types.ts';

type KeyAlgorithmParameters = { name: string; namedCurve?: string; modulusLength?: number };

const RSA = { name: 'RSASSA-PKCS1-v1_5', publicExponent: new Uint8Array([1, 0, 1]) };
const ALGORITHMS: Partial<Record<KeyKind, KeyAlgorithmParameters>> = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384' },
  'P-521': { name: 'ECDSA', namedCurve: 'P-521' },
  'RSA-1024': { ...RSA, modulusLength: 1024 },
  'RSA-2048': { ...RSA, modulusLength: 2048 },
  Ed25519: { name: 'Ed25519' },
};

/** Makes certificates with @peculiar/x509 and WebCrypto. */
export class LibraryMaker implements Maker {
  readonly name = '@peculiar/x509';
  /** What `Made` does not carry. */
  readonly #made = new WeakMap<
    Made,
    { algorithm: KeyAlgorithmParameters; keys: CryptoKeyPair; certificate: X509Certificate }
  >();

  async certificate(spec: CertificateSpec): Promise<Made> {
    const hash = spec.hash ?? 'SHA-256';
    const algorithm = { hash, ...ALGORITHMS[spec.key ?? 'P-256'] } as RsaHashedKeyGenParams;
    const renewed = spec.renews && this.#made.get(spec.renews);
    const keys = renewed?.keys ?? (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']));
    const issuer = spec.issuer && this.#made.get(spec.issuer);
    const signer =
      spec.issuer && issuer ? await importKey(spec.issuer, issuer.algorithm, hash) : keys.privateKey;
    const certificate = await X509CertificateGenerator.create({
      subject: [{ CN: [spec.subject] }],
      issuer: issuer ? issuer.certificate.subjectName : [{ CN: [spec.subject] }],
      publicKey: keys.publicKey,
      signingKey: signer,
      signingAlgorithm: { name: signer.algorithm.name, hash } as EcdsaParams,
      notBefore: new Date(spec.notBeforeMs),
      notAfter: new Date(spec.notAfterMs),
      extensions: await extensionsOf(spec, keys.publicKey, issuer?.certificate),
    });
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
    const der = new Uint8Array(certificate.rawData);
    const made = {
      name: spec.subject,
      der,
      pem: toPem(der, 'CERTIFICATE'),
      keyPem: toPem(pkcs8, 'PRIVATE KEY'),
    };
    this.#made.set(made, { algorithm, keys, certificate });
    return made;
  }

  async crl({ issuer, revoked, thisUpdateMs, nextUpdateMs }: CrlSpec): Promise<string> {
    const { certificate, algorithm } = this.#made.get(issuer) ?? fail(issuer);
    const list = await X509CrlGenerator.create({
      issuer: certificate.subjectName,
      thisUpdate: new Date(thisUpdateMs),
      nextUpdate: new Date(nextUpdateMs),
      signingKey: await importKey(issuer, algorithm, 'SHA-256'),
      signingAlgorithm: { name: algorithm.name, hash: 'SHA-256' } as EcdsaParams,
      entries: revoked.map(({ der }) => ({
        serialNumber: new X509Certificate(new Uint8Array(der)).serialNumber,
        revocationDate: new Date(thisUpdateMs),
        reason: X509CrlReason.keyCompromise,
      })),
      extensions: [
        await AuthorityKeyIdentifierExtension.create(certificate.publicKey),
        new Extension('2.5.29.20', false, Buffer.from('020101', 'hex')),
      ],
    });
    return toPem(new Uint8Array(list.rawData), 'X509 CRL');
  }
}

async function extensionsOf(
  spec: ExtensionSpec,
  publicKey: CryptoKey,
  issuer: X509Certificate | undefined,
): Promise<Extension[]> {
  const { subjectKeyId = true, authorityKeyId = true, basicConstraintsCritical = true } = spec;
  const extensions: Extension[] = [];
  if (subjectKeyId) {
    extensions.push(await SubjectKeyIdentifierExtension.create(publicKey));
  }
  if (authorityKeyId) {
    extensions.push(await AuthorityKeyIdentifierExtension.create(issuer?.publicKey ?? publicKey));
  }
  if (spec.ca !== undefined) {
    extensions.push(new BasicConstraintsExtension(spec.ca, spec.pathLength, basicConstraintsCritical));
  }
  if (spec.keyUsage) {
    const flags = spec.keyUsage.reduce((sum, usage) => sum | KeyUsageFlags[usage], 0);
    extensions.push(new KeyUsagesExtension(flags, true));
  }
  if (spec.extKeyUsage) {
    extensions.push(new ExtendedKeyUsageExtension(spec.extKeyUsage));
  }
  const names = [
    ...(spec.email ? [{ type: 'email' as const, value: spec.email }] : []),
    ...(spec.uri ? [{ type: 'url' as const, value: spec.uri }] : []),
  ];
  if (names.length > 0) {
    extensions.push(new SubjectAlternativeNameExtension(names));
  }
  if (spec.other) {
    extensions.push(
      new Extension(spec.other.oid, spec.other.critical, Buffer.from(spec.other.valueHex, 'hex')),
    );
  }
  return extensions;
}

function importKey({ keyPem }: Made, algorithm: KeyAlgorithmParameters, hash: string): Promise<CryptoKey> {
  const [pkcs8 = new Uint8Array()] = fromPem(keyPem, 'PRIVATE KEY');
  const parameters = { ...algorithm, hash } as RsaHashedImportParams;
  return crypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), parameters, true, ['sign']);
}

function fail({ name }: Made): never {
  throw new Error(`${name} was not made by this maker`);
}
