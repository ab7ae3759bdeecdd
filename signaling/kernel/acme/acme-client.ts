import { setTimeout as sleep } from 'node:timers/promises';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, FlattenedSign, type JWK } from 'jose';

export interface AcmeClientOptions {
  /** URL of the authority's directory. */
  directory: string;
  /** The account's P-256 keys. */
  keys: { privateKey: CryptoKey; publicKey: CryptoKey };
  email: string | undefined;
}

/** A certificate to obtain. */
export interface AcmeOrder {
  domains: readonly string[];
  /** PKCS#10 request for these names, DER. */
  csr: Uint8Array;
  /** Answers the challenge tls-alpn-01 for a name from now on. */
  answer(domain: string, keyAuthorization: string): Promise<void>;
}

interface Directory {
  newNonce: string;
  newAccount: string;
  newOrder: string;
}
interface Order {
  status: string;
  authorizations: string[];
  finalize: string;
  certificate?: string;
  error?: Problem;
}
interface Authorization {
  status: string;
  identifier: { value: string };
  challenges: Array<{ type: string; url: string; token: string; error?: Problem }>;
}
/** RFC 7807. */
interface Problem {
  type?: string;
  detail?: string;
}
interface Answer<T> {
  body: T;
  headers: Headers;
}

const CHALLENGE = 'tls-alpn-01';
const BAD_NONCE = 'urn:ietf:params:acme:error:badNonce';
/** How long one request may take, in milliseconds. */
const REQUEST_MS = 30_000;
/** How often the authority is asked whether it is ready, at most, in milliseconds; and how often in all. */
const POLL_MS = 2000;
const MAX_POLLS = 60;
const MAX_NONCE_RETRIES = 5;

/** A client of an ACME authority (RFC 8555) for the challenge tls-alpn-01 (RFC 8737). */
export class AcmeClient {
  readonly #options: AcmeClientOptions;
  #directory: Directory | undefined;
  #jwk: JWK = {};
  /** URL of the account. */
  #account: string | undefined;
  #nonce: string | null = null;

  constructor(options: AcmeClientOptions) {
    this.#options = options;
  }

  /** Obtains a certificate. Returns its chain, PEM. Rejects with what the authority says. */
  async obtain({ domains, csr, answer }: AcmeOrder): Promise<string> {
    const { newOrder } = await this.#open();
    const identifiers = domains.map((value) => ({ type: 'dns', value }));
    const ordered = await this.#post<Order>(newOrder, { identifiers });
    const orderUrl = ordered.headers.get('location') ?? '';
    for (const url of ordered.body.authorizations) {
      await this.#authorize(url, answer);
    }
    await this.#post(ordered.body.finalize, { csr: Buffer.from(csr).toString('base64url') });
    const order = await this.#poll<Order>(orderUrl, 'the certificate');
    if (order.certificate === undefined) {
      throw new Error('the authority names no certificate');
    }
    const { body } = await this.#post<string>(order.certificate);
    return body;
  }

  async #authorize(url: string, answer: AcmeOrder['answer']): Promise<void> {
    const { body: authorization } = await this.#post<Authorization>(url);
    if (authorization.status === 'valid') {
      return;
    }
    const { value: domain } = authorization.identifier;
    const challenge = authorization.challenges.find(({ type }) => type === CHALLENGE);
    if (!challenge) {
      throw new Error(`the authority does not offer the challenge ${CHALLENGE} for ${domain}`);
    }
    await answer(domain, `${challenge.token}.${await calculateJwkThumbprint(this.#jwk)}`);
    await this.#post(challenge.url, {});
    await this.#poll<Authorization>(url, `the challenge for ${domain}`);
  }

  /** Waits until the authority has decided. */
  async #poll<T extends Order | Authorization>(url: string, what: string): Promise<T> {
    for (let polls = 0; polls < MAX_POLLS; polls += 1) {
      const { body } = await this.#post<T>(url);
      if (body.status === 'valid') {
        return body;
      }
      if (!['pending', 'processing', 'ready'].includes(body.status)) {
        const problems: ReadonlyArray<{ error?: Problem }> = 'challenges' in body ? body.challenges : [body];
        const problem = problems.find(({ error }) => error)?.error;
        throw new Error(`${what} failed: ${problem?.detail ?? body.status}`);
      }
      await sleep(POLL_MS * Math.min(1, (polls + 1) / 4));
    }
    throw new Error(`${what} is not decided after ${(POLL_MS * MAX_POLLS) / 1000} s`);
  }

  /** Reads the directory, and finds or makes the account. */
  async #open(): Promise<Directory> {
    if (this.#directory && this.#account !== undefined) {
      return this.#directory;
    }
    const response = await fetch(this.#options.directory, { signal: AbortSignal.timeout(REQUEST_MS) });
    if (!response.ok) {
      throw new Error(`${this.#options.directory} answers with status ${response.status}`);
    }
    this.#directory = (await response.json()) as Directory;
    this.#jwk = await exportJWK(this.#options.keys.publicKey);
    const { email } = this.#options;
    const { headers } = await this.#post(this.#directory.newAccount, {
      termsOfServiceAgreed: true,
      ...(email !== undefined && { contact: [`mailto:${email}`] }),
    });
    this.#account = headers.get('location') ?? undefined;
    if (this.#account === undefined) {
      throw new Error('the authority names no account');
    }
    return this.#directory;
  }

  /** Sends a signed request (RFC 8555, section 6.2). Without a payload it only reads (POST-as-GET). */
  async #post<T>(url: string, payload?: object): Promise<Answer<T>> {
    for (let attempt = 0; ; attempt += 1) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/jose+json' },
        body: JSON.stringify(await this.#sign(url, payload)),
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      this.#nonce = response.headers.get('replay-nonce');
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') ?? false;
      const body: unknown = isJson ? JSON.parse(text) : text;
      if (response.ok) {
        return { body: body as T, headers: response.headers };
      }
      const { type, detail } = isJson ? (body as Problem) : {};
      if (type !== BAD_NONCE || attempt >= MAX_NONCE_RETRIES) {
        throw new Error(detail ?? `${url} answers with status ${response.status}`);
      }
    }
  }

  async #sign(url: string, payload: object | undefined): Promise<object> {
    const nonce = this.#nonce ?? (await this.#newNonce());
    this.#nonce = null;
    const bytes = new TextEncoder().encode(payload === undefined ? '' : JSON.stringify(payload));
    return new FlattenedSign(bytes)
      .setProtectedHeader({
        alg: 'ES256',
        nonce,
        url,
        ...(this.#account === undefined ? { jwk: this.#jwk } : { kid: this.#account }),
      })
      .sign(this.#options.keys.privateKey);
  }

  async #newNonce(): Promise<string> {
    const response = await fetch(this.#directory?.newNonce ?? '', {
      method: 'HEAD',
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    return response.headers.get('replay-nonce') ?? '';
  }
}
