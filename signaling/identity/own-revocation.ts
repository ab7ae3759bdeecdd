import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { CanopyError } from '../../base/errors/index.ts';
import { readIfThere, writeWhole } from './files.ts';
import { ECDSA_SHA256, type Issuer } from './issue.ts';
import { AuthorityKeyIdentifierExtension, Extension, X509CrlGenerator, X509CrlReason } from './x509.ts';

/** How long a list is current, in milliseconds; it is made anew after half of that. */
const CRL_VALID_MS = 7 * 86_400_000;
const CRL_NUMBER = '2.5.29.20';
const SERIAL = /^[0-9a-f]{1,40}$/;
const HASH = /^[0-9a-f]{64}$/;

interface IssuedAccount {
  serialHex: string;
  accountId: string;
  notAfterMs: number;
}

interface Revocation {
  /** A device id, an account id, or the serial number of a certificate of the deployment CA, hex. */
  id: string;
  timeMs: number;
}

/**
 * What the deployment revoked, kept in its folder (`revoked.json`), with the record of the accounts that it issued
 * (`issued.jsonl`), which tells the serial numbers of a revoked account.
 */
export class OwnRevocation {
  readonly #dir: string;
  readonly #issuer: Issuer;
  readonly #now: () => number;
  readonly #revoked = new Map<string, Revocation>();
  #issued: IssuedAccount[] = [];
  #writing: Promise<void> = Promise.resolve();
  #crl: { der: Promise<Uint8Array>; untilMs: number } | undefined;

  static async open(dir: string, issuer: Issuer, now: () => number): Promise<OwnRevocation> {
    const revocation = new OwnRevocation(dir, issuer, now);
    await revocation.#load();
    return revocation;
  }

  private constructor(dir: string, issuer: Issuer, now: () => number) {
    this.#dir = dir;
    this.#issuer = issuer;
    this.#now = now;
  }

  /**
   * Revokes a device or account (its id, 64 hex digits) or a certificate of the deployment CA (its serial number, hex). It counts
   * at once and is on the disk when this resolves. Errors: `BAD_REQUEST` for anything else.
   */
  async revoke(id: string): Promise<void> {
    if (!HASH.test(id) && !SERIAL.test(id))
      throw new CanopyError('BAD_REQUEST', 'neither an id nor a serial number');
    if (this.#revoked.has(id)) return this.#writing;
    this.#revoked.set(id, { id, timeMs: this.#now() });
    this.#crl = undefined;
    return this.#save();
  }

  /** Whether any of these ids or serial numbers is revoked. */
  isRevoked(...ids: string[]): boolean {
    return ids.some((id) => this.#revoked.has(id));
  }

  /** The deployment CA's revocation list, DER (RFC 5280 §5), current for at least half a week. */
  crl(): Promise<Uint8Array> {
    const nowMs = this.#now();
    if (!this.#crl || nowMs >= this.#crl.untilMs) {
      this.#crl = { der: this.#makeCrl(nowMs), untilMs: nowMs + CRL_VALID_MS / 2 };
    }
    return this.#crl.der;
  }

  /** Records an account certificate that was issued. */
  async record(issued: IssuedAccount): Promise<void> {
    this.#issued.push(issued);
    await appendFile(this.#issuedFile, `${JSON.stringify(issued)}\n`, { mode: 0o600 });
  }

  get #issuedFile(): string {
    return path.join(this.#dir, 'issued.jsonl');
  }

  get #revokedFile(): string {
    return path.join(this.#dir, 'revoked.json');
  }

  async #load(): Promise<void> {
    const revoked = await readIfThere(this.#revokedFile);
    try {
      for (const entry of revoked ? (JSON.parse(revoked) as Revocation[]) : [])
        this.#revoked.set(entry.id, entry);
    } catch (cause) {
      // Never start as if nobody were revoked.
      throw new CanopyError('CA_UNUSABLE', `${this.#revokedFile} is damaged`, { cause });
    }
    const nowMs = this.#now();
    const issued = await readIfThere(this.#issuedFile);
    this.#issued = (issued ?? '')
      .split('\n')
      .flatMap(parseIssued)
      .filter(({ notAfterMs }) => notAfterMs > nowMs);
  }

  #save(): Promise<void> {
    const write = () =>
      writeWhole(this.#revokedFile, `${JSON.stringify([...this.#revoked.values()], null, 1)}\n`);
    const writing = this.#writing.then(write, write);
    this.#writing = writing;
    return writing;
  }

  async #makeCrl(nowMs: number): Promise<Uint8Array> {
    const { certificate, privateKey } = this.#issuer;
    const entries = new Map<string, number>();
    for (const { id, timeMs } of this.#revoked.values()) {
      if (SERIAL.test(id)) entries.set(id, timeMs);
      for (const { serialHex, accountId } of this.#issued) {
        if (accountId === id) entries.set(serialHex, timeMs);
      }
    }
    const list = await X509CrlGenerator.create({
      issuer: certificate.subjectName,
      thisUpdate: new Date(nowMs),
      nextUpdate: new Date(nowMs + CRL_VALID_MS),
      signingKey: privateKey,
      signingAlgorithm: ECDSA_SHA256,
      entries: [...entries].map(([serialNumber, timeMs]) => ({
        serialNumber: serialNumber.length % 2 ? `0${serialNumber}` : serialNumber,
        revocationDate: new Date(timeMs),
        reason: X509CrlReason.privilegeWithdrawn,
      })),
      extensions: [
        await AuthorityKeyIdentifierExtension.create(certificate.publicKey),
        new Extension(CRL_NUMBER, false, derInteger(nowMs)),
      ],
    });
    return new Uint8Array(list.rawData);
  }
}

/** A line of the record; one that was cut off by a crash is skipped. */
function parseIssued(line: string): IssuedAccount[] {
  try {
    return [JSON.parse(line) as IssuedAccount];
  } catch {
    return [];
  }
}

/** DER INTEGER of a positive number. */
function derInteger(value: number): Uint8Array<ArrayBuffer> {
  const hex = BigInt(value).toString(16);
  const even = hex.length % 2 ? `0${hex}` : hex;
  const content = Buffer.from(even >= '8' ? `00${even}` : even, 'hex');
  return new Uint8Array([0x02, content.length, ...content]);
}
