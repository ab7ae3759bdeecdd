import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { CanopyError, type Config, type Logger } from '../../base/index.ts';
import type { Authority } from '../identity/index.ts';
import type { TlsMaterial } from './listener.ts';
import { ownHosts } from './origins.ts';

/** How often certificates are looked at for a change or an approaching expiry, in milliseconds. */
const POLL_MILLISECONDS = 10_000;
const RENEW_MILLISECONDS = 12 * 60 * 60 * 1000;

/** Where the HTTPS certificate comes from: the operator's files, or the own CA. Tells when there is a new one. */
export class TlsSource {
  readonly #config: Config;
  readonly #authority: Authority;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(config: Config, authority: Authority, log: Logger) {
    this.#config = config;
    this.#authority = authority;
    this.#log = log;
  }

  /** The certificate in force, or null when TLS is off. @throws CanopyError CONFIG_INVALID */
  async load(): Promise<TlsMaterial | null> {
    const { tls, tlsCert, tlsKey } = this.#config.server;
    if (tls === 'off') {
      return null;
    }
    if (tlsCert === undefined && tlsKey === undefined) {
      const { publicUrl } = this.#config.server;
      const hosts = ownHosts(this.#config.rtc.announce);
      return this.#authority.tlsCertificate(
        publicUrl === undefined ? hosts : [new URL(publicUrl).hostname, ...hosts],
      );
    }
    if (tlsCert === undefined || tlsKey === undefined) {
      throw new CanopyError('CONFIG_INVALID', 'server.tlsCert and server.tlsKey go together');
    }
    try {
      return { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') };
    } catch (error) {
      throw new CanopyError('CONFIG_INVALID', `server.tlsCert: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** Calls back with each new certificate, so that one can be rotated without a restart (threat case 15). */
  watch(onChange: (tls: TlsMaterial) => void): void {
    const reload = async () => {
      try {
        const tls = await this.load();
        if (tls) {
          onChange(tls);
          this.#log.info('TLS certificate loaded');
        }
      } catch (error) {
        this.#log.error({ err: error }, 'the new TLS certificate cannot be used; the old one stays');
      }
    };
    for (const file of this.#files()) {
      watchFile(file, { interval: POLL_MILLISECONDS, persistent: false }, () => void reload());
    }
    this.#timer = setInterval(() => void reload(), RENEW_MILLISECONDS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const file of this.#files()) {
      unwatchFile(file);
    }
  }

  #files(): string[] {
    const { tlsCert, tlsKey } = this.#config.server;
    return [tlsCert, tlsKey].filter((file) => file !== undefined);
  }
}
