import { authStatement } from '../../../contract/index.ts';
import { type Authority, type AuthProof, encodeChain } from '../index.ts';
import { nameOf } from '../issue.ts';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '../x509.ts';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' };
const SHA256 = { name: 'ECDSA', hash: 'SHA-256' };

export interface TestDevice {
  /** DER, leaf first. */
  chain: Uint8Array[];
  deviceId: string;
  /** Raw signature, base64url. */
  sign(bytes: Uint8Array): Promise<string>;
}

/** A person as the SDK creates one: an account key, certified by the deployment CA, that signs the certificates of devices. */
export class Person {
  readonly accountId: string;
  readonly chain: readonly Uint8Array[];
  readonly #accountKey: CryptoKey;

  static async enrol(authority: Authority, displayName = 'Ada', validSeconds = 3600): Promise<Person> {
    const keys = await crypto.subtle.generateKey(P256, true, ['sign', 'verify']);
    const { chain, accountId } = await authority.signAccount(await createCsr(keys, displayName), {
      displayName,
      validSeconds,
    });
    return new Person(accountId, chain, keys.privateKey);
  }

  private constructor(accountId: string, chain: Uint8Array[], accountKey: CryptoKey) {
    this.accountId = accountId;
    this.chain = chain;
    this.#accountKey = accountKey;
  }

  /** Creates a device with its certificate. */
  async device(extKeyUsage = '1.3.6.1.5.5.7.3.2'): Promise<TestDevice> {
    const account = new X509Certificate(new Uint8Array(this.chain[0] ?? []));
    const keys = await crypto.subtle.generateKey(P256, true, ['sign', 'verify']);
    const leaf = await X509CertificateGenerator.create({
      issuer: account.subjectName,
      subject: 'CN=device',
      notBefore: account.notBefore,
      notAfter: account.notAfter,
      publicKey: keys.publicKey,
      signingKey: this.#accountKey,
      signingAlgorithm: SHA256,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([extKeyUsage]),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
        await AuthorityKeyIdentifierExtension.create(account.publicKey),
      ],
    });
    const spki = await crypto.subtle.exportKey('spki', keys.publicKey);
    const digest = await crypto.subtle.digest('SHA-256', spki);
    return {
      chain: [new Uint8Array(leaf.rawData), ...this.chain],
      deviceId: Buffer.from(digest).toString('hex'),
      sign: async (bytes) => {
        const signature = await crypto.subtle.sign(SHA256, keys.privateKey, new Uint8Array(bytes));
        return Buffer.from(signature).toString('base64url');
      },
    };
  }
}

/** Creates a certificate request, DER. */
export async function createCsr(keys: CryptoKeyPair, name = 'Ada', hash = 'SHA-256'): Promise<Uint8Array> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: nameOf(name),
    keys,
    signingAlgorithm: { name: keys.privateKey.algorithm.name, hash } as EcdsaParams,
  });
  return new Uint8Array(request.rawData);
}

/** A device's answer to a challenge. */
export async function prove(
  device: TestDevice,
  { origin, nonce, timeMs }: { origin: string; nonce: string; timeMs: number },
): Promise<AuthProof> {
  const signature = await device.sign(authStatement({ origin, nonce, timeMs, deviceId: device.deviceId }));
  return { chain: encodeChain(device.chain), origin, nonce, timeMs, signature };
}
