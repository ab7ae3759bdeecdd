import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../../base/index.ts';

/** The certificate's chain and its key, in one file, so that both change at once. */
const CERTIFICATE = 'acme.pem';
const ACCOUNT_KEY = 'acme-account.pem';
const STATUS = 'acme-status.json';

/** A certificate's chain and its key, PEM. */
export interface TlsPem {
  cert: string;
  key: string;
}

/** A certificate that was obtained. */
export interface ObtainedCertificate extends TlsPem {
  /** Unix times in milliseconds. */
  notBeforeMs: number;
  notAfterMs: number;
}

/** How the latest attempts went; kept so that a server that restarts again and again does not exceed the authority's limits. */
export interface AcmeStatus {
  failures: number;
  /** What the authority said last; empty after a success. */
  problem: string;
  /** Unix time in milliseconds before which there is no further attempt. */
  nextMs: number;
}

/** What ACME keeps in the data folder. */
export class AcmeFiles {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** The certificate, if it is for all these names and valid now. */
  certificate(domains: readonly string[]): ObtainedCertificate | undefined {
    try {
      const text = readFileSync(join(this.#dir, CERTIFICATE), 'utf8');
      const blocks = text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n?/g) ?? [];
      const cert = blocks.filter((block) => block.includes('BEGIN CERTIFICATE')).join('');
      const key = blocks.find((block) => block.includes('PRIVATE KEY')) ?? '';
      const certificate = new X509Certificate(cert);
      const notBeforeMs = certificate.validFromDate.getTime();
      const notAfterMs = certificate.validToDate.getTime();
      const isUsable =
        domains.every((domain) => certificate.checkHost(domain) !== undefined) &&
        certificate.checkPrivateKey(createPrivateKey(key)) &&
        notAfterMs > Date.now();
      return isUsable ? { cert, key, notBeforeMs, notAfterMs } : undefined;
    } catch {
      return undefined;
    }
  }

  /** @throws {Error} the file cannot be written */
  keep({ cert, key }: TlsPem): void {
    writeWhole(join(this.#dir, CERTIFICATE), `${key.trim()}\n${cert.trim()}\n`);
  }

  /** The account's private key, PKCS#8 PEM; a new one at first. @throws {Error} the file cannot be read or written */
  accountKey(): string {
    const file = join(this.#dir, ACCOUNT_KEY);
    if (existsSync(file)) {
      return readFileSync(file, 'utf8');
    }
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    writeWhole(file, pem);
    return pem;
  }

  get status(): AcmeStatus {
    try {
      return JSON.parse(readFileSync(join(this.#dir, STATUS), 'utf8')) as AcmeStatus;
    } catch {
      return { failures: 0, problem: '', nextMs: 0 };
    }
  }

  set status(status: AcmeStatus) {
    writeWhole(join(this.#dir, STATUS), `${JSON.stringify(status)}\n`);
  }
}
