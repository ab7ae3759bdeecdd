import {
  formatChallenge,
  type HeaderField,
  parseAuthHeader,
  SipParseError,
  type SipRequest,
} from '../message/index.ts';
import type { Clock } from '../transaction/index.ts';
import type { Endpoint } from '../transport/index.ts';
import { type DigestAlgorithm, digestAlgorithm, digestResponse, digestSecret, sameDigest } from './digest.ts';
import { type LockScope, LoginGuard, type LoginGuardOptions, type LoginSource } from './login-guard.ts';
import { Nonces } from './nonces.ts';

/** Returns a user's password, or the results of digestSecret(); undefined for an unknown user. */
export type PasswordLookup = (
  username: string,
) => string | Partial<Record<DigestAlgorithm, string>> | undefined;

export interface DigestServerOptions {
  realm: string;
  lookup: PasswordLookup;
  clock: Clock;
  /**
   * Offered algorithms, strongest first. Default: only MD5, since older phones (e.g. baresip 1.0) fail if any other is offered as well, in
   * any order.
   */
  algorithms?: readonly DigestAlgorithm[];
  /** Lifetime of a nonce, in seconds. Default 300. */
  nonceSeconds?: number;
  guard?: LoginGuardOptions;
}

export type DigestVerdict =
  /** `username`: of the account, without a domain. */
  | { readonly ok: true; readonly username: string }
  /** Answer 401 (or 407) with challenge(stale): there are no usable credentials. */
  | { readonly ok: false; readonly challenge: true; readonly stale: boolean }
  /** Answer 403: the password is wrong, or the user is `locked` out. `lockedNow`: this failure caused the lockout. */
  | {
      readonly ok: false;
      readonly challenge: false;
      readonly username: string;
      readonly locked?: LockScope;
      readonly lockedNow?: LockScope;
    };

/** The fields needed to check credentials. */
interface Answer {
  readonly wireName: string;
  readonly algorithm: DigestAlgorithm;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly qop: { readonly nc: string; readonly cnonce: string } | undefined;
}

/** Digest authentication of incoming requests (RFC 3261 §22, RFC 7616, RFC 8760), with qop=auth or without qop. */
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

  /** The challenges of a 401 to this address, one header field per algorithm. Only that address can answer them. */
  challenge(address: string, stale: boolean): HeaderField[] {
    return this.#algorithms.map((algorithm) => {
      const params = new Map([
        ['realm', this.realm],
        ['nonce', this.#nonces.create(address)],
        ['algorithm', algorithm],
        ['qop', 'auth'],
      ]);
      if (stale) {
        params.set('stale', 'true');
      }
      return ['www-authenticate', formatChallenge(params)];
    });
  }

  /** Whether anyone has recently logged in from this source. */
  knows(address: string): boolean {
    return this.#guard.knows(address);
  }

  /** Counts as a login of this user from there, which an earlier process has checked. */
  remember(username: string, source: LoginSource): void {
    this.#guard.succeeded(username, source);
  }

  /**
   * Checks the credentials of a request. Ignores malformed credentials and those for other realms and schemes. Only a wrong answer to a
   * fresh nonce for this address counts as a wrong password. Anything else may have a forged source, and is challenged (threat 55).
   *
   * The digest's uri may differ from the Request-URI: proxies rewrite the latter (RFC 3261 §22.4), and a tel URI and a SIP URI can contain
   * the same telephone number (§19.1.6). The nonce binds credentials to one sender, and its count to one request.
   */
  verify(request: SipRequest, { address, port }: Endpoint): DigestVerdict {
    const source = { address, port: request.vias.length === 1 ? port : undefined };
    const answer = this.#answerIn(request);
    if (!answer) {
      return { ok: false, challenge: true, stale: false };
    }
    if (!this.#nonces.isFresh(answer.nonce, address)) {
      return { ok: false, challenge: true, stale: true };
    }
    const { username, known, secret } = this.#account(answer);
    const locked = this.#guard.lock(username, source);
    if (locked) {
      return { ok: false, challenge: false, username, locked };
    }
    const { method } = request;
    const { response } = answer;
    const expected = digestResponse({ ...answer, secret, method });
    if (!sameDigest(expected, response.toLowerCase()) || !known) {
      const lockedNow = this.#guard.failed(username, source, response);
      return { ok: false, challenge: false, username, ...(lockedNow && { lockedNow }) };
    }
    // Only a client that knows the password may use up nonce counts.
    if (!this.#nonces.take(answer.nonce, answer.qop && Number.parseInt(answer.qop.nc, 16))) {
      return { ok: false, challenge: true, stale: true };
    }
    this.#guard.succeeded(username, source);
    return { ok: true, username };
  }

  /** The first credentials that answer one of our challenges. */
  #answerIn(request: SipRequest): Answer | undefined {
    for (const value of request.headers.all('authorization')) {
      try {
        const { scheme, params } = parseAuthHeader(value);
        if (scheme !== 'digest' || params.get('realm') !== this.realm) {
          continue;
        }
        const answer = this.#read(params);
        if (answer) {
          return answer;
        }
      } catch (error) {
        // Malformed credentials next to valid ones are harmless.
        if (!(error instanceof SipParseError)) {
          throw error;
        }
      }
    }
    return undefined;
  }

  /** Undefined if this does not answer our challenge. Some clients send an empty qop to mean none, or nc without leading zeros. */
  #read(params: ReadonlyMap<string, string>): Answer | undefined {
    const of = (name: string) => params.get(name) ?? '';
    const algorithm = digestAlgorithm(params.get('algorithm'));
    if (!algorithm || !this.#algorithms.includes(algorithm)) {
      return undefined;
    }
    const protection = of('qop').toLowerCase();
    const qop = protection === '' ? undefined : { nc: of('nc'), cnonce: of('cnonce') };
    if (qop && (protection !== 'auth' || !/^[0-9a-f]{1,8}$/i.test(qop.nc) || !params.has('cnonce'))) {
      return undefined;
    }
    return {
      wireName: of('username'),
      algorithm,
      nonce: of('nonce'),
      uri: of('uri'),
      response: of('response'),
      qop,
    };
  }

  /** The account of `name` or `name@domain`. Does the same work for an unknown name, so that timing does not reveal names. */
  #account({ wireName, algorithm }: Answer): { username: string; known: boolean; secret: string } {
    const { lookup } = this.#options;
    const at = wireName.lastIndexOf('@');
    let username = wireName;
    let found = lookup(wireName);
    if (found === undefined && at > 0) {
      username = wireName.slice(0, at);
      found = lookup(username);
    }
    const secret =
      typeof found === 'object'
        ? (found[algorithm] ?? '')
        : digestSecret(algorithm, wireName, this.realm, found ?? '\u0000');
    return { username, known: found !== undefined && secret !== '', secret };
  }
}
