import type { AuthenticationService, Credential, LeafNode } from 'ts-mls';
import { CanopyError } from '../../../../contract/light.ts';
import { CLOCK_SKEW_SECONDS, readLeafChain } from '../../../../contract/mls/index.ts';
import {
  AnchorSet,
  type Certificate,
  isGatewayAccount,
  OID,
  type Path,
  type PersonName,
  type PublicKey,
  personName,
  validateChain,
} from '../../../../contract/x509/index.ts';
import { type Bytes, sha256, toHex } from '../../bytes.ts';
import { Revocations, type Standing } from './revocations.ts';

/** Whose leaf it is, as its certificates say. */
export interface MemberIdentity {
  /** SHA-256 of the device certificate's SPKI, 64 hex digits. */
  readonly deviceId: string;
  /** The account's id, as docs/identity.md derives it. */
  readonly accountId: string;
  /** The name in the account's certificate, or in the device's if a company's PKI issued it. */
  readonly name: string;
  /** The key of the device's certificate. */
  readonly key: PublicKey;
  /** Whether it is the deployment's phone gateway, which has the keys on behalf of phones. */
  readonly isGateway: boolean;
  /** The certificates that led to a trusted authority. */
  readonly path: Path;
  /** A certificate has expired, or is not valid yet, by more than clocks may differ. */
  readonly outdated: 'CERT_EXPIRED' | 'CERT_NOT_YET_VALID' | undefined;
}

const SKEW_MS = CLOCK_SKEW_SECONDS * 1000;

type Verdict = Omit<MemberIdentity, 'outdated'>;

export interface CredentialJudgeOptions {
  /** The CA that certifies the deployment's accounts, pinned when this device got its certificate. */
  deploymentCa: Certificate;
  /** Further authorities that issue device certificates themselves: a company's. */
  companyCas?: readonly Certificate[];
  /** Which authorities' devices may be in the group: SHA-256 of their keys, hex. Default: all that are trusted. */
  authorities?: readonly string[];
}

/**
 * Decides whose leaf may be in a group: the leaf's key is that of a device certificate for clients, which leads to a pinned authority by the
 * same rules as at sign-in. Verdicts are cached by chain, as checking one is most of the work of a join.
 */
export class CredentialJudge implements AuthenticationService {
  /** Who is revoked, as far as this device knows. */
  readonly revocations: Revocations;
  readonly #options: CredentialJudgeOptions;
  readonly #anchors: AnchorSet;
  readonly #verdicts = new Map<string, Verdict>();
  readonly #now: () => number;

  constructor(options: CredentialJudgeOptions, now: () => number = Date.now) {
    this.#options = options;
    this.revocations = new Revocations(options.deploymentCa);
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
    const nowMs = this.#now();
    const isOver = verdict.path.some(({ notAfterMs }) => nowMs > notAfterMs + SKEW_MS);
    const isEarly = verdict.path.some(({ notBeforeMs }) => nowMs < notBeforeMs - SKEW_MS);
    const outdated = isOver ? 'CERT_EXPIRED' : isEarly ? 'CERT_NOT_YET_VALID' : undefined;
    return { ...verdict, outdated };
  }

  /**
   * The same of a leaf that is new in the group.
   *
   * @throws {CanopyError} CERT_EXPIRED, CERT_NOT_YET_VALID, CERT_REVOKED, and those of judge()
   */
  async judgeNew(leaf: Pick<LeafNode, 'credential' | 'signaturePublicKey'>): Promise<MemberIdentity> {
    const identity = await this.judge(leaf);
    if (identity.outdated) {
      throw new CanopyError(identity.outdated);
    }
    if ((await this.standingOf(identity)) === 'revoked') {
      throw new CanopyError('CERT_REVOKED');
    }
    return identity;
  }

  /** Whether a member is revoked, as far as this device knows now. */
  standingOf(identity: MemberIdentity): Promise<Standing> {
    return this.revocations.standingOf(identity, this.#now());
  }

  /**
   * Checks that this device knows all authorities of a room's members: otherwise somebody could come whom it cannot judge.
   *
   * @throws {CanopyError} ENCRYPTION_UNTRUSTED
   */
  async requireKnownAuthorities(): Promise<void> {
    const { deploymentCa, companyCas = [], authorities = [] } = this.#options;
    const known = new Set(await Promise.all([deploymentCa, ...companyCas].map(keyHash)));
    const unknown = authorities.filter((each) => !known.has(each));
    if (unknown.length > 0) {
      throw new CanopyError('ENCRYPTION_UNTRUSTED', `unknown authorities: ${unknown.join(', ')}`);
    }
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

  async #requireAuthority(path: Path): Promise<void> {
    const { authorities } = this.#options;
    const keys = await Promise.all(path.slice(1).map(keyHash));
    if (authorities && !keys.some((key) => authorities.includes(key))) {
      throw new CanopyError('CERT_UNTRUSTED', 'not issued by an authority of this room');
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
    await this.#requireAuthority(path);
    const anchor = path.at(-1);
    const isOfDeployment = anchor?.spki.every((byte, i) => byte === this.#options.deploymentCa.spki[i]);
    // The deployment's CA certifies accounts, and these certify devices. It certifies the server's keys too.
    if (isOfDeployment && path.length !== 3) {
      throw new CanopyError('CERT_UNTRUSTED', 'the leaf was not issued by an account');
    }
    const person = isOfDeployment ? undefined : personOf(leaf);
    const account = await accountId(issuer.spki, person?.bytes);
    const isGateway = isOfDeployment === true && isGatewayAccount(issuer);
    const name = (isOfDeployment ? issuer : leaf).subjectCommonName || person?.text || '';
    return { deviceId, accountId: account, name, key: leaf.key, isGateway, path };
  }
}

/** SHA-256 of a certificate's key, hex. */
async function keyHash({ spki }: Certificate): Promise<string> {
  return toHex(await sha256(spki));
}

/** Whom a company's certificate names. @throws {CanopyError} CERT_NONCONFORMING - nobody */
function personOf({ extensions }: Certificate): PersonName {
  let person: PersonName | undefined;
  try {
    person = personName(extensions.subjectAltNames);
  } catch (cause) {
    throw new CanopyError('CERT_MALFORMED', 'leaf: malformed alternative name', { cause });
  }
  if (!person) {
    throw new CanopyError('CERT_NONCONFORMING', 'leaf: no e-mail, principal, DNS or URI alternative name');
  }
  return person;
}

async function accountId(spki: Bytes, name: Uint8Array = new Uint8Array()): Promise<string> {
  return toHex(await sha256(new Uint8Array([...spki, ...name])));
}
