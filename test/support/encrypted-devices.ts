import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// biome-ignore lint/plugin: what enrolment uses
import { createCsr, issueDeviceCertificate } from '../../client/sdk/identity/issue.ts';
import type { RequestResult } from '../../contract/index.ts';
import type { GroupRoom } from '../../contract/mls/index.ts';
import { type Certificate, GATEWAY_UNIT, parseCertificate } from '../../contract/x509/index.ts';
// biome-ignore lint/plugin: a real deployment CA
import { Authority, TrustStore, type VerifiedDevice, verifyChain } from '../../signaling/identity/index.ts';
import { CredentialJudge, GroupMember } from './room-groups.ts';

/** A device as enrolment makes it, without a server. */
export interface TestDevice {
  /** Base64 DER, leaf first, without the root. */
  chain: string[];
  deviceKey: CryptoKey;
  accountId: string;
  /** With a renewed certificate. */
  newChain(): Promise<string[]>;
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');

/** A deployment's CA, and people's devices under it. */
export class TestDeployment {
  readonly deploymentCa: Certificate;
  /** Of rooms for its accounts. */
  readonly authorities: readonly string[];
  readonly #dir: string;
  readonly #authority: Authority;
  #trust: Promise<TrustStore> | undefined;

  static async create(): Promise<TestDeployment> {
    const dir = await mkdtemp(join(tmpdir(), 'canopy-encrypted-'));
    return new TestDeployment(dir, await Authority.open({ dir, name: 'Test' }));
  }

  private constructor(dir: string, authority: Authority) {
    this.#dir = dir;
    this.#authority = authority;
    this.deploymentCa = parseCertificate(authority.certificateDer);
    this.authorities = [createHash('sha256').update(this.deploymentCa.spki).digest('hex')];
  }

  /** Devices of one account. Their keys are not extractable. `validSeconds`: default a day. `unit`: in the account's name. */
  async devices(displayName: string, count = 1, validSeconds = 86_400, unit?: string): Promise<TestDevice[]> {
    const account = await crypto.subtle.generateKey(P256, false, ['sign', 'verify']);
    const csr = Buffer.from(await createCsr(account, displayName), 'base64');
    const signed = await this.#authority.signAccount(csr, { displayName, validSeconds, unit });
    const certificate = base64(signed.chain[0] ?? new Uint8Array());
    return Promise.all(
      Array.from({ length: count }, async () => {
        const device = await crypto.subtle.generateKey(P256, false, ['sign', 'verify']);
        const newChain = async () => {
          const leaf = await issueDeviceCertificate({
            account: certificate,
            accountKey: account.privateKey,
            devicePublicKey: device.publicKey,
            displayName,
          });
          return [leaf, certificate];
        };
        const { accountId } = signed;
        return { chain: await newChain(), deviceKey: device.privateKey, accountId, newChain };
      }),
    );
  }

  /** Somebody's only device. */
  async device(displayName = 'Ann'): Promise<TestDevice> {
    const [device] = await this.devices(displayName);
    return device as TestDevice;
  }

  /** The phone gateway. */
  async gateway(): Promise<TestDevice> {
    const [device] = await this.devices('Phones', 1, 86_400, GATEWAY_UNIT);
    return device as TestDevice;
  }

  /** A device as a member of a room's groups. `judge`: default: it pins this deployment's CA, and knows of no revocation. */
  async member(
    room: GroupRoom,
    device?: TestDevice,
    judge = new CredentialJudge({ deploymentCa: this.deploymentCa }),
  ): Promise<GroupMember> {
    const { chain, deviceKey } = device ?? (await this.device());
    return GroupMember.create({ chain, deviceKey, room, judge });
  }

  /** As its server judges chains. */
  async verify(chain: readonly Uint8Array[]): Promise<VerifiedDevice> {
    this.#trust ??= TrustStore.create({ authority: this.#authority, policy: 'invite' });
    return verifyChain(chain, await this.#trust, Date.now());
  }

  /** What its server says of revoked devices or accounts, with these ids. */
  async revoked(...ids: string[]): Promise<RequestResult<'encryption.revocations'>> {
    return { lists: [], revoked: await this.#authority.signRevoked(ids) };
  }

  async close(): Promise<void> {
    await rm(this.#dir, { recursive: true });
  }
}
