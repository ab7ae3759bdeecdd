import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import type { SignOnStart } from '../../../contract/index.ts';
import { CookieBrowser } from '../../../test/support/cookie-browser.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';

/** Signs an id token, in an attack with other claims or in another way. */
type Sign = (claims: JWTPayload) => Promise<string> | string;

/**
 * Answers as a provider does, with whatever id token a test wants. A real one cannot be made to send such tokens: they stand for someone
 * who tampers with its answers, or who has a code or a token that was meant for another client.
 */
class HostileProvider {
  readonly #server: Server;
  readonly key: CryptoKey;
  sign: Sign = (claims) => this.signed(claims);
  /** The `nonce` and the code's verifier of the attempt. */
  nonce = '';
  verifier: string | null = null;
  subject = 'ann';

  private constructor(server: Server, key: CryptoKey) {
    this.#server = server;
    this.key = key;
  }

  static async start(): Promise<HostileProvider> {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
    const server = createServer();
    const provider = new HostileProvider(server, privateKey);
    server.on('request', async (request, response) => {
      const json = (body: unknown) =>
        response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      if (request.url === '/.well-known/openid-configuration') {
        const { issuer } = provider;
        json({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/keys`,
          response_types_supported: ['code'],
          id_token_signing_alg_values_supported: ['RS256'],
          authorization_response_iss_parameter_supported: true,
        });
      } else if (request.url === '/keys') {
        json({ keys: [jwk] });
      } else {
        const body = new URLSearchParams((await request.toArray()).join(''));
        provider.verifier = body.get('code_verifier');
        json({ access_token: 'x', token_type: 'Bearer', id_token: await provider.sign(provider.claims) });
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What an honest provider would sign. */
  get claims(): JWTPayload {
    const now = Math.floor(Date.now() / 1000);
    const { issuer: iss, subject: sub, nonce } = this;
    return { iss, sub, aud: 'canopy', iat: now, exp: now + 60, nonce, name: 'Ann' };
  }

  signed(claims: JWTPayload, key = this.key): Promise<string> {
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

describe('single sign-on under attack', () => {
  let provider: HostileProvider;
  let server: InProcessServer;
  let url: string;

  before(async () => {
    provider = await HostileProvider.start();
    server = await InProcessServer.start({
      'oidc.issuer': provider.issuer,
      'oidc.clientId': 'canopy',
      'oidc.clientSecret': 'secret',
    });
    url = `http://localhost:${server.signaling.port}`;
  });
  after(async () => {
    await server.close();
    await provider.close();
  });
  beforeEach(() => {
    provider.sign = (claims) => provider.signed(claims);
    provider.subject = 'ann';
  });

  /** Begins an attempt in this browser. Returns its state. */
  const begin = async (browser: CookieBrowser, to?: string) => {
    const start = await browser.post(`${url}/api/sign-on`, { to });
    assert.equal(start.status, 200);
    const page = new URL(((await start.json()) as SignOnStart).url);
    provider.nonce = page.searchParams.get('nonce') ?? '';
    return { state: page.searchParams.get('state') ?? '', page };
  };
  const comeBack = async (browser: CookieBrowser, query: Record<string, string>) => {
    const search = new URLSearchParams({ code: 'a-code', iss: provider.issuer, ...query });
    const response = await browser.fetch(`${url}/api/sign-on/callback?${search}`);
    assert.equal(response.status, 303);
    return (response.headers.get('location') ?? '').slice(url.length + 1);
  };
  const attempt = async (query: Record<string, string> = {}) => {
    const browser = new CookieBrowser();
    const { state } = await begin(browser);
    return comeBack(browser, { state, ...query });
  };
  const finish = async (browser: CookieBrowser) =>
    (await browser.post(`${url}/api/sign-on/finish`, {})).json() as Promise<{
      secret?: string;
      error?: { code: string };
    }>;

  it('sends the exact redirect URI, a challenge, a state and a nonce, and admits an honest answer', async () => {
    const browser = new CookieBrowser();
    const { state, page } = await begin(browser);
    const { searchParams: sent } = page;
    assert.equal(sent.get('redirect_uri'), `${url}/api/sign-on/callback`);
    assert.deepEqual([sent.get('code_challenge_method'), sent.get('response_type')], ['S256', 'code']);
    assert.ok(sent.get('code_challenge') && state && provider.nonce);
    assert.equal(await comeBack(browser, { state }), '#/signed-on');
    assert.ok(provider.verifier);
    assert.ok((await finish(browser)).secret);
  });

  it('threat 49: refuses id tokens that are forged, unsigned, expired, for others, or without this nonce', async () => {
    const { privateKey: other } = await generateKeyPair('RS256');
    const past = Math.floor(Date.now() / 1000) - 600;
    const attacks: Record<string, Sign> = {
      'another key': (claims) => provider.signed(claims, other),
      unsigned: (claims) => new UnsecuredJWT(claims).encode(),
      'the public key as an HMAC secret': (claims) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', kid: 'one' })
          .sign(Buffer.from('secret'.repeat(8))),
      'a cut signature': async (claims) => (await provider.signed(claims)).slice(0, -8),
      'another issuer': (claims) => provider.signed({ ...claims, iss: 'https://id.example' }),
      'another client': (claims) => provider.signed({ ...claims, aud: 'another' }),
      expired: (claims) => provider.signed({ ...claims, iat: past, exp: past + 60 }),
      'another nonce': (claims) => provider.signed({ ...claims, nonce: 'another' }),
      'no nonce': ({ nonce: _, ...claims }) => provider.signed(claims),
      'no subject': ({ sub: _, ...claims }) => provider.signed(claims),
      'a subject of 10 kB': (claims) => provider.signed({ ...claims, sub: 'x'.repeat(10_240) }),
      'a subject with a line break': (claims) => provider.signed({ ...claims, sub: 'ann\nbob' }),
    };
    for (const [name, sign] of Object.entries(attacks)) {
      provider.sign = sign;
      assert.equal(await attempt(), '#/signed-on/SIGN_ON_FAILED', name);
    }
  });

  it('threat 49: refuses another state, another issuer in the answer, and a browser that did not begin', async () => {
    assert.equal(await attempt({ state: 'another' }), '#/signed-on/SIGN_ON_EXPIRED');
    assert.equal(await attempt({ iss: 'https://id.example' }), '#/signed-on/SIGN_ON_FAILED');
    // Login CSRF: a victim opens the attacker's way back.
    const attacker = new CookieBrowser();
    const { state } = await begin(attacker);
    const victim = new CookieBrowser();
    assert.equal(await comeBack(victim, { state }), '#/signed-on/SIGN_ON_EXPIRED');
    await begin(victim);
    assert.equal(await comeBack(victim, { state }), '#/signed-on/SIGN_ON_EXPIRED');
    assert.equal((await finish(victim)).error?.code, 'SIGN_ON_EXPIRED');
  });

  it('threat 49: ends an attempt with its first answer, and a sign-on with its invitation', async () => {
    const browser = new CookieBrowser();
    const { state } = await begin(browser);
    assert.equal(await comeBack(browser, { state }), '#/signed-on');
    assert.equal(await comeBack(browser, { state }), '#/signed-on/SIGN_ON_EXPIRED');
    assert.ok((await finish(browser)).secret);
    assert.equal((await finish(browser)).error?.code, 'SIGN_ON_EXPIRED');
  });

  it('threat 49: leads to no other site, whatever the page or the answer asks for', async () => {
    const browser = new CookieBrowser();
    for (const to of [
      'https://evil.example',
      '//evil.example',
      '#/invite/secret.pin',
      '#/room/a/../x',
      'javascript:1',
    ]) {
      assert.equal((await browser.post(`${url}/api/sign-on`, { to })).status, 400, to);
    }
    for (const query of [
      { error: 'x#//evil.example' },
      { error: '//evil.example', error_uri: 'https://evil.example' },
    ] as Array<Record<string, string>>) {
      assert.equal(await attempt(query), '#/signed-on/SIGN_ON_FAILED');
    }
    // Other pages can neither begin nor finish.
    for (const path of ['/api/sign-on', '/api/sign-on/finish']) {
      const response = await browser.post(`${url}${path}`, {}, 'https://evil.example');
      assert.equal(response.status, 403);
      assert.equal(response.headers.get('set-cookie'), null);
    }
  });

  it('keeps its cookies from scripts, other sites and plain connections', async () => {
    const browser = new CookieBrowser();
    const start = await browser.post(`${url}/api/sign-on`, {});
    const [cookie = ''] = start.headers.getSetCookie();
    assert.match(
      cookie,
      /^__Host-canopy-sign-on=[\w.-]+; Path=\/; Max-Age=900; HttpOnly; Secure; SameSite=Lax$/,
    );
    assert.ok(cookie.length < 1000);
  });

  it('threat 23: shows names as everywhere else: cut and without hidden characters', async () => {
    provider.subject = 'mal';
    provider.sign = (claims) => provider.signed({ ...claims, name: `\u202e${'m'.repeat(10_000)}` });
    const browser = new CookieBrowser();
    const { state } = await begin(browser);
    assert.equal(await comeBack(browser, { state }), '#/signed-on');
    const { displayName } = (await finish(browser)) as { displayName?: string };
    assert.equal(displayName, 'm'.repeat(64));
  });

  it('limits how often one network signs on', async () => {
    const browser = new CookieBrowser();
    const codes = new Set<number>();
    for (let n = 0; n < 150; n += 1) {
      codes.add((await browser.post(`${url}/api/sign-on/finish`, {})).status);
    }
    assert.deepEqual([...codes], [401, 429]);
  });
});
