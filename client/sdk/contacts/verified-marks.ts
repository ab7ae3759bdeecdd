import type { RequestResult } from '../../../contract/index.ts';
import { verifiedStatement } from '../../../contract/light.ts';
import { equalBytes, signatureMatches, statementMatches } from '../../../contract/x509/index.ts';
import { fromBase64Url, sha256, toHex } from '../bytes.ts';
import { type Certificate, type Identity, readCertificate } from '../identity/index.ts';

type StoredContact = RequestResult<'contact.find'>['contacts'][number];
export type StoredMark = NonNullable<NonNullable<StoredContact['accounts']>[number]['verified']>;

/** How many checked marks are remembered. */
const MAX_CHECKED = 10_000;

/** What a mark says: this person, under this name, has this account. */
interface Marked {
  accountId: string;
  name: string;
}

/** Signs and checks the marks “verified” of an account's devices. The server only stores them, and cannot make one. */
export class VerifiedMarks {
  readonly #identity: Identity;
  readonly #ownAccountId: string;
  readonly #leaf: Certificate;
  readonly #issuer: Certificate | undefined;
  /** Whether each mark that was seen is genuine. */
  readonly #checked = new Map<string, Promise<boolean>>();

  constructor(identity: Identity, ownAccountId: string) {
    const [leaf = '', issuer] = identity.chain;
    this.#identity = identity;
    this.#ownAccountId = ownAccountId;
    this.#leaf = readCertificate(leaf);
    this.#issuer = issuer === undefined ? undefined : readCertificate(issuer);
  }

  async sign(marked: Marked, timeMs: number): Promise<StoredMark> {
    const ownAccountId = this.#ownAccountId;
    const signature = await this.#identity.signVerified({ ownAccountId, ...marked, timeMs });
    return { timeMs, certificate: this.#identity.chain[0] ?? '', signature };
  }

  /** Whether a device of this account made the mark, for this person under this name. Never rejects. */
  isGenuine(marked: Marked, mark: StoredMark): Promise<boolean> {
    const key = [marked.accountId, marked.name, mark.timeMs, mark.signature, mark.certificate].join('\n');
    let checked = this.#checked.get(key);
    if (!checked) {
      checked = this.#check(marked, mark).catch(() => false);
      if (this.#checked.size >= MAX_CHECKED) {
        this.#checked.clear();
      }
      this.#checked.set(key, checked);
    }
    return checked;
  }

  async #check(marked: Marked, { timeMs, certificate, signature }: StoredMark): Promise<boolean> {
    const leaf = readCertificate(certificate);
    if (!(await this.#isOwnDevice(leaf))) {
      return false;
    }
    const deviceId = toHex(await sha256(leaf.spki));
    const statement = verifiedStatement({ ownAccountId: this.#ownAccountId, ...marked, timeMs, deviceId });
    return statementMatches(leaf.key, new Uint8Array(statement), fromBase64Url(signature));
  }

  /** Expired certificates count too: they were valid once, and the mark stays true. */
  async #isOwnDevice(leaf: Certificate): Promise<boolean> {
    if (equalBytes(leaf.spki, this.#leaf.spki)) {
      return true;
    }
    const issuer = this.#issuer;
    if (!issuer || !equalBytes(leaf.issuer, issuer.subject)) {
      return false;
    }
    // A company's authority issues the certificates of everybody, so the names in them must be the same as well.
    const [names, ownNames] = [leaf, this.#leaf].map(({ extensions }) => extensions.subjectAltNames);
    return (
      names?.length === ownNames?.length &&
      names?.every((name, index) => equalBytes(name, ownNames?.[index] ?? new Uint8Array())) === true &&
      signatureMatches(leaf.signatureAlgorithm, issuer.key, leaf.tbs, leaf.signature)
    );
  }
}
