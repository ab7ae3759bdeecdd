import { randomBytes } from 'node:crypto';
import {
  formatCredentials,
  type HeaderField,
  type Headers,
  parseAuthHeader,
  SipParseError,
  type SipResponse,
} from '../message/index.ts';
import { DIGEST_ALGORITHMS, digestAlgorithm, digestResponse, digestSecret } from './digest.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /**
   * The realm of these credentials. Challenges for any other realm are never answered (threat 18); the error shows the PBX's realm if it
   * differs.
   */
  readonly realm: string;
}

type AnswerField = 'authorization' | 'proxy-authorization';

interface Challenge {
  readonly params: ReadonlyMap<string, string>;
  /** Number of answers so far. */
  count: number;
}

/** A challenge must not be answered; the message says why. */
export class ChallengeRefused extends Error {
  override readonly name = 'ChallengeRefused';
}

/**
 * Answers one peer's challenges with one set of credentials. Keeps the last challenge from a proxy (407) and from the far end (401), so
 * that later requests carry credentials for both at once (RFC 3261 §22.3), with rising nonce counts. Credentials go only to the peer's
 * own hosts: anyone who gets an answer to a nonce of their choice can search for the password (threat 57).
 */
export class DigestClient {
  readonly #credentials: Credentials;
  readonly #isPeer: (address: string) => boolean;
  readonly #challenges = new Map<AnswerField, Challenge>();

  /** @param isPeer whether an address is one of the peer's hosts */
  constructor(credentials: Credentials, isPeer: (address: string) => boolean) {
    this.#credentials = credentials;
    this.#isPeer = isPeer;
  }

  /**
   * Remembers the challenge of a 401 or 407 from this address.
   * @throws {ChallengeRefused} a foreign host or realm, an unknown algorithm, or the peer has refused our credentials for this nonce
   */
  learn(response: SipResponse, address: string): void {
    if (!this.#isPeer(address)) {
      throw new ChallengeRefused(`challenged by ${address}, a foreign host`);
    }
    const proxy = response.status === 407;
    const offered = readChallenges(response.headers, proxy ? 'proxy-authenticate' : 'www-authenticate');
    const ours = offered.filter((params) => params.get('realm') === this.#credentials.realm);
    if (ours.length === 0) {
      const realms = offered.map((params) => params.get('realm') ?? '').join(', ');
      throw new ChallengeRefused(`challenged for the realm "${realms}", not "${this.#credentials.realm}"`);
    }
    const usable = DIGEST_ALGORITHMS.flatMap((algorithm) =>
      ours.filter((params) => digestAlgorithm(params.get('algorithm')) === algorithm && hasUsableQop(params)),
    );
    const [best] = usable;
    if (!best) {
      throw new ChallengeRefused('no algorithm or qop in common');
    }
    const field = proxy ? 'proxy-authorization' : 'authorization';
    const before = this.#challenges.get(field);
    if (before && before.count > 0 && best.get('nonce') === before.params.get('nonce')) {
      throw new ChallengeRefused('the username or password was refused');
    }
    this.#challenges.set(field, { params: best, count: 0 });
  }

  /** Forgets the challenges: the next request has no credentials. */
  forget(): void {
    this.#challenges.clear();
  }

  /** The header fields for a request to this address; none before the first challenge. */
  authorize(method: string, uri: string, address: string): HeaderField[] {
    if (!this.#isPeer(address)) {
      return [];
    }
    return [...this.#challenges].map(([field, challenge]) => [field, this.#answer(challenge, method, uri)]);
  }

  #answer(challenge: Challenge, method: string, uri: string): string {
    const { params } = challenge;
    const { username, password, realm } = this.#credentials;
    const algorithm = digestAlgorithm(params.get('algorithm')) ?? 'MD5';
    const nonce = params.get('nonce') ?? '';
    challenge.count++;
    const qop = params.get('qop')?.trim()
      ? { nc: challenge.count.toString(16).padStart(8, '0'), cnonce: randomBytes(8).toString('hex') }
      : undefined;
    const secret = digestSecret(algorithm, username, realm, password);
    const answer = new Map([
      ['username', username],
      ['realm', realm],
      ['nonce', nonce],
      ['uri', uri],
      ['response', digestResponse({ algorithm, secret, method, uri, nonce, qop })],
    ]);
    if (params.has('algorithm')) {
      answer.set('algorithm', algorithm);
    }
    const opaque = params.get('opaque');
    if (opaque !== undefined) {
      answer.set('opaque', opaque);
    }
    if (qop) {
      answer.set('qop', 'auth').set('nc', qop.nc).set('cnonce', qop.cnonce);
    }
    return formatCredentials(answer);
  }
}

/** Some servers send an empty qop to mean none. */
function hasUsableQop(params: ReadonlyMap<string, string>): boolean {
  const qop = params.get('qop') ?? '';
  return qop.trim() === '' || qop.split(',').some((value) => value.trim().toLowerCase() === 'auth');
}

function readChallenges(headers: Headers, name: string): ReadonlyMap<string, string>[] {
  return headers.all(name).flatMap((value) => {
    try {
      const { scheme, params } = parseAuthHeader(value);
      return scheme === 'digest' ? [params] : [];
    } catch (error) {
      // A malformed challenge next to a valid one is harmless.
      if (error instanceof SipParseError) {
        return [];
      }
      throw error;
    }
  });
}
