import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../../base/index.ts';
import { OPERATOR, type TokenPrincipal } from '../principals/index.ts';
import { TokenBucket } from '../sockets/index.ts';
import type { ApiTokens, ConsoleKeys } from '../tokens/index.ts';
import { bearerOf } from './bearer.ts';

/** How many tokens' rates are remembered. */
const MAX_BUCKETS = 1000;
/** The burst, in seconds' worth of requests. */
const BURST_SECONDS = 10;

export interface AuthenticatorOptions {
  /** The key from the data folder. It is not rate-limited. */
  apiKey: string;
  tokens: Pick<ApiTokens, 'authenticate'>;
  consoleKeys: Pick<ConsoleKeys, 'authenticate'>;
  /** Maximum requests per second of one token; bursts may be ten times as large. */
  requestsPerSecond: number;
  /** Whether requests to the API may come this way, other than those of the page. Default: any way. */
  mayComeHere?(request: IncomingMessage): boolean;
}

type Request = { headers: Pick<IncomingHttpHeaders, 'authorization'>; raw: IncomingMessage };

/** Recognises who calls the REST API, by the secret in the Authorization header (RFC 6750). */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #keyHash: Buffer;
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MAX_BUCKETS });

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#keyHash = sha256(options.apiKey);
  }

  /** @throws {CanopyError} API_KEY_INVALID, TOKEN_EXPIRED, RATE_LIMITED, CLIENT_CERTIFICATE_REQUIRED */
  authenticate({ headers: { authorization }, raw }: Request): TokenPrincipal {
    const secret = bearerOf(authorization) ?? '';
    // Its connection has proved possession of a certificate.
    const administrator = this.#options.consoleKeys.authenticate(secret);
    if (administrator) {
      this.#take(administrator.tokenId ?? '');
      return administrator;
    }
    // Before anything else, so that nobody learns here whether a token is valid.
    if (this.#options.mayComeHere?.(raw) === false) {
      throw new CanopyError('CLIENT_CERTIFICATE_REQUIRED');
    }
    // In constant time, so that the key cannot be guessed byte by byte.
    if (timingSafeEqual(sha256(secret), this.#keyHash)) {
      return OPERATOR;
    }
    const principal = this.#options.tokens.authenticate(secret);
    if (!principal) {
      throw new CanopyError('API_KEY_INVALID');
    }
    this.#take(principal.tokenId ?? '');
    return principal;
  }

  /** Whether the request comes with the key or a token that has this scope, for requests that need neither. */
  mayReadMetrics(request: Request): boolean {
    if (request.headers.authorization === undefined) {
      return false;
    }
    try {
      return this.authenticate(request).scopes.has('metrics:read');
    } catch {
      return false;
    }
  }

  #take(tokenId: string): void {
    const nowMs = performance.now();
    const { requestsPerSecond } = this.#options;
    let bucket = this.#buckets.get(tokenId);
    if (!bucket) {
      bucket = new TokenBucket(requestsPerSecond, requestsPerSecond * BURST_SECONDS, nowMs);
      this.#buckets.set(tokenId, bucket);
    }
    if (!bucket.take(nowMs)) {
      throw new CanopyError('RATE_LIMITED', 'this API token sends too many requests');
    }
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
