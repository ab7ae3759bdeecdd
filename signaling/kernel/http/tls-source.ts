import { X509Certificate } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import type { Config, Logger } from '../../../base/index.ts';
import { Authority } from '../../identity/index.ts';
import { AcmeFiles } from '../acme/index.ts';
import { openDataDir } from '../data/index.ts';
import type { TlsMaterial } from './listener.ts';
import { ownHosts } from './origins.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';

/** How often the files are checked for changes, in milliseconds. */
const POLL_MS = 10_000;
/** How often the certificate is re-checked, in milliseconds. It may be about to expire, or the clock may have been corrected. */
const RECHECK_MS = 60_000;

/** Provides the HTTPS certificate, from the operator's files, an ACME authority or the deployment CA, and notifies of new ones. */
export class TlsSource {
  readonly #config: Config;
  readonly #authority: Authority;
  readonly #log: Logger;
  #loaded: TlsMaterial | null = null;
  #problem: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Looks for a new certificate now. Never rejects. */
  #reloadNow: () => Promise<void> = () => Promise.resolve();

  constructor(config: Config, authority: Authority, log: Logger) {
    this.#config = config;
    this.#authority = authority;
    this.#log = log;
  }

  /** The current certificate, or null if TLS is off. @throws {CanopyError} CONFIG_INVALID, CA_UNUSABLE */
  async load(): Promise<TlsMaterial | null> {
    this.#loaded = await this.#read();
    return this.#loaded;
  }

  /** Calls back with each new certificate, so that certificates can be rotated without a restart (threat 15). */
  watch(onChange: (tls: TlsMaterial) => void): void {
    if (this.#config.server.tls === 'off') {
      return;
    }
    this.#reloadNow = () => this.#reload(onChange);
    const reload = () => void this.#reloadNow();
    for (const file of this.#paths()) {
      watchFile(file, { interval: POLL_MS, persistent: false }, reload);
    }
    this.#timer = setInterval(reload, RECHECK_MS);
    this.#timer.unref();
  }

  /** When the current certificate expires, Unix time in milliseconds; undefined without TLS. */
  get expiresMs(): number | undefined {
    return this.#loaded ? new X509Certificate(this.#loaded.cert).validToDate.getTime() : undefined;
  }

  /** Looks for a new certificate now, rather than within a minute. Never rejects. */
  check(): Promise<void> {
    return this.#reloadNow();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const file of this.#paths()) {
      unwatchFile(file);
    }
  }

  async #reload(onChange: (tls: TlsMaterial) => void): Promise<void> {
    try {
      const tls = await this.#read();
      this.#problem = undefined;
      if (!tls || (tls.cert === this.#loaded?.cert && tls.key === this.#loaded.key)) {
        return;
      }
      onChange(tls);
      this.#loaded = tls;
      this.#log.info('TLS certificate loaded');
    } catch (error) {
      // Log each distinct problem once.
      const problem = `${(error as { detail?: string }).detail ?? error}`;
      if (problem === this.#problem) {
        return;
      }
      this.#problem = problem;
      this.#log.error({ err: error, problem }, 'TLS certificate is unusable; keeping the previous one');
    }
  }

  async #read(): Promise<TlsMaterial | null> {
    const { tls, publicUrl } = this.#config.server;
    if (tls === 'off') {
      return null;
    }
    if (this.#files) {
      const { cert, key, certificate } = readTlsFiles(this.#files);
      if (certificate.validFromDate.getTime() > Date.now()) {
        this.#log.warn(
          { validFrom: certificate.validFrom },
          'TLS certificate is not valid yet; is the clock right?',
        );
      }
      return { cert, key };
    }
    const { acme, data } = this.#config;
    const obtained = acme.domains.length > 0 ? new AcmeFiles(data.dir).certificate(acme.domains) : undefined;
    if (obtained) {
      return obtained;
    }
    const hosts = ownHosts(this.#config.rtc.announce);
    return this.#authority.tlsCertificate(
      publicUrl === undefined ? hosts : [new URL(publicUrl).hostname, ...hosts],
    );
  }

  #paths(): string[] {
    return Object.values(this.#files ?? {});
  }

  get #files(): TlsFiles | undefined {
    const { tlsCert, tlsKey } = this.#config.server;
    return tlsCert === undefined || tlsKey === undefined ? undefined : { tlsCert, tlsKey };
  }
}

/** Opens the source of the HTTPS certificate, for programs that use it for another protocol, such as SIP over TLS. */
export async function openTlsSource(
  config: Config,
  log: Logger,
): Promise<Pick<TlsSource, 'load' | 'watch' | 'check' | 'close'>> {
  const { dir } = config.data;
  openDataDir(dir);
  return new TlsSource(config, await Authority.open({ dir, name: config.server.name }), log);
}
