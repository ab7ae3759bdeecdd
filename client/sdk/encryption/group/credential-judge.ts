import type { AuthenticationService, Credential, LeafNode } from 'ts-mls';
import { CanopyError } from '../../../../contract/light.ts';
import { CLOCK_SKEW_SECONDS, readLeafChain } from '../../../../contract/mls/index.ts';
import {
  AnchorSet,
  type Certificate,
  isGatewayAccount,
  OID,
  type Path,
  type PublicKey,
  validateChain,
} from '../../../../contract/x509/index.ts';
import { type Bytes, sha256, toHex } from '../../bytes.ts';

/** Whose leaf it is, as its certificates say. */
export interface MemberIdentity {
  /** SHA-256 of the device certificate's SPKI, 64 hex digits. */
  readonly deviceId: string;
  /** The account's ids, as docs/identity.md derives them: one for each name in a certificate of a company's PKI. */
  readonly accountIds: readonly string[];
  /** The name in the account's certificate, or in the device's if a company's PKI issued it. */
  readonly name: string;
  /** The key of the device's certificate. */
  readonly key: PublicKey;
  /** Whether it is the deployment's phone gateway, which has the keys on behalf of phones. */
  readonly isGateway: boolean;
  /** Whether a certificate has expired, or is not valid yet, by more than clocks may differ. */
  readonly isOutdated: boolean;
}

const SKEW_MS = CLOCK_SKEW_SECONDS * 1000;

interface Verdict {
  readonly identity: Omit<MemberIdentity, 'isOutdated'>;
  readonly path: Path;
}

export interface CredentialJudgeOptions {
  /** The CA that certifies the deployment's accounts, pinned when this device got its certificate. */
  deploymentCa: Certificate;
  /** Further authorities that issue device certificates themselves: a company's. */
  companyCas?: readonly Certificate[];
  /** Whether a device or one of its issuers is revoked, as far as this device knows. Default: none is. */
  isRevoked?(identity: Pick<MemberIdentity, 'deviceId' | 'accountIds'>): boolean;
}

/**
 * Decides whose leaf may be in a group: the leaf's key is that of a device certificate for clients, which leads to a pinned authority by the
 * same rules as at sign-in. Verdicts are cached by chain, as checking one is most of the work of a join.
 */
export class CredentialJudge implements AuthenticationService {
  readonly #options: CredentialJudgeOptions;
  readonly #anchors: AnchorSet;
  readonly #verdicts = new Map<string, Verdict>();
  readonly #now: () => number;

  constructor(options: CredentialJudgeOptions, now: () => number = Date.now) {
    this.#options = options;
    this.#anchors = new AnchorSet([options.deploymentCa, ...(options.companyCas ?? [])]);
    this.#now = now;
  }

  /**
   * Whose leaf it is. Says of a certificate whose time is over so, and does not refuse it: members stay as long as they stay, and clocks
   * differ, so that one device would refuse what all others accept.
   *
   * @throws {CanopyError} ENCRYPTION_INVALID - the leaf's key is not that of its certificate; and the CERT_ codes
   */
  async judge(leaf: Pick<LeafNode, 'credential' | 'signaturePublicKey'>): Promise<MemberIdentity> {
    const { chain, deviceId } = await readLeafChain(leaf);
    const presented = chain.map(({ der }) => der);
    const key = toHex(await sha256(new Uint8Array(presented.flatMap((der) => [...der]))));
    const verdict = this.#verdicts.get(key) ?? (await this.#validate(chain, deviceId));
    this.#verdicts.set(key, verdict);
    if (this.#options.isRevoked?.(verdict.identity)) {
      throw new CanopyError('CERT_REVOKED');
    }
    const nowMs = this.#now();
    const isOutdated = verdict.path.some(
      ({ notBeforeMs, notAfterMs }) => nowMs > notAfterMs + SKEW_MS || nowMs < notBeforeMs - SKEW_MS,
    );
    return { ...verdict.identity, isOutdated };
  }

  /** The same of a leaf that is new in the group. @throws {CanopyError} CERT_EXPIRED - also if it is not valid yet; and those of judge() */
  async judgeNew(leaf: Pick<LeafNode, 'credential' | 'signaturePublicKey'>): Promise<MemberIdentity> {
    const identity = await this.judge(leaf);
    if (identity.isOutdated) {
      throw new CanopyError('CERT_EXPIRED');
    }
    return identity;
  }

  /** For the library, which asks for every leaf. */
  async validateCredential(credential: Credential, signaturePublicKey: Uint8Array): Promise<boolean> {
    try {
      await this.judge({ credential, signaturePublicKey });
      return true;
    } catch {
      return false;
    }
  }

  async #validate(chain: readonly Certificate[], deviceId: string): Promise<Verdict> {
    // At the moment closest to now at which the whole chain is valid.
    const notBeforeMs = Math.max(...chain.map((each) => each.notBeforeMs));
    const notAfterMs = Math.min(...chain.map((each) => each.notAfterMs));
    const atMs = Math.min(Math.max(this.#now(), notBeforeMs), notAfterMs);
    const path = await validateChain(chain, this.#anchors, { atMs, usage: OID.clientAuth });
    const [leaf, issuer] = path;
    if (!issuer) {
      throw new CanopyError('CERT_UNTRUSTED', 'the leaf has no issuer');
    }
    const anchor = path.at(-1);
    const isOfDeployment = anchor?.spki.every((byte, i) => byte === this.#options.deploymentCa.spki[i]);
    // The deployment's CA certifies accounts, and these certify devices. It certifies the server's keys too.
    if (isOfDeployment && path.length !== 3) {
      throw new CanopyError('CERT_UNTRUSTED', 'the leaf was not issued by an account');
    }
    const names = isOfDeployment ? [new Uint8Array()] : leaf.extensions.subjectAltNames;
    const accountIds = await Promise.all(names.map(async (name) => accountId(issuer.spki, name)));
    const named = isOfDeployment ? issuer : leaf;
    const isGateway = isOfDeployment === true && isGatewayAccount(issuer);
    const name = named.subjectCommonName ?? '';
    return { identity: { deviceId, accountIds, name, key: leaf.key, isGateway }, path };
  }
}

async function accountId(spki: Bytes, name: Uint8Array): Promise<string> {
  return toHex(await sha256(new Uint8Array([...spki, ...name])));
}
