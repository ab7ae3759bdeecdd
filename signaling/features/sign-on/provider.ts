import { readFileSync } from 'node:fs';
import * as oidc from 'openid-client';
import { CanopyError, type Config, describeFileError, type Logger } from '../../../base/index.ts';
import type { Claims } from './claims.ts';

export interface ProviderOptions {
  settings: Config['oidc'] & { issuer: string; clientId: string };
  /** The exact address to which the provider sends people back. */
  redirectUri: () => string;
  log?: Logger;
}

/** What a sign-on at the provider has to match. */
export interface Attempt {
  state: string;
  nonce: string;
  codeVerifier: string;
}

/** How long one request to the provider may take, in seconds. */
const TIMEOUT_SECONDS = 10;
/** How long to wait before the provider's description is fetched again after a failure, at first and at most, in milliseconds. */
const RETRY_MS = 5000;
const MAX_RETRY_MS = 300_000;
/** How much the provider's clock may differ, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 60;
/** Sign-ons whose codes are being exchanged at the same time. */
const MAX_EXCHANGES = 50;

/**
 * The OpenID Connect provider: authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636; RFC 9207). Its
 * description is fetched in the background, so that the server starts without it.
 */
export class Provider {
  readonly #options: ProviderOptions;
  readonly #secret: string | undefined;
  #configuration: oidc.Configuration | undefined;
  #discovering: Promise<oidc.Configuration> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = RETRY_MS;
  #problem: string | undefined;
  #exchanges = 0;
  #closed = false;

  /** @throws {CanopyError} CONFIG_INVALID - the file with the client secret cannot be read */
  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#secret = secretOf(options.settings);
  }

  get issuer(): string {
    return this.#options.settings.issuer;
  }

  /** Whether the provider's description is known. */
  get isKnown(): boolean {
    return this.#configuration !== undefined;
  }

  /** Fetches the provider's description, again and again until that succeeds. */
  start(): void {
    this.#discover().catch(() => this.#retry());
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Fetches the provider's description now. @throws {CanopyError} SIGN_ON_UNAVAILABLE - the detail has the reason, for the operator */
  async check(): Promise<void> {
    try {
      await this.#discover();
    } catch (error) {
      const detail = `oidc.issuer: ${this.issuer}: ${reasonOf(error)}`;
      throw new CanopyError('SIGN_ON_UNAVAILABLE', detail, { cause: error });
    }
  }

  /** The provider's page for a new attempt. @throws {CanopyError} SIGN_ON_UNAVAILABLE */
  async begin(): Promise<{ url: string; attempt: Attempt }> {
    const configuration = await this.#discover();
    const attempt = {
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      codeVerifier: oidc.randomPKCECodeVerifier(),
    };
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#options.redirectUri(),
      scope: this.#options.settings.scopes.join(' '),
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(attempt.codeVerifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, attempt };
  }

  /**
   * Exchanges the code in the provider's redirect for the verified claims of the person.
   *
   * @param query the redirect's query, `?` included
   * @throws {CanopyError} SIGN_ON_CANCELLED, SIGN_ON_FAILED, SIGN_ON_UNAVAILABLE; SERVER_BUSY - too many at once
   */
  async finish(query: string, { state, nonce, codeVerifier }: Attempt): Promise<Claims> {
    const configuration = await this.#discover();
    if (this.#exchanges >= MAX_EXCHANGES) {
      throw new CanopyError('SERVER_BUSY', 'too many people sign on at once');
    }
    this.#exchanges += 1;
    try {
      const tokens = await oidc.authorizationCodeGrant(
        configuration,
        new URL(`${this.#options.redirectUri()}${query}`),
        {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: codeVerifier,
          idTokenExpected: true,
        },
      );
      const claims = tokens.claims();
      if (!claims) {
        throw new CanopyError('SIGN_ON_FAILED', 'the provider sent no id token');
      }
      const { userinfo_endpoint } = configuration.serverMetadata();
      // Many providers put names and groups only there.
      const further =
        userinfo_endpoint === undefined
          ? {}
          : await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub);
      return { ...further, ...claims };
    } catch (error) {
      throw coded(error);
    } finally {
      this.#exchanges -= 1;
    }
  }

  #discover(): Promise<oidc.Configuration> {
    if (this.#configuration) {
      return Promise.resolve(this.#configuration);
    }
    this.#discovering ??= this.#fetch().finally(() => {
      this.#discovering = undefined;
    });
    return this.#discovering;
  }

  async #fetch(): Promise<oidc.Configuration> {
    const { settings, log } = this.#options;
    const issuer = new URL(settings.issuer);
    try {
      const configuration = await oidc.discovery(
        issuer,
        settings.clientId,
        {
          [oidc.clockTolerance]: CLOCK_TOLERANCE_SECONDS,
          ...(this.#secret !== undefined && { client_secret: this.#secret }),
        },
        this.#secret === undefined ? oidc.None() : withSecret(this.#secret),
        {
          timeout: TIMEOUT_SECONDS,
          execute: [
            // The signature counts, not only the connection to the provider.
            oidc.enableNonRepudiationChecks,
            ...(issuer.protocol === 'http:' ? [oidc.allowInsecureRequests] : []),
          ],
        },
      );
      this.#configuration = configuration;
      this.#problem = undefined;
      log?.info({ issuer: settings.issuer }, 'sign-on provider found');
      return configuration;
    } catch (cause) {
      const problem = reasonOf(cause);
      if (problem !== this.#problem) {
        this.#problem = problem;
        log?.warn({ issuer: settings.issuer, problem }, 'sign-on provider cannot be reached; trying again');
      }
      throw new CanopyError('SIGN_ON_UNAVAILABLE', undefined, { cause });
    }
  }

  #retry(): void {
    if (this.#closed) {
      return;
    }
    this.#timer = setTimeout(() => this.start(), this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }
}

/** Authenticates this client as the provider's description says. */
function withSecret(secret: string): oidc.ClientAuth {
  const [basic, post] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)];
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported;
    const isBasic = methods === undefined || methods.includes('client_secret_basic');
    (isBasic ? basic : post)(server, ...rest);
  };
}

function secretOf({ clientSecret, clientSecretFile: file }: Config['oidc']): string | undefined {
  if (file === undefined) {
    return clientSecret;
  }
  let secret: string;
  try {
    secret = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const why = describeFileError(file, cause);
    throw new CanopyError('CONFIG_INVALID', `oidc.clientSecretFile: ${why}`, { cause });
  }
  if (secret === '') {
    throw new CanopyError('CONFIG_INVALID', `oidc.clientSecretFile: ${file}: the file is empty`);
  }
  return secret;
}

/** What people are told. The reason is for the log only: some of it comes from the address that was opened. */
function coded(error: unknown): CanopyError {
  if (error instanceof CanopyError) {
    return error;
  }
  if (error instanceof oidc.AuthorizationResponseError) {
    const isRefused = ['access_denied', 'login_required', 'interaction_required', 'consent_required'];
    const code = isRefused.includes(error.error) ? 'SIGN_ON_CANCELLED' : 'SIGN_ON_FAILED';
    return new CanopyError(code, undefined, { cause: error });
  }
  const isAway = error instanceof TypeError || (error as Error).name === 'TimeoutError';
  return new CanopyError(isAway ? 'SIGN_ON_UNAVAILABLE' : 'SIGN_ON_FAILED', undefined, { cause: error });
}

/** The innermost message of an error, e.g. `connect ECONNREFUSED 127.0.0.1:443`. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? reasonOf(cause) : message;
}
