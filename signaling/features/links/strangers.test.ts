import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { connect, enrol, type Identity, type Knock, knock } from '../../../client/sdk/index.ts';
import type { RequestResult, RoomChange } from '../../../contract/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';

/** Waiting people per room. */
const WAITING = 16;
const DAY_MS = 86_400_000;

type Admitted = Extract<RequestResult<'lobby.knock'>, { status: 'admitted' }>;

let keys = 0;
function newKey(): string {
  keys += 1;
  return `key-of-a-stranger-${String(keys).padStart(8, '0')}`;
}

describe('people who open the address of a room, with the policy tofu', () => {
  let server: InProcessServer;
  let ann: Identity;
  let turn = 0;
  /** Each test has its own room. */
  let roomId = '';
  const connected: ProtocolClient[] = [];

  before(async () => {
    server = await InProcessServer.start({
      'identity.policy': 'tofu',
      'limits.waitingPerRoom': WAITING,
      'limits.resumeSeconds': 0.3,
    });
    ann = await newIdentity(server);
  });
  after(() => server.close());
  beforeEach(() => {
    turn += 1;
    roomId = `room-${turn}`;
  });
  afterEach(async () => {
    for (const client of connected.splice(0)) {
      if (client.open) {
        await client.ask('lobby.cancel', {});
      }
      client.close();
    }
  });

  const connectTo = async (identity?: Identity) => {
    const client = await (identity
      ? ProtocolClient.enter(server.url, identity)
      : ProtocolClient.open(server.url));
    connected.push(client);
    return client;
  };
  /** A moderator in the room. */
  const host = async () => {
    const client = await connectTo(ann);
    await client.get('room.join', { roomId });
    return client;
  };
  const configure = async (change: RoomChange) => {
    const { status } = await server.api('PATCH', `/api/rooms/${roomId}/settings`, change);
    assert.equal(status, 200);
  };
  const ask = async (displayName = 'Stan', key = newKey()) => {
    const client = await connectTo();
    const answer = await client.get('lobby.knock', { roomId, displayName, key });
    assert.ok(answer.status === 'waiting');
    return { client, key, ...answer };
  };
  const refusedAsk = async () =>
    (await connectTo()).refusal('lobby.knock', { roomId, displayName: 'Stan', key: newKey() });
  /** Lets a stranger in, as far as the secret to enrol with. */
  const admitted = async (moderator: ProtocolClient, displayName = 'Stan') => {
    const { client, waitId } = await ask(displayName);
    await moderator.get('lobby.admit', { waitIds: [waitId] });
    const { secret = '' } = await client.event('lobby.admitted');
    assert.ok(secret);
    return secret;
  };
  const accounts = async () => {
    const { body } = await server.api('GET', '/api/accounts?limit=1000');
    return (
      body as { accounts: Array<{ accountId: string; displayName: string; source: string; role: string }> }
    ).accounts;
  };
  const accountIdOf = async (identity: Identity) => {
    const client = await ProtocolClient.open(server.url);
    const { accountId } = await client.get('auth.prove', await client.proof(identity));
    client.close();
    return accountId;
  };

  it('wait even where the lobby is off, learn nothing of the meeting, and become guests whom the server knows again', async () => {
    const moderator = await host();
    await configure({ lobby: 'off' });
    const knocking = await knock({ url: server.url, roomId, displayName: 'Stan' });
    assert.deepEqual(knocking.progress, { ahead: 0, waiting: 1, isOpen: false, hostPresent: false });
    const { person } = await moderator.event('lobby.waiting');
    const { waitId, sinceMs, ...known } = person;
    assert.deepEqual(known, { displayName: 'Stan', uninvited: true });
    assert.ok(sinceMs <= Date.now());
    await moderator.get('lobby.admit', { waitIds: [waitId] });
    const admission = await knocking.admission;
    const identity = await enrol({
      serverUrl: server.url,
      secret: admission.secret ?? '',
      displayName: 'Ann',
    });
    assert.equal(identity.displayName, 'Stan');
    const days = (identity.expiresAtMs - Date.now()) / DAY_MS;
    assert.ok(days > 179 && days < 181, `${days} days`);
    const accountId = await accountIdOf(identity);
    const account = (await accounts()).find((each) => each.accountId === accountId);
    assert.deepEqual([account?.source, account?.role], ['tofu', 'guest']);

    const stan = await connectTo(identity);
    const { participants } = await stan.get('room.join', { roomId });
    assert.equal(participants.find((each) => each.accountId === accountId)?.role, 'guest');
    await stan.get('room.leave', {});
    const again = await connectTo(identity);
    await again.get('room.join', { roomId });
  });

  it('with an account wait in front of every other room, and are recognised there', async () => {
    const moderator = await host();
    const identity = await enrol({ serverUrl: server.url, secret: await admitted(moderator) });
    await moderator.get('room.leave', {});
    roomId = `${roomId}-other`;
    await moderator.get('room.join', { roomId });
    await configure({ lobby: 'off' });
    const client = await connect({ url: server.url, identity });
    await assert.rejects(client.join(roomId, {}), { code: 'LOBBY_REQUIRED' });
    const knocking: Knock = await client.knock({ roomId });
    const { person } = await moderator.event('lobby.waiting', (each) => each.person.accountId !== undefined);
    assert.deepEqual([person.accountId, person.role], [client.account.accountId, 'guest']);
    await moderator.get('lobby.admit', { waitIds: [person.waitId] });
    assert.equal((await knocking.admission).roomId, roomId);
    await client.close();
    await (await connectTo(identity)).get('room.join', { roomId });
  });

  it('a link still lets people with and without an account in at once where the lobby is off', async () => {
    const moderator = await host();
    await configure({ lobby: 'off' });
    const { url } = await moderator.get('link.create', { roomId });
    const [, secret = ''] = /#\/join\/([\w-]+)\./.exec(url ?? '') ?? [];
    const newcomer = await connectTo();
    const data = { secret, displayName: 'Gus', key: newKey() };
    const answer = (await newcomer.get('lobby.knock', data)) as Admitted;
    assert.equal(answer.status, 'admitted');
    const gus = await enrol({ serverUrl: server.url, secret: answer.secret ?? '' });
    assert.ok(gus.expiresAtMs - Date.now() <= DAY_MS, 'a guest by link');
    const zoe = await newIdentity(server, { role: 'guest', roomId: 'elsewhere' });
    const visitor = await connectTo(zoe);
    assert.equal(await visitor.refusal('room.join', { roomId }), 'LOBBY_REQUIRED');
    assert.deepEqual(await visitor.get('lobby.knock', { secret }), { status: 'admitted', roomId });
  });

  it('are refused where guests may not enter, where the room is locked, and when it is deleted', async () => {
    const moderator = await host();
    const waiting = await ask();
    await configure({ locked: true });
    assert.equal(await refusedAsk(), 'ROOM_LOCKED');
    assert.equal(await moderator.refusal('lobby.admit', { waitIds: [waiting.waitId] }), 'ROOM_LOCKED');
    await configure({ locked: false });
    await moderator.get('room.delete', { roomId });
    assert.equal((await waiting.client.event('lobby.refused')).error.code, 'ROOM_DELETED');
    await configure({ permissions: { speaker: [] } });
    assert.equal(await refusedAsk(), 'FORBIDDEN');
  });

  it('threat 63: cost no row and no certificate before somebody admits them', async () => {
    await host();
    const database = new Database(join(server.dataDir, 'canopy.sqlite'), { readonly: true });
    const rows = () =>
      ['accounts', 'invitations', 'grants', 'devices'].map(
        (table) => (database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n,
      );
    const beforehand = rows();
    const waiting = await ask();
    const { client } = await ask('Someone else');
    await client.get('lobby.cancel', {});
    assert.deepEqual(rows(), beforehand);
    assert.ok(waiting.client.open);
    database.close();
  });

  it('threat 64: who was denied, removed or banned does not come back by the address', async () => {
    const moderator = await host();
    const denied = await ask('Mal');
    await moderator.get('lobby.deny', { waitIds: [denied.waitId] });
    const again = { roomId, displayName: 'Mallory', key: denied.key };
    assert.equal(await (await connectTo()).refusal('lobby.knock', again), 'LOBBY_DENIED');

    const identity = await enrol({ serverUrl: server.url, secret: await admitted(moderator, 'Eve') });
    const eve = await connectTo(identity);
    const { participantId = '', participants } = await eve.get('room.join', { roomId });
    const { accountId = '' } = participants.find((each) => each.participantId === participantId) ?? {};
    await moderator.get('participant.kick', { participantId });
    assert.equal(await eve.ended(), 'KICKED');
    const removed = await connectTo(identity);
    assert.equal(await removed.refusal('room.join', { roomId }), 'KICKED');
    assert.equal(await removed.refusal('lobby.knock', { roomId }), 'KICKED');

    await moderator.get('ban.add', { accountId, link: true });
    assert.equal(await removed.refusal('lobby.knock', { roomId }), 'BANNED');
    assert.equal(await refusedAsk(), 'BANNED', 'nor does anyone new without a link');
    const { url } = await moderator.get('link.create', { roomId });
    const [, secret = ''] = /#\/join\/([\w-]+)\./.exec(url ?? '') ?? [];
    const invited = await connectTo();
    const answer = await invited.get('lobby.knock', { secret, displayName: 'Gus', key: newKey() });
    assert.equal(answer.status, 'waiting');
  });

  it('threat 30: nobody takes over or renames another’s account', async () => {
    const moderator = await host();
    let sent = { csr: '' };
    const listening: typeof fetch = (input, init) => {
      if (init?.body !== undefined) {
        sent = JSON.parse(String(init.body));
      }
      return fetch(input, init);
    };
    const post = async (body: object) => {
      const response = await fetch(`${server.url}/api/enrol`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return ((await response.json()) as { error?: { code: string } }).error?.code;
    };
    const first = await admitted(moderator, 'Victor');
    const victor = await enrol({ serverUrl: server.url, secret: first, fetch: listening });
    const accountId = await accountIdOf(victor);
    const { csr } = sent;
    assert.equal(await post({ secret: first, csr }), undefined, 'an answer that got lost is repeated');
    const second = await admitted(moderator, 'Not Victor');
    assert.equal(await post({ secret: second, csr }), 'FORBIDDEN', 'a key has one certificate');
    const member = await newIdentity(server);
    await enrol({ serverUrl: server.url, secret: second, fetch: listening });
    assert.equal(await post({ secret: first, csr: sent.csr }), 'INVITE_USED');
    const bytes = Buffer.from(sent.csr, 'base64');
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    const third = await admitted(moderator);
    assert.equal(await post({ secret: third, csr: bytes.toString('base64') }), 'CSR_INVALID');
    assert.equal(await post({ secret: third, csr: 'AAAA' }), 'CSR_INVALID');
    const account = (await accounts()).find((each) => each.accountId === accountId);
    assert.equal(account?.displayName, 'Victor');
    // A chain of another's account with one's own device is no proof either.
    const thief = await connectTo();
    const proof = await thief.proof(member);
    const [leaf = ''] = proof.chain;
    const stolen = { ...proof, chain: [leaf, ...victor.chain.slice(1)] };
    assert.match(await thief.refusal('auth.prove', stolen), /^CERT_/);
    const { body } = await server.api('POST', `/api/accounts/${accountId}/revoke`);
    assert.ok(body);
    await assert.rejects(connectTo(victor), /CERT_REVOKED/);
  });
});

describe('a stranger who knocks in a loop', () => {
  let server: InProcessServer;
  const opened: ProtocolClient[] = [];
  before(async () => {
    server = await InProcessServer.start({ 'identity.policy': 'tofu', 'limits.waitingPerRoom': WAITING });
  });
  after(async () => {
    for (const client of opened) {
      client.close();
    }
    await server.close();
  });
  const open = async (identity?: Identity) => {
    const client = await (identity
      ? ProtocolClient.enter(server.url, identity)
      : ProtocolClient.open(server.url));
    opened.push(client);
    return client;
  };

  it('threat 54: takes a share of the lobby, and is soon refused without disturbing anyone', async () => {
    const moderator = await open(await newIdentity(server));
    await moderator.get('room.join', { roomId: 'team' });
    const { url } = await moderator.get('link.create', { roomId: 'team' });
    const [, secret = ''] = /#\/join\/([\w-]+)\./.exec(url ?? '') ?? [];
    const answers: string[] = [];
    for (let n = 0; n < WAITING / 2; n += 1) {
      const data = { roomId: 'team', displayName: `Nr ${n}`, key: newKey() };
      const answer = await (await open()).ask('lobby.knock', data);
      answers.push(answer.ok ? 'waiting' : answer.error.code);
    }
    const quarter = WAITING / 4;
    assert.deepEqual(answers.slice(0, quarter), Array(quarter).fill('waiting'));
    assert.deepEqual(answers.slice(quarter), Array(quarter).fill('LOBBY_FULL'));
    const invited = await open();
    const knocked = await invited.get('lobby.knock', { secret, displayName: 'Gus', key: newKey() });
    assert.equal(knocked.status, 'waiting', 'there is room for people with a link');

    const stranger = await open();
    const codes = new Set<string>();
    for (let n = 0; n < 60; n += 1) {
      const data = { roomId: `guess-${n}`, displayName: 'Mal', key: newKey() };
      const answer = await stranger.ask('lobby.knock', data);
      codes.add(answer.ok ? 'waiting' : answer.error.code);
      await stranger.ask('lobby.cancel', {});
    }
    assert.ok(codes.has('RATE_LIMITED'), [...codes].join());
    assert.equal(moderator.count('lobby.waiting'), quarter + 1);
    const other = { secret, displayName: 'Zoë', key: newKey() };
    assert.equal((await (await open()).get('lobby.knock', other)).status, 'waiting');
  });
});

describe('the policy tofu', () => {
  it('is off by default: a room’s address leads nobody to its lobby', async (t) => {
    const server = await InProcessServer.start();
    t.after(() => server.close());
    const client = await ProtocolClient.open(server.url);
    const data = { roomId: 'team', displayName: 'Stan', key: newKey() };
    assert.equal(await client.refusal('lobby.knock', data), 'AUTH_REQUIRED');
    client.close();
    const guest = await newIdentity(server, { role: 'guest', roomId: 'elsewhere' });
    const visitor = await ProtocolClient.enter(server.url, guest);
    assert.equal(await visitor.refusal('room.join', { roomId: 'team' }), 'FORBIDDEN');
    assert.equal(await visitor.refusal('lobby.knock', { roomId: 'team' }), 'FORBIDDEN');
    visitor.close();
  });

  it('once it is turned off, keeps out those whom nobody has invited, until it is on again', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'canopy-tofu-'));
    const start = (policy: string) =>
      InProcessServer.start({ 'data.dir': dataDir, 'identity.policy': policy });
    const first = await start('tofu');
    const key = readFileSync(join(dataDir, 'api.key'), 'utf8').trim();
    const moderator = await ProtocolClient.enter(first.url, await newIdentity(first));
    await moderator.get('room.join', { roomId: 'team' });
    const enter = async () => {
      const client = await ProtocolClient.open(first.url);
      const answer = await client.get('lobby.knock', { roomId: 'team', displayName: 'Stan', key: newKey() });
      assert.ok(answer.status === 'waiting');
      await moderator.get('lobby.admit', { waitIds: [answer.waitId] });
      const { secret = '' } = await client.event('lobby.admitted');
      client.close();
      const identity = await enrol({ serverUrl: first.url, secret });
      const entered = await ProtocolClient.open(first.url);
      const { accountId } = await entered.get('auth.prove', await entered.proof(identity));
      return { identity, accountId, client: entered };
    };
    const [stan, member, invited] = [await enter(), await enter(), await enter()];
    const promotion = `/api/accounts/${member.accountId}/role`;
    assert.equal((await first.api('POST', promotion, { role: 'member' }, key)).status, 200);
    const { secret } = await moderator.get('invite.create', { role: 'guest', roomId: 'other' });
    await invited.client.get('invite.redeem', { secret });
    for (const client of [moderator, stan.client, member.client, invited.client]) {
      client.close();
    }
    await first.close();

    const second = await start('invite');
    /** What the server says to this identity. The port, and with it the origin, has changed. */
    const signIn = async ({ url }: InProcessServer, identity: Identity) => {
      const client = await ProtocolClient.open(url);
      const answer = await client.ask('auth.prove', await client.proof(identity));
      client.close();
      return answer.ok ? 'ok' : answer.error.code;
    };
    assert.equal(await signIn(second, stan.identity), 'ACCOUNT_UNKNOWN');
    assert.equal(await signIn(second, member.identity), 'ok');
    assert.equal(await signIn(second, invited.identity), 'ok');
    await second.close();
    const third = await start('tofu');
    assert.equal(await signIn(third, stan.identity), 'ok');
    await third.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
});
