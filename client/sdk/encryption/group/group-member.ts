import type {
  CiphersuiteImpl,
  ClientConfig,
  Credential,
  KeyPackage,
  LeafNode,
  PrivateKeyPackage,
  ProposalAdd,
} from 'ts-mls';
import { defaultClientConfig } from 'ts-mls/clientConfig.js';
import { encodeKeyPackage, generateKeyPackageWithKey } from 'ts-mls/keyPackage.js';
import { encodeMlsMessage } from 'ts-mls/message.js';
import { CanopyError } from '../../../../contract/light.ts';
import {
  CIPHER_SUITE,
  type GroupRoom,
  KEY_PACKAGE_SECONDS,
  POLICY_EXTENSION,
  readLeafChain,
  refuse,
  requireUsable,
} from '../../../../contract/mls/index.ts';
import { parseCertificate } from '../../../../contract/x509/index.ts';
import { equalBytes, fromBase64, sha256, toHex } from '../../bytes.ts';
import { createCipherSuite, SIGNS_WITH_DEVICE_KEY } from './cipher-suite.ts';
import type { CredentialJudge, MemberIdentity } from './credential-judge.ts';

export interface GroupMemberOptions {
  /** This device's chain: base64 DER, leaf first, without the root. */
  chain: readonly string[];
  /** The private key of its first certificate, on P-256; need not be extractable. */
  deviceKey: CryptoKey;
  /** What the group must be for, as this device was told before it asked the server. */
  room: GroupRoom;
  judge: CredentialJudge;
}

/** A key package of this device with its secrets. Good for one group, once. */
export interface OwnKeyPackage {
  /** The MLSMessage that others add. */
  readonly message: Uint8Array;
  readonly publicPackage: KeyPackage;
  /** The secrets; gone as soon as they were used. */
  secrets: PrivateKeyPackage | undefined;
}

/** What this device brings to the groups of a room: credential, cipher suite, and its judgement of others. */
export class GroupMember {
  readonly room: GroupRoom;
  readonly cipherSuite: CiphersuiteImpl;
  readonly config: ClientConfig;
  readonly deviceId: string;
  readonly judge: CredentialJudge;
  #credential: Credential;
  readonly #publicKey: Uint8Array;
  /** Hashes of the key packages with which somebody was added: each can be used once. */
  readonly #used = new Set<string>();

  private constructor(
    { room, judge }: GroupMemberOptions,
    own: { cipherSuite: CiphersuiteImpl; credential: Credential; publicKey: Uint8Array; deviceId: string },
  ) {
    this.room = room;
    this.judge = judge;
    this.cipherSuite = own.cipherSuite;
    this.#credential = own.credential;
    this.#publicKey = own.publicKey;
    this.deviceId = own.deviceId;
    this.config = {
      ...defaultClientConfig,
      authService: judge,
      // Rooms send no messages under the group's own keys, so that no former epoch's are needed. 0 would keep them all.
      keyRetentionConfig: { ...defaultClientConfig.keyRetentionConfig, retainKeysForEpochs: 1 },
    };
  }

  /** @throws {CanopyError} CERT_UNSUPPORTED - the device's key is not on P-256; CERT_MISSING */
  static async create(options: GroupMemberOptions): Promise<GroupMember> {
    const certificates = options.chain.map(fromBase64);
    const credential: Credential = { credentialType: 'x509', certificates };
    const publicKey = publicKeyOf(certificates[0]);
    const [cipherSuite, { deviceId }] = await Promise.all([
      createCipherSuite(options.deviceKey),
      readLeafChain({ credential, signaturePublicKey: publicKey }).catch((cause: unknown) => {
        throw new CanopyError('CERT_UNSUPPORTED', 'encrypted rooms take keys on P-256 only', { cause });
      }),
    ]);
    return new GroupMember(options, { cipherSuite, credential, publicKey, deviceId });
  }

  /** Takes this device's chain, if its certificate was renewed since. Returns whether it was. */
  renew(chain: readonly string[]): boolean {
    const certificates = chain.map(fromBase64);
    const before = this.#credential.credentialType === 'x509' ? this.#credential.certificates : [];
    if (
      certificates.length === before.length &&
      certificates.every((der, i) => equalBytes(der, before[i] ?? new Uint8Array()))
    ) {
      return false;
    }
    // Another key would be another device.
    if (!equalBytes(publicKeyOf(certificates[0]), this.#publicKey)) {
      return false;
    }
    this.#credential = { credentialType: 'x509', certificates };
    return true;
  }

  /** Whose leaf it is that is new in a group. @throws {CanopyError} ENCRYPTION_INVALID and the CERT_ codes - it may not enter it */
  async newIdentityOf(leaf: LeafNode): Promise<MemberIdentity> {
    return this.#permitted(await this.judge.judgeNew(leaf));
  }

  /** Whose leaf it is. @throws {CanopyError} ENCRYPTION_INVALID and the CERT_ codes - it may not be in a group */
  async identityOf(leaf: LeafNode): Promise<MemberIdentity> {
    return this.#permitted(await this.judge.judge(leaf));
  }

  /** @throws {CanopyError} ENCRYPTION_INVALID - the phone gateway, in a room that excludes phones */
  #permitted(identity: MemberIdentity): MemberIdentity {
    if (identity.isGateway && this.room.policy !== 'allow-phones') {
      refuse('the phone gateway in a room without phones');
    }
    return identity;
  }

  /** A new key package, valid for ten minutes. */
  async newKeyPackage(): Promise<OwnKeyPackage> {
    const now = BigInt(Math.floor(Date.now() / 1000));
    const { publicPackage, privatePackage } = await generateKeyPackageWithKey(
      this.#credential,
      {
        versions: ['mls10'],
        ciphersuites: [CIPHER_SUITE],
        extensions: [POLICY_EXTENSION],
        proposals: [],
        credentials: ['x509'],
      },
      { notBefore: now, notAfter: now + BigInt(KEY_PACKAGE_SECONDS) },
      [],
      { signKey: SIGNS_WITH_DEVICE_KEY, publicKey: this.#publicKey },
      this.cipherSuite,
    );
    const message = encodeMlsMessage({
      version: 'mls10',
      wireformat: 'mls_key_package',
      keyPackage: publicPackage,
    });
    return { message, publicPackage, secrets: privatePackage };
  }

  /**
   * Checks whom a commit adds. @returns marks their key packages as used, once the commit took effect.
   *
   * @throws {CanopyError} ENCRYPTION_INVALID - a key package that has expired or was used before; and the CERT_ codes
   */
  async requireAddable(keyPackages: readonly KeyPackage[]): Promise<() => void> {
    const hashes: string[] = [];
    for (const keyPackage of keyPackages) {
      requireUsable(keyPackage);
      await this.newIdentityOf(keyPackage.leafNode);
      const hash = toHex(await sha256(new Uint8Array(encodeKeyPackage(keyPackage))));
      if (this.#used.has(hash)) {
        refuse('a key package for the second time');
      }
      hashes.push(hash);
    }
    return () => {
      for (const hash of hashes) {
        this.#used.add(hash);
      }
    };
  }
}

/** The secrets of a key package, which are gone from it from now on. @throws {CanopyError} ENCRYPTION_INVALID - they were used */
export function takeSecrets(own: OwnKeyPackage): PrivateKeyPackage {
  const { secrets } = own;
  if (!secrets) {
    refuse('this device’s key package for the second time');
  }
  own.secrets = undefined;
  return secrets;
}

export function addProposal(keyPackage: KeyPackage): ProposalAdd {
  return { proposalType: 'add', add: { keyPackage } };
}

/** The uncompressed point at the end of a certificate's SubjectPublicKeyInfo. */
function publicKeyOf(der: Uint8Array<ArrayBuffer> | undefined): Uint8Array {
  if (!der) {
    throw new CanopyError('CERT_MISSING');
  }
  return parseCertificate(der).spki.slice(-65);
}
