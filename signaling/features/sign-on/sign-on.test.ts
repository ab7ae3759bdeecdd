import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { enrol, type Identity } from '../../../client/sdk/index.ts';
import type { SignedOnResponse, SignOnStart } from '../../../contract/index.ts';
import { CookieBrowser } from '../../../test/support/cookie-browser.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { freePort } from '../../../test/support/programs.ts';
import { newPerson, ProtocolClient } from '../../../test/support/protocol-client.ts';
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

  it('with the account move its messages, polls, votes, recent calls and who may call, also in a room that is open', async () => {
    const host = await newPerson(server, { displayName: 'Host', role: 'member' });
    const barred = await newPerson(server, { displayName: 'Barred', role: 'member' });
    const hosting = await enter(host.identity);
    await hosting.get('room.join', { roomId: 'party' });
    provider.people.set('max', { name: 'Max', email: 'max@example.com', email_verified: true });
    const first = await newcomer('max');
    const max = await enter(first);
    await max.get('room.join', { roomId: 'party' });
    const { seq } = await max.get('chat.send', { id: randomUUID(), text: 'Hello' });
    await max.get('chat.react', { seq, emoji: '👍', on: true });
    const poll = { question: 'Lunch?', answers: ['Yes', 'No'], open: true };
    const { pollId } = await max.get('poll.create', poll);
    await max.get('poll.vote', { pollId, answers: [1] });
    const clientId = randomUUID();
    const { settings } = await max.get('call.watch', { clientId });
    assert.equal(settings.historyDays, 90);
    await max.get('call.configure', { callsFrom: 'contacts', historyDays: 365 });
    await max.get('call.block', { accountId: barred.accountId, blocked: true });
    await max.get('call.start', { callId: randomUUID(), clientId, to: host.accountId });

    const second = await newcomer('max', true);
    await max.ended();
    const again = await ProtocolClient.open(url);
    connected.push(again);
    const { accountId, accountAlias } = await again.get('auth.prove', await again.proof(second));
    await again.get('room.join', { roomId: 'party' });
    const { messages } = await again.get('chat.history', { roomId: 'party' });
    assert.deepEqual(
      messages.map(({ author, reactions }) => [author?.accountId, reactions]),
      [[accountId, [{ emoji: '👍', accountIds: [accountId] }]]],
    );
    await again.get('chat.edit', { seq, text: 'Hello again' });
    const { polls } = await again.get('poll.list', {});
    assert.deepEqual(
      polls.map(({ author, vote, voters }) => [author?.accountId, vote, voters]),
      [[accountId, [1], 1]],
    );
    await again.get('poll.vote', { pollId, answers: [0] });
    await again.get('poll.close', { pollId });
    const closed = await hosting.event('poll.closed');
    assert.deepEqual([closed.voters, closed.counts], [1, [1, 0]]);
    const { calls } = await again.get('call.list', {});
    assert.deepEqual(
      calls.map(({ peer, outcome }) => [peer.id, outcome]),
      [[host.accountId, 'offline']],
    );
    const now = await again.get('call.watch', { clientId: randomUUID() });
    assert.deepEqual([now.settings.callsFrom, now.settings.historyDays], ['contacts', 365]);
    const { people } = await again.get('call.blocked', {});
    assert.deepEqual(people, [{ accountId: barred.accountId, displayName: 'Barred' }]);
    // It can be called by the alias of its own key.
    await again.get('call.configure', { callsFrom: 'everyone' });
    const { call } = await hosting.get('call.start', {
      callId: randomUUID(),
      clientId: randomUUID(),
      to: accountAlias,
    });
    assert.equal(call.person.accountId, accountId);
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
