import {
  type AuthHeader,
  formatChallenge,
  type HeaderField,
  parseAuthHeader,
  parseUri,
  SipParseError,
  type SipRequest,
} from '../message/index.ts';
import type { Clock } from '../transaction/index.ts';
import { type DigestAlgorithm, digestAlgorithm, digestResponse, digestSecret, sameDigest } from './digest.ts';
import { LoginGuard, type LoginGuardOptions } from './login-guard.ts';
import { Nonces } from './nonces.ts';

/** Finds a user's password, or the secrets of digestSecret(); undefined for an unknown user. */
export type PasswordLookup = (
  username: string,
) => string | Partial<Record<DigestAlgorithm, string>> | undefined;

export interface DigestServerOptions {
  realm: string;
  lookup: PasswordLookup;
  clock: Clock;
  /**
   * Offered algorithms, strongest first. Default MD5 alone: older phones (baresip 1.0 is one) give up where any other stands
   * beside it, in whatever order.
   */
  algorithms?: readonly DigestAlgorithm[];
  /** How long a nonce may be used, in seconds. Default 300. */
  nonceSeconds?: number;
  guard?: LoginGuardOptions;
}

export type DigestVerdict =
  | { readonly ok: true; readonly username: string }
  /** Answer 401 (or 407) with challenge(stale). */
  | { readonly ok: false; readonly challenge: true; readonly stale: boolean }
  /** Answer 403: locked out, or the credentials are no good. */
  | { readonly ok: false; readonly challenge: false };

/** Digest authentication of requests that come in (RFC 3261 §22, RFC 7616, RFC 8760). Only qop=auth and the form without qop. */
export class DigestServer {
  readonly realm: string;
  readonly #options: DigestServerOptions;
  readonly #nonces: Nonces;
  readonly #guard: LoginGuard;
  readonly #algorithms: readonly DigestAlgorithm[];

  constructor(options: DigestServerOptions) {
    this.realm = options.realm;
    this.#options = options;
    this.#algorithms = options.algorithms ?? ['MD5'];
    this.#nonces = new Nonces(options.clock, options.nonceSeconds ?? 300);
    this.#guard = new LoginGuard(options.clock, options.guard);
  }

  /** The challenge header fields of a 401, one an algorithm. */
  challenge(stale: boolean): HeaderField[] {
    return this.#algorithms.map((algorithm) => {
      const params = new Map([
        ['realm', this.realm],
        ['nonce', this.#nonces.create()],
        ['algorithm', algorithm],
        ['qop', 'auth'],
      ]);
      if (stale) params.set('stale', 'true');
      return ['www-authenticate', formatChallenge(params)];
    });
  }

  /** Judges the credentials of a request from this address. Credentials of other realms are passed over. */
  verify(request: SipRequest, sourceAddress: string): DigestVerdict {
    if (this.#guard.locked(sourceAddress)) return { ok: false, challenge: false };
    let credentials: AuthHeader | undefined;
    try {
      credentials = request.headers
        .all('authorization')
        .map(parseAuthHeader)
        .find(({ scheme, params }) => scheme === 'digest' && params.get('realm') === this.realm);
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error;
    }
    if (!credentials) return { ok: false, challenge: true, stale: false };
    return this.#judge(request, credentials.params, sourceAddress);
  }

  #judge(request: SipRequest, params: ReadonlyMap<string, string>, source: string): DigestVerdict {
    const username = params.get('username') ?? '';
    const userKey = `${source} ${username}`;
    const algorithm = digestAlgorithm(params.get('algorithm'));
    const given = params.get('response') ?? '';
    const nonce = params.get('nonce') ?? '';
    const uri = params.get('uri') ?? '';
    const qop = params.get('qop');
    const nc = params.get('nc') ?? '';
    const wellFormed =
      algorithm !== undefined &&
      this.#algorithms.includes(algorithm) &&
      (qop === undefined || (qop === 'auth' && /^[0-9a-f]{8}$/i.test(nc) && params.has('cnonce'))) &&
      meansSameHost(uri, request);
    if (!wellFormed || this.#guard.locked(userKey)) return this.#fail(source, userKey);
    // An unknown user costs the same work as a known one, so that names cannot be probed by time.
    const found = this.#options.lookup(username);
    const secret =
      typeof found === 'object'
        ? (found[algorithm] ?? '')
        : digestSecret(algorithm, username, this.realm, found ?? '\u0000');
    const expected = digestResponse({
      algorithm,
      secret,
      method: request.method,
      uri,
      nonce,
      qop: qop === undefined ? undefined : { nc, cnonce: params.get('cnonce') ?? '' },
    });
    const right = sameDigest(expected, given.toLowerCase()) && found !== undefined && secret !== '';
    if (!right) return this.#fail(source, userKey);
    // Only who knows the password may use up counts or learn that a nonce is stale (RFC 7616 §3.3).
    const verdict = this.#nonces.take(nonce, qop === undefined ? undefined : Number.parseInt(nc, 16));
    if (verdict !== 'fresh') return { ok: false, challenge: true, stale: true };
    this.#guard.succeeded(userKey);
    return { ok: true, username };
  }

  #fail(source: string, userKey: string): DigestVerdict {
    this.#guard.failed(source);
    this.#guard.failed(userKey);
    return { ok: false, challenge: false };
  }
}

/**
 * Whether the digest's uri names the host of the Request-URI. No more: proxies on the way rewrite the rest (RFC 3261 §22.4), and
 * a count is taken once, so that credentials serve for no second request.
 */
function meansSameHost(uri: string, request: SipRequest): boolean {
  try {
    const meant = parseUri(uri);
    return 'host' in meant && 'host' in request.uri && meant.host === request.uri.host;
  } catch (error) {
    if (error instanceof SipParseError) return false;
    throw error;
  }
}
