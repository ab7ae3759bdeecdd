import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../base/index.ts';
import { type Certificate, parseCertificate } from '../../contract/x509/index.ts';
import { StirError } from './stir-error.ts';

/** How long a server of certificates may take, in milliseconds: the caller waits. */
const TIMEOUT_MS = 3000;
/** Maximum size of an answer, in bytes. */
const MAX_BYTES = 65_536;
/** How long certificates are kept, in seconds: by default, at least, and at most. */
const KEPT_S = { usual: 3600, min: 60, max: 86_400 };
/** How long a failure is remembered, in milliseconds. */
const FAILED_MS = 10_000;
const HTTPS_PORT = '443';
const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;

/** The certificates of a PEM text. @throws {CanopyError} a CERT_ code - one is malformed, or there is none */
export function certificatesIn(pem: string): Certificate[] {
  const found = [...pem.matchAll(PEM)].map(([, base64 = '']) =>
    parseCertificate(Buffer.from(base64, 'base64')),
  );
  if (found.length === 0) {
    throw new CanopyError('CERT_MISSING');
  }
  return found;
}

/** Fetches the certificates that callers' numbers are signed with, from permitted hosts, and keeps them for a while. */
export class Certificates {
  readonly #kept = new LRUCache<string, Promise<Certificate[]>>({ max: 500 });

  /**
   * The chain at a URL, leaf first. Redirects are not followed.
   *
   * @param hosts permitted, with a port unless it is 443
   * @throws {StirError} 436 - the URL is not permitted, or gives no certificate
   */
  get(url: string, hosts: readonly string[]): Promise<Certificate[]> {
    const target = permitted(url, hosts);
    const key = target.href;
    const known = this.#kept.get(key);
    if (known) {
      return known;
    }
    const keep = (ttlMs: number) => this.#kept.set(key, fetching, { ttl: ttlMs });
    const fetching = fetchText(target).then(({ text, seconds }) => {
      keep(seconds * 1000);
      return readChain(text);
    });
    // Until it is known how long it is valid, it is fetched once for all callers.
    keep(2 * TIMEOUT_MS);
    fetching.catch(() => keep(FAILED_MS));
    return fetching;
  }
}

/** Whether certificates may be fetched from the host of a URL. */
export function isPermitted(url: string, hosts: readonly string[]): boolean {
  try {
    permitted(url, hosts);
    return true;
  } catch {
    return false;
  }
}

function permitted(url: string, hosts: readonly string[]): URL {
  const target = URL.parse(url);
  const port = target?.port || HTTPS_PORT;
  const isListed = hosts.some((each) => {
    const [host, listedPort = HTTPS_PORT] = each.toLowerCase().split(':');
    return host === target?.hostname && listedPort === port;
  });
  const isPlain = target?.username === '' && target.password === '' && target.hash === '';
  if (target?.protocol !== 'https:' || !isPlain || !isListed) {
    throw new StirError(436, `certificates are not fetched from ${target?.host ?? 'there'}`);
  }
  return target;
}

function readChain(text: string): Certificate[] {
  try {
    return certificatesIn(text);
  } catch (error) {
    throw new StirError(436, 'there is no certificate at the URL', { cause: error });
  }
}

async function fetchText(target: URL): Promise<{ text: string; seconds: number }> {
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request(
        target,
        { agent: false, signal: AbortSignal.timeout(TIMEOUT_MS), headers: { 'user-agent': 'Canopy' } },
        resolve,
      );
      asked.on('error', reject);
      asked.on('upgrade', (_response, socket) => {
        socket.destroy();
        reject(new Error('the server wants another protocol'));
      });
      asked.end();
    });
    if (response.statusCode !== 200) {
      response.destroy();
      throw new Error(`the server answers ${response.statusCode}`);
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response) {
      bytes += (chunk as Buffer).byteLength;
      if (bytes > MAX_BYTES) {
        response.destroy();
        throw new Error(`the answer has more than ${MAX_BYTES} bytes`);
      }
      chunks.push(chunk as Buffer);
    }
    const [, age] = /(?:^|[,\s])max-age=(\d{1,9})/i.exec(response.headers['cache-control'] ?? '') ?? [];
    const seconds = Math.min(KEPT_S.max, Math.max(KEPT_S.min, Number(age ?? KEPT_S.usual)));
    return { text: Buffer.concat(chunks).toString('latin1'), seconds };
  } catch (cause) {
    throw new StirError(436, `${target.host}: ${(cause as Error).message}`.slice(0, 200), { cause });
  }
}
