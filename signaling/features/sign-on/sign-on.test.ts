import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { enrol, type Identity } from '../../../client/sdk/index.ts';
import type { SignedOnResponse, SignOnStart } from '../../../contract/index.ts';
import { CookieBrowser } from '../../../test/support/cookie-browser.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { freePort } from '../../../test/support/programs.ts';
import { ProtocolClient } from '../../../test/support/protocol-client.ts';
import { SignOnProvider } from '../../../test/support/sign-on-provider.ts';

describe('single sign-on at a real provider', () => {
  let provider: SignOnProvider;
  let server: InProcessServer;
  /** The server's public address. */
  let url: string;
  const connected: ProtocolClient[] = [];

  before(async () => {
    const port = await freePort();
    url = `http://localhost:${port}`;
    provider = await SignOnProvider.start(url);
    server = await InProcessServer.start({
      'server.port': port,
      'oidc.label': 'Example ID',
      'oidc.allowedDomains': 'example.com',
      'oidc.roleClaim': 'groups',
      'oidc.adminValues': 'admins',
      'oidc.guestValues': 'visitors',
      'oidc.issuer': provider.issuer,
      'oidc.clientId': provider.clientId,
      'oidc.clientSecret': provider.clientSecret,
    });
    const person = (name: string, groups: string[] = []) => ({
      name,
      groups,
      email: `${name.toLowerCase()}@example.com`,
      email_verified: true,
    });
    for (const [login, name, groups] of [
      ['ann', 'Ann', ['admins']],
      ['bob', 'Bob', []],
      ['gus', 'Gus', ['visitors']],
      ['kim', 'Kim', []],
      ['lee', 'Lee', []],
    ] as const) {
      provider.people.set(login, person(name, [...groups]));
    }
    provider.people.set('eve', { ...person('Eve'), email: 'eve@example.org' });
    provider.people.set('mal', { ...person('Mal'), email_verified: false });
  });
  after(async () => {
    await server.close();
    await provider.close();
  });
  afterEach(() => {
    for (const client of connected.splice(0)) {
      client.close();
    }
  });

  /** Goes to the provider, signs on there, and comes back. Returns where to. */
  const signOn = async (
    browser: CookieBrowser,
    login: string,
    { to, action = 'sign-on' }: { to?: string; action?: string } = {},
  ) => {
    const start = await browser.post(`${url}/api/sign-on`, { to });
    assert.equal(start.status, 200, await start.clone().text());
    const { url: providersPage } = (await start.json()) as SignOnStart;
    const isBack = (at: string) => at.startsWith(`${url}/#`);
    const form = await browser.follow(providersPage, isBack);
    if (isBack(form)) {
      return form.slice(url.length + 1);
    }
    const answer = await browser.fetch(form, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ login, do: action }),
    });
    const back = await browser.follow(answer.headers.get('location') ?? '', isBack);
    return back.slice(url.length + 1);
  };
  const finish = async (browser: CookieBrowser, replace = false) => {
    const response = await browser.post(`${url}/api/sign-on/finish`, { replace });
    const body = await response.json();
    assert.equal(response.status, 200, JSON.stringify(body));
    return body as SignedOnResponse;
  };
  /** Signs on in a new browser and enrols it. */
  const newcomer = async (login: string, replace = false) => {
    const browser = new CookieBrowser();
    assert.equal(await signOn(browser, login), '#/signed-on');
    const { secret, displayName } = await finish(browser, replace);
    assert.ok(secret);
    return enrol({ serverUrl: url, secret, displayName });
  };
  const enter = async (identity: Identity) => {
    const client = await ProtocolClient.enter(url, identity);
    connected.push(client);
    return client;
  };
  const accounts = async () => {
    const { body } = await server.api('GET', '/api/accounts');
    return (
      body as { accounts: Array<{ accountId: string; displayName: string; role: string; revoked: boolean }> }
    ).accounts;
  };

  it('gives an account with the name and the role that the provider tells', async () => {
    for (const [login, name, role] of [
      ['ann', 'Ann', 'admin'],
      ['bob', 'Bob', 'member'],
      ['gus', 'Gus', 'guest'],
    ] as const) {
      const identity = await newcomer(login);
      const known = (await accounts()).find(({ displayName }) => displayName === name);
      assert.deepEqual([identity.displayName, known?.role], [name, role]);
      await enter(identity);
    }
  });

  it('tells clients how to sign on, and brings them back to where they wanted to go', async () => {
    const info = (await (await fetch(`${url}/api/server`)).json()) as { signOn?: unknown };
    assert.deepEqual(info.signOn, { label: 'Example ID', origin: url });
    const browser = new CookieBrowser();
    await signOn(browser, 'kim', { to: '#/room/team' });
    const { to, displayName, known } = await finish(browser);
    assert.deepEqual([to, displayName, known], ['#/room/team', 'Kim', undefined]);
  });

  it('tells a person who has an account, and replaces it only if they ask: rooms, roles and bans move, devices are out', async () => {
    const first = await newcomer('lee');
    const lee = await enter(first);
    await lee.get('room.join', { roomId: 'of-lee' });
    await lee.get('room.leave', {});
    const [old] = await accounts();
    assert.ok(old);
    assert.equal(old.displayName, 'Lee');
    await server.api('PATCH', '/api/rooms/shared/settings', { roles: { [old.accountId]: 'moderator' } });
    await server.api('POST', '/api/rooms/closed/bans', { accountId: old.accountId });

    const browser = new CookieBrowser();
    await signOn(browser, 'lee');
    const before = await finish(browser);
    assert.deepEqual([before.known?.displayName, before.secret], ['Lee', undefined]);
    assert.equal((await accounts())[0]?.revoked, false);

    const { secret, displayName } = await finish(browser, true);
    assert.ok(secret);
    const second = await enrol({ serverUrl: url, secret, displayName });
    await lee.ended();
    const [now, before2] = await accounts();
    assert.deepEqual([now?.displayName, now?.revoked, before2?.revoked], ['Lee', false, true]);
    const { body } = await server.api('GET', '/api/audit?action=account.replace');
    const [entry] = (body as { entries: Array<{ actor: { id: string }; accountId: string }> }).entries;
    assert.deepEqual([entry?.actor.id, entry?.accountId], [now?.accountId, old.accountId]);
    const settings = async (roomId: string) =>
      (await server.api('GET', `/api/rooms/${roomId}/settings`)).body as { ownerId: string; roles: object };
    assert.equal((await settings('of-lee')).ownerId, now?.accountId);
    assert.deepEqual((await settings('shared')).roles, { [now?.accountId ?? '']: 'moderator' });
    const again = await enter(second);
    assert.equal(await again.refusal('room.join', { roomId: 'closed' }), 'BANNED');
    await assert.rejects(ProtocolClient.enter(url, first), /CERT_REVOKED/);
  });

  it('refuses a person whose account was revoked', async () => {
    await newcomer('kim');
    const [kim] = await accounts();
    await server.api('POST', `/api/accounts/${kim?.accountId}/revoke`);
    const browser = new CookieBrowser();
    await signOn(browser, 'kim');
    const response = await browser.post(`${url}/api/sign-on/finish`, { replace: true });
    assert.equal(((await response.json()) as { error: { code: string } }).error.code, 'SIGN_ON_DENIED');
  });

  it('refuses other domains, addresses that are not verified, and people who cancel', async () => {
    assert.equal(await signOn(new CookieBrowser(), 'eve'), '#/signed-on/SIGN_ON_DENIED');
    assert.equal(await signOn(new CookieBrowser(), 'mal'), '#/signed-on/SIGN_ON_DENIED');
    assert.equal(
      await signOn(new CookieBrowser(), 'ann', { action: 'cancel' }),
      '#/signed-on/SIGN_ON_CANCELLED',
    );
  });

  it('admits by the latest of several sign-ons only', async () => {
    const secrets: string[] = [];
    provider.people.set('zoe', { name: 'Zoe', email: 'zoe@example.com', email_verified: true });
    for (let n = 0; n < 2; n += 1) {
      const browser = new CookieBrowser();
      await signOn(browser, 'zoe');
      secrets.push((await finish(browser)).secret ?? '');
    }
    const [early = '', late = ''] = secrets;
    await assert.rejects(enrol({ serverUrl: url, secret: early }), { code: 'INVITE_EXPIRED' });
    assert.equal((await enrol({ serverUrl: url, secret: late })).displayName, 'Zoe');
  });

  it('says that the provider is away, and works again when it is back', async () => {
    await provider.close();
    const browser = new CookieBrowser();
    const start = await browser.post(`${url}/api/sign-on`, {});
    const { url: page } = (await start.json()) as SignOnStart;
    // The way back with a code that nobody can check.
    const state = new URL(page).searchParams.get('state');
    const back = await browser.fetch(
      `${url}/api/sign-on/callback?code=x&state=${state}&iss=${provider.issuer}`,
    );
    assert.equal(back.headers.get('location'), `${url}/#/signed-on/SIGN_ON_UNAVAILABLE`);
    await provider.open();
    assert.equal(await signOn(new CookieBrowser(), 'ann'), '#/signed-on');
  });
});
