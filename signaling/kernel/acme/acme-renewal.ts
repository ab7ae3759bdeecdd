import { createPrivateKey, createPublicKey } from 'node:crypto';
import { importPKCS8, importSPKI } from 'jose';
import type { Config, Logger } from '../../../base/index.ts';
import { challengeCertificate, newTlsRequest } from '../../identity/index.ts';
import { AcmeClient } from './acme-client.ts';
import { AcmeFiles, type ObtainedCertificate, type TlsPem } from './acme-files.ts';

export interface AcmeRenewalOptions {
  config: Pick<Config, 'acme' | 'data'>;
  log: Logger;
  /** Where the authority's connections arrive. */
  listener: { setChallenge(domain: string, tls: TlsPem | undefined): void };
  /** A new certificate has been written. */
  onRenewed(): void;
}

/** How often it is checked whether the certificate is due, in milliseconds. */
const CHECK_MS = 60_000;
/** How long to wait after a failure, at first and at most, in milliseconds. Let's Encrypt allows five failures an hour. */
const RETRY_MS = 15 * 60_000;
const MAX_RETRY_MS = 12 * 3_600_000;
/** The share of its life after which a certificate is renewed. */
const RENEW_AFTER = 2 / 3;
const MAX_PROBLEM_LENGTH = 300;

/** Obtains the HTTPS certificate from an ACME authority and renews it. Until it succeeds, whatever certificate there is stays in use. */
export class AcmeRenewal {
  readonly #options: AcmeRenewalOptions;
  readonly #files: AcmeFiles;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(options: AcmeRenewalOptions) {
    this.#options = options;
    this.#files = new AcmeFiles(options.config.data.dir);
  }

  /** Failed attempts since the start. */
  get failures(): number {
    return this.#failures;
  }

  /** Begins. The server must be listening. */
  start(): void {
    if (this.#options.config.acme.domains.length === 0) {
      return;
    }
    this.#check();
    this.#timer = setInterval(() => this.#check(), CHECK_MS).unref();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #check(): void {
    const { domains } = this.#options.config.acme;
    if (this.#working || !isDue(this.#files.certificate(domains)) || this.#files.status.nextMs > Date.now()) {
      return;
    }
    this.#working = this.#renew().finally(() => {
      this.#working = undefined;
    });
  }

  async #renew(): Promise<void> {
    const { config, log, onRenewed } = this.#options;
    const { domains, directory } = config.acme;
    try {
      this.#files.keep(await this.#obtain());
      this.#files.status = { failures: 0, problem: '', nextMs: 0 };
      log.info({ domains, directory }, 'TLS certificate obtained by ACME');
      onRenewed();
    } catch (error) {
      if (!this.#closed) {
        this.#failed(error as Error);
      }
    }
  }

  #failed(error: Error): void {
    const { config, log } = this.#options;
    this.#failures += 1;
    const failures = this.#files.status.failures + 1;
    const waitMs = Math.min(RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS);
    const problem = reasonOf(error).slice(0, MAX_PROBLEM_LENGTH);
    log.error(
      { domains: config.acme.domains, problem, retryMinutes: Math.round(waitMs / 60_000) },
      'no TLS certificate by ACME; keeping the present one',
    );
    try {
      this.#files.status = { failures, problem, nextMs: Date.now() + waitMs };
    } catch (cause) {
      log.error({ err: cause }, 'cannot record that; trying again in a minute');
    }
  }

  async #obtain(): Promise<TlsPem> {
    const { config, listener } = this.#options;
    const { domains, directory, email } = config.acme;
    const pem = this.#files.accountKey();
    const publicPem = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'pem' });
    const client = new AcmeClient({
      directory,
      email,
      keys: {
        privateKey: await importPKCS8(pem, 'ES256'),
        publicKey: await importSPKI(publicPem.toString(), 'ES256', { extractable: true }),
      },
    });
    const { csr, key } = await newTlsRequest(domains);
    try {
      const cert = await client.obtain({
        domains,
        csr,
        answer: async (domain, keyAuthorization) =>
          listener.setChallenge(domain, await challengeCertificate(domain, keyAuthorization)),
      });
      return { cert, key };
    } finally {
      for (const domain of domains) {
        listener.setChallenge(domain, undefined);
      }
    }
  }
}

/** Whether it is time to obtain a certificate. */
export function isDue(certificate: ObtainedCertificate | undefined, nowMs = Date.now()): boolean {
  if (!certificate) {
    return true;
  }
  const { notBeforeMs, notAfterMs } = certificate;
  return nowMs >= notBeforeMs + (notAfterMs - notBeforeMs) * RENEW_AFTER;
}

/** The innermost message: that of fetch() says nothing. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error ? reasonOf(cause) : message;
}
