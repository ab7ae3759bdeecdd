import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider from 'oidc-provider';
import { freePort } from './programs.ts';

/** Claims of a person at the provider, besides `sub`. */
export type PersonClaims = Record<string, unknown>;

/** On the form of the provider's page. */
const FORM = `<!doctype html><title>Provider</title><link rel="icon" href="data:,"><form method="post">
<label>Login <input name="login" required></label>
<button name="do" value="sign-on">Sign on</button> <button name="do" value="cancel" formnovalidate>Cancel</button></form>`;

/** A real OpenID Connect provider with a page on which anyone can sign on by entering a login. */
export class SignOnProvider {
  readonly issuer: string;
  /** The server's account here. */
  readonly clientId = 'canopy';
  readonly clientSecret = 'a-secret-of-at-least-thirty-two-characters';
  /** People by login. Others have no claims. */
  readonly people = new Map<string, PersonClaims>();
  readonly #redirectUri: string;
  readonly #port: number;
  readonly #key: JWK;
  #server: Server | undefined;

  private constructor(port: number, key: JWK, redirectUri: string) {
    this.#port = port;
    this.#key = key;
    this.issuer = `http://localhost:${port}`;
    this.#redirectUri = redirectUri;
  }

  /** @param serverUrl public address of the Canopy server */
  static async start(serverUrl: string): Promise<SignOnProvider> {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const key = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' };
    const provider = new SignOnProvider(await freePort(), key, `${serverUrl}/api/sign-on/callback`);
    await provider.open();
    return provider;
  }

  /** Starts to listen, at first or after close(). */
  async open(): Promise<void> {
    const provider = this.#create();
    const serve = provider.callback();
    const server = createServer((request, response) => {
      const isInteraction = request.url?.startsWith('/interaction/');
      void (isInteraction ? interact(provider, request, response) : serve(request, response));
    });
    server.listen(this.#port, 'localhost');
    await once(server, 'listening');
    this.#server = server;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server) {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    }
  }

  #create(): Provider {
    const provider = new Provider(this.issuer, {
      clients: [
        { client_id: this.clientId, client_secret: this.clientSecret, redirect_uris: [this.#redirectUri] },
      ],
      jwks: { keys: [this.#key] },
      cookies: { keys: ['a key for the cookies of a test'] },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
      claims: { openid: ['sub'], profile: ['name', 'groups'], email: ['email', 'email_verified'] },
      findAccount: (_ctx, login) => ({
        accountId: login,
        claims: () => ({ sub: login, ...this.people.get(login) }),
      }),
      loadExistingGrant: async ({ oidc }) => {
        const grant = new provider.Grant({
          clientId: this.clientId,
          ...(oidc.session?.accountId !== undefined && { accountId: oidc.session.accountId }),
        });
        grant.addOIDCScope('openid profile email');
        await grant.save();
        return grant;
      },
      ttl: { Grant: 600, Session: 600, Interaction: 600, AccessToken: 60, IdToken: 60 },
    });
    return provider;
  }
}

async function interact(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html').end(FORM);
    return;
  }
  const form = new URLSearchParams(await text(request));
  const result =
    form.get('do') === 'cancel'
      ? { error: 'access_denied' }
      : { login: { accountId: form.get('login') ?? '' } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}
