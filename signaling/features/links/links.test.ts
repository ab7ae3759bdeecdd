import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { enrol, type Identity } from '../../../client/sdk/index.ts';
import type { RequestResult, RoomChange, RoomLink } from '../../../contract/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { eventually } from '../../../test/support/wait.ts';

type Admitted = Extract<RequestResult<'lobby.knock'>, { status: 'admitted' }>;

/** The parts of a room link. */
function parts(url: string | null): { secret: string; pin: string } {
  const [, secret = '', pin = ''] = /#\/join\/([\w-]+)\.([\w-]{43})$/.exec(url ?? '') ?? [];
  assert.ok(secret && pin, `${url}`);
  return { secret, pin };
}

let keys = 0;
function newKey(): string {
  keys += 1;
  return `key-of-a-client-${String(keys).padStart(8, '0')}`;
}

describe('room links and the lobby', () => {
  let server: InProcessServer;
  let ann: Identity;
  let bob: Identity;
  let turn = 0;
  /** Each test has its own room. */
  let roomId = '';
  /** Everyone whom a test connected. */
  const connected: ProtocolClient[] = [];

  before(async () => {
    server = await InProcessServer.start({
      'limits.waitingPerRoom': 16,
      'limits.guestsPerLink': 12,
      'limits.resumeSeconds': 0.3,
    });
    [ann, bob] = await Promise.all([newIdentity(server), newIdentity(server, { displayName: 'Bob' })]);
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

  const connect = async (identity?: Identity) => {
    const opening = identity ? ProtocolClient.enter(server.url, identity) : ProtocolClient.open(server.url);
    const client = await opening;
    connected.push(client);
    return client;
  };
  /** A moderator in the room, and a link to it. */
  const host = async (identity = ann, limits: { maxPeople?: number } = {}) => {
    const client = await connect(identity);
    const joined = await client.get('room.join', { roomId });
    const link = await client.get('link.create', { roomId, ...limits });
    return { client, link, secret: parts(link.url).secret, participantId: joined.participantId ?? '' };
  };
  const configure = async (change: RoomChange) => {
    const { status } = await server.api('PATCH', `/api/rooms/${roomId}/settings`, change);
    assert.equal(status, 200);
  };
  const knock = async (secret: string, displayName = 'Gus', key = newKey()) => {
    const client = await connect();
    const answer = await client.get('lobby.knock', { secret, displayName, key });
    return { client, answer, key, waitId: answer.status === 'waiting' ? answer.waitId : '' };
  };
  /** The error code with which a knock is refused. */
  const refusedKnock = async (secret: string, key = newKey()) => {
    const client = await connect();
    const code = await client.refusal('lobby.knock', { secret, displayName: 'Gus', key });
    client.close();
    return code;
  };
  const enter = async (secret: string | undefined, room = roomId) => {
    const identity = await enrol({ serverUrl: server.url, secret: secret ?? '' });
    const client = await connect(identity);
    const joined = await client.get('room.join', { roomId: room });
    return { client, identity, joined };
  };
  const rows = (table: string) => {
    const database = new Database(join(server.dataDir, 'canopy.sqlite'), { readonly: true });
    const all = database.prepare(`SELECT * FROM ${table}`).all() as Array<Record<string, unknown>>;
    database.close();
    return all;
  };
  const open = async (secret: string, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL('/api/links/open', server.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ secret }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  describe('one link for everybody', () => {
    it('two newcomers knock with it, are admitted, and enter under the names that the moderator saw', async () => {
      const { client, secret, link } = await host();
      const guests = [await knock(secret, 'Gus'), await knock(secret, 'Zoë')];
      for (const [index, { answer, waitId }] of guests.entries()) {
        assert.ok(answer.status === 'waiting');
        assert.deepEqual(answer.progress, {
          ahead: index,
          waiting: index + 1,
          isOpen: true,
          hostPresent: true,
        });
        const { person } = await client.event('lobby.waiting', (each) => each.person.waitId === waitId);
        assert.equal(person.displayName, ['Gus', 'Zoë'][index]);
        assert.equal(person.accountId, undefined);
      }
      const waitIds = guests.map(({ waitId }) => waitId);
      assert.deepEqual(await client.get('lobby.admit', { waitIds }), { waitIds });
      const entered = [];
      for (const { client: waiting } of guests) {
        const admitted = await waiting.event('lobby.admitted');
        assert.equal(admitted.roomId, roomId);
        entered.push(await enter(admitted.secret));
      }
      const names = entered
        .at(-1)
        ?.joined.participants.map(({ displayName, role }) => `${displayName} ${role}`);
      assert.deepEqual(names, ['Ann member', 'Gus guest', 'Zoë guest']);
      const [listed] = (await client.get('link.list', { roomId })).links;
      assert.deepEqual([listed?.linkId, listed?.people, listed?.url], [link.linkId, 2, link.url]);
    });

    it('says who invites to which room before anyone knocks, and its secret is nowhere in the store', async () => {
      const { secret } = await host(bob);
      await configure({ title: 'Weekly meeting' });
      const { body } = await open(secret);
      const { expiresAtMs, ...shown } = body;
      assert.deepEqual(shown, {
        roomId,
        title: 'Weekly meeting',
        invitedBy: 'Bob',
        lobby: true,
        isOpen: true,
      });
      assert.ok(Number(expiresAtMs) > Date.now());
      assert.ok(!JSON.stringify(rows('room_links')).includes(secret));
    });

    it('the operator makes, lists, renews and withdraws links', async () => {
      const path = `/api/rooms/${roomId}/links`;
      const made = (await server.api('POST', path, { maxPeople: 3 })).body as RoomLink;
      assert.deepEqual([made.roomId, made.maxPeople, made.people, made.createdBy], [roomId, 3, 0, null]);
      assert.equal((await open(parts(made.url).secret)).body.invitedBy, null);
      const renewed = (await server.api('POST', `/api/links/${made.linkId}/renew`, {})).body as RoomLink;
      assert.equal(renewed.maxPeople, 3);
      assert.notEqual(renewed.url, made.url);
      const list = async () => ((await server.api('GET', path)).body as { links: RoomLink[] }).links;
      assert.deepEqual(await list(), [renewed]);
      assert.equal(await refusedKnock(parts(made.url).secret), 'LINK_WITHDRAWN');
      assert.equal((await server.api('DELETE', `/api/links/${renewed.linkId}`)).status, 200);
      assert.deepEqual(await list(), []);
      assert.equal((await server.api('DELETE', `/api/links/${renewed.linkId}`)).status, 410);
    });

    it('a member whom the room lets in needs nobody: the link leads straight in', async () => {
      const { secret } = await host();
      const member = await connect(bob);
      assert.deepEqual(await member.get('lobby.knock', { secret }), { status: 'admitted', roomId });
      await member.get('room.join', { roomId });
    });

    it('a guest of another room keeps the account: waits under the certified name, and is then let in', async () => {
      const { client, secret } = await host();
      const guest = await newIdentity(server, { role: 'guest', roomId: 'elsewhere', displayName: 'Olaf' });
      const visitor = await connect(guest);
      assert.equal(await visitor.refusal('room.join', { roomId }), 'FORBIDDEN');
      const answer = await visitor.get('lobby.knock', { secret, displayName: 'Boss' });
      assert.ok(answer.status === 'waiting');
      const { person } = await client.event('lobby.waiting');
      assert.deepEqual([person.displayName, person.role], ['Olaf', 'guest']);
      assert.match(person.accountId ?? '', /^[0-9a-f]{64}$/);
      await client.get('lobby.admit', { waitIds: [answer.waitId] });
      assert.deepEqual(await visitor.event('lobby.admitted'), { roomId });
      await visitor.get('room.join', { roomId });
    });
  });

  describe('waiting', () => {
    it('before anyone is inside: the meeting begins, and whoever opens it finds the people who wait', async () => {
      const { link } = await host().then(async (hosted) => {
        await hosted.client.get('room.leave', {});
        return hosted;
      });
      const { client: waiting, answer, waitId } = await knock(parts(link.url).secret);
      assert.ok(answer.status === 'waiting');
      assert.deepEqual([answer.progress.isOpen, answer.progress.hostPresent], [false, false]);
      const client = await connect(bob);
      const { parts: snapshot } = await client.get('room.join', { roomId });
      assert.deepEqual(
        snapshot.lobby?.map((person) => [person.waitId, person.displayName]),
        [[waitId, 'Gus']],
      );
      await waiting.event('lobby.progress', ({ isOpen, hostPresent }) => isOpen && hostPresent);
      await client.get('lobby.admit', { waitIds: [waitId] });
      await enter((await waiting.event('lobby.admitted')).secret);
    });

    it('the place survives a lost connection', async () => {
      const { client, secret } = await host();
      const first = await knock(secret);
      await knock(secret);
      await first.client.cut();
      const again = await connect();
      const answer = await again.get('lobby.knock', { secret, displayName: 'Gus', key: first.key });
      assert.ok(answer.status === 'waiting');
      assert.deepEqual([answer.waitId, answer.progress.ahead], [first.waitId, 0]);
      assert.equal(client.count('lobby.gone'), 0);
    });

    it('ends when the place is given up, at once or after a lost connection', async () => {
      const { client, secret } = await host();
      const [one, two, three] = [await knock(secret), await knock(secret), await knock(secret)];
      await one.client.get('lobby.cancel', {});
      const gone = await client.event('lobby.gone', ({ waitId }) => waitId === one.waitId);
      assert.deepEqual([gone.outcome, gone.by], ['left', null]);
      await two.client.cut();
      await client.event('lobby.gone', ({ waitId }) => waitId === two.waitId);
      await three.client.event('lobby.progress', ({ ahead, waiting }) => ahead === 0 && waiting === 1);
    });

    it('the lobby turned off lets everyone in who waits, and the link then lets people in at once', async () => {
      const { client, secret } = await host();
      const waiting = await knock(secret);
      await configure({ lobby: 'off' });
      const { secret: invitation } = await waiting.client.event('lobby.admitted');
      const gone = await client.event('lobby.gone');
      assert.deepEqual([gone.outcome, gone.by], ['admitted', null]);
      const next = await knock(secret, 'Next');
      assert.equal(next.answer.status, 'admitted');
      await enter(invitation);
      await enter((next.answer as Admitted).secret);
      assert.equal(client.count('lobby.waiting'), 1);
    });

    it('in a room where everyone waits, members too are admitted, and need not wait again', async () => {
      const { client } = await host();
      await configure({ lobby: 'everyone' });
      const member = await connect(bob);
      assert.equal(await member.refusal('room.join', { roomId }), 'LOBBY_REQUIRED');
      const answer = await member.get('lobby.knock', { roomId });
      assert.ok(answer.status === 'waiting');
      await client.get('lobby.admit', { waitIds: [answer.waitId] });
      await member.event('lobby.admitted');
      await member.get('room.join', { roomId });
      await member.get('room.leave', {});
      await member.get('room.join', { roomId });
      // The owner and people with an assigned role never wait.
      await client.get('room.leave', {});
      await client.get('room.join', { roomId });
    });

    it('people who gain the right to admit get the list, and those who lose it see nobody', async () => {
      const { client, secret } = await host();
      const moderator = await connect(bob);
      const { participants, participantId } = await moderator.get('room.join', { roomId });
      const accountId = participants.find((each) => each.participantId === participantId)?.accountId ?? '';
      await configure({ roles: { [accountId]: 'speaker' } });
      const waiting = await knock(secret);
      await client.event('lobby.waiting');
      const lost = await moderator.event('lobby.list');
      assert.deepEqual(lost.people, []);
      assert.equal(await moderator.refusal('lobby.admit', { waitIds: [waiting.waitId] }), 'FORBIDDEN');
      await configure({ roles: { [accountId]: 'moderator' } });
      const gained = await moderator.event('lobby.list', ({ people }) => people.length > 0);
      assert.equal(gained.people[0]?.waitId, waiting.waitId);
      assert.equal(moderator.count('lobby.waiting'), 0);
    });

    it('a moderator who reconnects has the true list', async () => {
      const { client, secret } = await host();
      const waiting = [await knock(secret, 'One'), await knock(secret, 'Two')];
      await client.get('lobby.deny', { waitIds: [waiting[0]?.waitId ?? ''] });
      client.close();
      const again = await connect(ann);
      const { parts: snapshot } = await again.get('room.join', { roomId });
      assert.deepEqual(
        snapshot.lobby?.map(({ displayName }) => displayName),
        ['Two'],
      );
      const viewer = await newIdentity(server, { role: 'guest', roomId });
      const guest = await connect(viewer);
      assert.equal((await guest.get('room.join', { roomId })).parts.lobby, undefined);
    });
  });

  describe('threat 5: order and ownership at the door', () => {
    it('of two moderators who admit and deny at once, one decides, and the person hears one answer', async () => {
      const { client, secret } = await host();
      const other = await connect(bob);
      await other.get('room.join', { roomId });
      const waiting = await knock(secret);
      const waitIds = [waiting.waitId];
      const [admitted, denied, twice] = await Promise.all([
        client.get('lobby.admit', { waitIds }),
        other.get('lobby.deny', { waitIds }),
        other.get('lobby.admit', { waitIds }),
      ]);
      assert.equal(admitted.waitIds.length + denied.waitIds.length + twice.waitIds.length, 1);
      for (const moderator of [client, other]) {
        await moderator.event('lobby.gone');
        await moderator.get('session.ping', {});
        assert.equal(moderator.count('lobby.gone'), 1);
      }
      await waiting.client.get('lobby.cancel', {});
      assert.equal(waiting.client.count('lobby.admitted') + waiting.client.count('lobby.refused'), 1);
    });

    it('admitting someone who has left does nothing; someone whose connection is lost finds the answer', async () => {
      const { client, secret } = await host();
      const [gone, lost] = [await knock(secret), await knock(secret)];
      await gone.client.get('lobby.cancel', {});
      assert.deepEqual(await client.get('lobby.admit', { waitIds: [gone.waitId] }), { waitIds: [] });
      await lost.client.cut();
      await client.get('lobby.admit', { waitIds: [lost.waitId] });
      const again = await connect();
      const answers = [1, 2].map(() =>
        again.get('lobby.knock', { secret, displayName: 'Other', key: lost.key }),
      );
      const [first, second] = (await Promise.all(answers)) as Admitted[];
      assert.equal(first?.status, 'admitted');
      assert.equal(first?.secret, second?.secret);
      const entered = await enter(first?.secret);
      assert.equal(entered.identity.displayName, 'Gus');
    });

    it('an admission is for one person, once', async () => {
      const { client, secret } = await host();
      const waiting = await knock(secret);
      await client.get('lobby.admit', { waitIds: [waiting.waitId] });
      const { secret: invitation } = await waiting.client.event('lobby.admitted');
      await enter(invitation);
      await assert.rejects(enrol({ serverUrl: server.url, secret: invitation ?? '' }), {
        code: 'INVITE_USED',
      });
    });

    it('a link gives no rights but to enter as a guest, and guests neither make links nor admit', async () => {
      const { client, secret, link } = await host();
      const waiting = await knock(secret);
      await client.get('lobby.admit', { waitIds: [waiting.waitId] });
      const guest = await enter((await waiting.client.event('lobby.admitted')).secret);
      assert.equal(await guest.client.refusal('room.join', { roomId: 'other' }), 'ROOM_ALREADY_JOINED');
      for (const [name, data] of Object.entries({
        'link.create': { roomId },
        'link.list': { roomId },
        'link.renew': { linkId: link.linkId },
        'link.withdraw': { linkId: link.linkId },
        'lobby.admit': { waitIds: [waiting.waitId] },
        'lobby.deny': { waitIds: [waiting.waitId] },
        'invite.create': { role: 'guest', roomId },
      })) {
        assert.equal(await guest.client.refusal(name, data), 'FORBIDDEN', name);
      }
      await guest.client.get('room.leave', {});
      assert.equal(await guest.client.refusal('room.join', { roomId: 'other' }), 'FORBIDDEN');
      // Nor does the link's secret serve as an invitation.
      await assert.rejects(enrol({ serverUrl: server.url, secret }), { code: 'INVITE_UNKNOWN' });
      assert.equal(await guest.client.refusal('invite.redeem', { secret }), 'INVITE_UNKNOWN');
    });

    it('nobody decides about people who wait for another room', async () => {
      const { secret } = await host();
      const waiting = await knock(secret);
      const elsewhere = await connect(bob);
      await elsewhere.get('room.join', { roomId: `${roomId}-other` });
      for (const name of ['lobby.admit', 'lobby.deny'] as const) {
        assert.deepEqual(await elsewhere.get(name, { waitIds: [waiting.waitId] }), { waitIds: [] });
      }
      assert.equal(elsewhere.count('lobby.waiting'), 0);
      await waiting.client.get('lobby.cancel', {});
      assert.equal(waiting.client.count('lobby.admitted'), 0);
    });

    it('without an account nothing else is allowed, and a knock needs a link, a name and a key', async () => {
      const { secret } = await host();
      const stranger = await connect();
      for (const [name, data] of Object.entries({
        'lobby.admit': { waitIds: [crypto.randomUUID()] },
        'link.list': { roomId },
        'room.join': { roomId },
        'session.ping': {},
      })) {
        assert.equal(await stranger.refusal(name, data), 'AUTH_REQUIRED', name);
      }
      const name = { displayName: 'Gus' };
      const key = newKey();
      assert.equal(await stranger.refusal('lobby.knock', { roomId, ...name, key }), 'AUTH_REQUIRED');
      assert.equal(await stranger.refusal('lobby.knock', { secret, ...name }), 'AUTH_REQUIRED');
      assert.equal(await stranger.refusal('lobby.knock', { secret, key }), 'AUTH_REQUIRED');
      for (const data of [
        { secret, ...name, key: 'short' },
        { secret, displayName: '\u200b', key },
        { ...name, key },
        { secret, roomId, ...name, key },
      ]) {
        assert.equal(await stranger.refusal('lobby.knock', data), 'BAD_REQUEST', JSON.stringify(data));
      }
    });
  });

  describe('a link that ends', () => {
    it('withdrawn or renewed: people who wait by it are told, and those admitted stay', async () => {
      const { client, secret, link } = await host();
      const admitted = await knock(secret);
      await client.get('lobby.admit', { waitIds: [admitted.waitId] });
      const inside = await enter((await admitted.client.event('lobby.admitted')).secret);
      const waiting = await knock(secret);
      const renewed = await client.get('link.renew', { linkId: link.linkId });
      assert.equal((await waiting.client.event('lobby.refused')).error.code, 'LINK_WITHDRAWN');
      assert.equal(await refusedKnock(secret), 'LINK_WITHDRAWN');
      assert.equal((await open(secret)).status, 410);
      const next = await knock(parts(renewed.url).secret);
      await client.get('link.withdraw', { linkId: renewed.linkId });
      assert.equal((await next.client.event('lobby.refused')).error.code, 'LINK_WITHDRAWN');
      assert.equal(await client.refusal('link.renew', { linkId: renewed.linkId }), 'LINK_WITHDRAWN');
      assert.deepEqual((await client.get('link.list', { roomId })).links, []);
      await inside.client.get('session.ping', {});
      assert.ok(inside.client.open);
    });

    it('withdrawn after an admission that was not used yet: the invitation ends with it', async () => {
      const { client, secret, link } = await host();
      const waiting = await knock(secret);
      await client.get('lobby.admit', { waitIds: [waiting.waitId] });
      const { secret: invitation } = await waiting.client.event('lobby.admitted');
      await client.get('link.withdraw', { linkId: link.linkId });
      await assert.rejects(enrol({ serverUrl: server.url, secret: invitation ?? '' }), {
        code: 'INVITE_EXPIRED',
      });
    });

    it('threat 7: the account that made it is revoked: its links and the people who wait by them go', async () => {
      const eve = await newIdentity(server, { displayName: 'Eve' });
      const hosted = await host(eve);
      const waiting = await knock(hosted.secret);
      const visitor = await newIdentity(server, { role: 'guest', roomId: 'elsewhere' });
      const guest = await connect();
      const { accountId } = await guest.get('auth.prove', await guest.proof(visitor));
      const other = await connect(ann);
      await other.get('room.join', { roomId });
      const link = await other.get('link.create', { roomId });
      const answer = await guest.get('lobby.knock', { secret: parts(link.url).secret });
      assert.ok(answer.status === 'waiting');
      await server.api('POST', `/api/accounts/${accountId}/revoke`);
      assert.equal(await guest.ended(), 'CERT_REVOKED');
      const gone = await other.event('lobby.gone', ({ waitId }) => waitId === answer.waitId);
      assert.equal(gone.outcome, 'left');
      const evesId =
        (await other.event('lobby.waiting', () => true)) && link && hosted.link.createdBy?.accountId;
      await server.api('POST', `/api/accounts/${evesId}/revoke`);
      assert.equal((await waiting.client.event('lobby.refused')).error.code, 'LINK_WITHDRAWN');
      assert.equal(await refusedKnock(hosted.secret), 'LINK_WITHDRAWN');
    });
  });

  describe('limits', () => {
    it('threat 63: a flood of knocks waits for nothing: the lobby fills to its limit and no row is made', async () => {
      const { secret } = await host();
      const before = rows('invitations').length + rows('accounts').length;
      const all = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const stranger = await connect();
          const answer = await stranger.ask('lobby.knock', { secret, displayName: 'Flo', key: newKey() });
          return { client: stranger, code: answer.ok ? 'ok' : answer.error.code };
        }),
      );
      // One address may have half of the lobby.
      assert.equal(all.filter(({ code }) => code === 'ok').length, 8);
      assert.ok(all.every(({ code }) => ['ok', 'LOBBY_FULL'].includes(code)));
      assert.equal(rows('invitations').length + rows('accounts').length, before);
      for (const { client } of all) {
        client.close();
      }
      await eventually(
        'their places are given back',
        async () => /canopy_lobby_waiting \d+/.exec(await (await fetch(`${server.url}/metrics`)).text())?.[0],
        (gauge) => gauge === 'canopy_lobby_waiting 0',
      );
    });

    it('threat 64: someone denied cannot knock again for a while, nor can a third new identity from there', async () => {
      const { client, secret } = await host();
      const first = await knock(secret, 'Mal');
      await client.get('lobby.deny', { waitIds: [first.waitId] });
      assert.equal((await first.client.event('lobby.refused')).error.code, 'LOBBY_DENIED');
      assert.equal(await refusedKnock(secret, first.key), 'LOBBY_DENIED');
      const [second, third, kept] = [await knock(secret), await knock(secret), await knock(secret)];
      await client.get('lobby.deny', { waitIds: [second.waitId, third.waitId] });
      assert.equal(await refusedKnock(secret), 'LOBBY_DENIED');
      // Someone else behind the same address who waits already keeps the place.
      await kept.client.cut();
      const again = await connect();
      const answer = await again.get('lobby.knock', { secret, displayName: 'Gus', key: kept.key });
      assert.equal(answer.status, 'waiting');
    });

    it('a link lets in at most as many people at a time as it says, and so many an hour', async () => {
      const { client, secret } = await host(ann, { maxPeople: 1 });
      const [one, two] = [await knock(secret), await knock(secret)];
      await client.get('lobby.admit', { waitIds: [one.waitId] });
      assert.equal(await client.refusal('lobby.admit', { waitIds: [two.waitId] }), 'LINK_FULL');
      const link = await client.get('link.create', { roomId });
      await configure({ lobby: 'off' });
      const answers = [];
      for (let n = 0; n < 13; n += 1) {
        const stranger = await connect();
        const data = { secret: parts(link.url).secret, displayName: `G${n}`, key: newKey() };
        const answer = await stranger.ask('lobby.knock', data);
        answers.push(answer.ok ? 'ok' : answer.error.code);
        stranger.close();
      }
      assert.deepEqual(answers, [...Array(12).fill('ok'), 'LINK_FULL']);
    });

    it('a room has at most 20 links', async () => {
      const { client } = await host();
      for (let n = 1; n < 20; n += 1) {
        await client.get('link.create', { roomId });
      }
      assert.equal(await client.refusal('link.create', { roomId }), 'LIMIT_REACHED');
    });

    it('someone removed from the room waits to be let back in, and a moderator may do so', async () => {
      const { client, secret } = await host();
      const guest = await newIdentity(server, { role: 'guest', roomId, displayName: 'Kim' });
      const removed = await connect(guest);
      const { participantId = '' } = await removed.get('room.join', { roomId });
      await client.get('participant.kick', { participantId });
      const again = await connect(guest);
      assert.equal(await again.refusal('room.join', { roomId }), 'KICKED');
      assert.equal(await again.refusal('lobby.knock', { roomId }), 'KICKED');
      const answer = await again.get('lobby.knock', { secret });
      assert.ok(answer.status === 'waiting');
      await client.get('lobby.admit', { waitIds: [answer.waitId] });
      await again.event('lobby.admitted');
      await again.get('room.join', { roomId });
    });

    it('threat 64: with the lobby off, whoever comes by the link of someone just removed waits', async () => {
      const { client, secret } = await host();
      await configure({ lobby: 'off' });
      const first = await knock(secret);
      assert.ok(first.answer.status === 'admitted');
      const guest = await enter(first.answer.secret);
      const { accountId = '', participantId = '' } =
        guest.joined.participants.find((each) => each.participantId === guest.joined.participantId) ?? {};
      await client.get('participant.kick', { participantId });
      assert.equal(await guest.client.ended(), 'KICKED');
      const alias = await knock(secret, 'Someone new');
      assert.equal(alias.answer.status, 'waiting');
      const { url } = await client.get('link.create', { roomId });
      assert.equal((await knock(parts(url).secret)).answer.status, 'admitted');
      await client.get('participant.readmit', { accountId });
      assert.equal((await knock(secret, 'Someone else')).answer.status, 'admitted');
    });

    it('threat 64: nobody new comes by a link that was banned with someone who came by it', async () => {
      const { client, secret, participantId } = await host();
      const waiting = await knock(secret);
      await client.get('lobby.admit', { waitIds: [waiting.waitId] });
      const guest = await enter((await waiting.client.event('lobby.admitted')).secret);
      const { accountId } =
        guest.joined.participants.find((each) => each.participantId !== participantId) ?? {};
      await client.get('ban.add', { accountId: accountId ?? '', link: true });
      assert.equal(await guest.client.ended(), 'BANNED');
      assert.equal(await refusedKnock(secret), 'BANNED');
      const renewed = await client.get('link.create', { roomId });
      const next = await knock(parts(renewed.url).secret);
      assert.equal(next.answer.status, 'waiting');
    });

    it('a locked room lets nobody in by a link, and whoever waits cannot be admitted until it is unlocked', async () => {
      const { client, secret } = await host();
      const waiting = await knock(secret);
      await configure({ locked: true });
      assert.equal(await refusedKnock(secret), 'ROOM_LOCKED');
      assert.equal(await client.refusal('lobby.admit', { waitIds: [waiting.waitId] }), 'ROOM_LOCKED');
      await configure({ locked: false });
      await client.get('lobby.admit', { waitIds: [waiting.waitId] });
      await waiting.client.event('lobby.admitted');
    });

    it('people who wait for a room that is deleted are refused, and its links are gone', async () => {
      const { client, secret } = await host();
      const waiting = await knock(secret);
      await client.get('room.delete', { roomId });
      assert.equal((await waiting.client.event('lobby.refused')).error.code, 'LINK_UNKNOWN');
      assert.equal(await refusedKnock(secret), 'LINK_UNKNOWN');
    });

    it('threat 30: guessing secrets is soon refused without looking them up', async () => {
      const { secret } = await host();
      const guesses = [];
      const stranger = await connect();
      for (let n = 0; n < 30; n += 1) {
        const data = { secret: `guess${n}`, displayName: 'Mal', key: newKey() };
        guesses.push(await stranger.refusal('lobby.knock', data));
      }
      assert.equal(guesses[0], 'LINK_UNKNOWN');
      assert.equal(guesses.at(-1), 'RATE_LIMITED');
      assert.ok(guesses.filter((code) => code === 'LINK_UNKNOWN').length <= 21);
      assert.equal((await open(secret)).status, 429);
    });
  });
});

describe('waiting at a server where clients have a second to authenticate', () => {
  it('threat 63: takes longer than a connection may stay unauthenticated; afterwards the limit applies again', async (t) => {
    const server = await InProcessServer.start({ 'limits.authSeconds': 1 });
    t.after(() => server.close());
    const client = await ProtocolClient.enter(server.url, await newIdentity(server));
    await client.get('room.join', { roomId: 'team' });
    const { secret } = parts((await client.get('link.create', { roomId: 'team' })).url);
    const idle = await ProtocolClient.open(server.url);
    const waiting = await ProtocolClient.open(server.url);
    const answer = await waiting.get('lobby.knock', { secret, displayName: 'Gus', key: newKey() });
    assert.ok(answer.status === 'waiting');
    assert.equal(await idle.ended(), 'AUTH_REQUIRED');
    const late = await ProtocolClient.open(server.url);
    assert.equal(await late.ended(), 'AUTH_REQUIRED');
    assert.ok(waiting.open);
    await client.get('lobby.deny', { waitIds: [answer.waitId] });
    assert.equal(await waiting.ended(), 'AUTH_REQUIRED');
    client.close();
  });
});

describe('a guest who came by a link', () => {
  it('is deleted a day after the certificate expired, with everything that names the account', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'canopy-links-'));
    const start = () => InProcessServer.start({ 'data.dir': dataDir });
    const first = await start();
    const key = readFileSync(join(dataDir, 'api.key'), 'utf8').trim();
    const api = (method: string, path: string, body?: unknown) => first.api(method, path, body, key);
    await api('PATCH', '/api/rooms/team/settings', { lobby: 'off' });
    const made = (await api('POST', '/api/rooms/team/links', {})).body as RoomLink;
    const stranger = await ProtocolClient.open(first.url);
    const data = { secret: parts(made.url).secret, displayName: 'Gus', key: newKey() };
    const answer = await stranger.get('lobby.knock', data);
    assert.ok(answer.status === 'admitted');
    const identity = await enrol({ serverUrl: first.url, secret: answer.secret ?? '' });
    const guest = await ProtocolClient.enter(first.url, identity);
    const { participants } = await guest.get('room.join', { roomId: 'team' });
    const accountId = participants[0]?.accountId ?? '';
    await api('PATCH', '/api/rooms/team/settings', { roles: { [accountId]: 'viewer' } });
    stranger.close();
    guest.close();
    await first.close();

    const database = new Database(join(dataDir, 'canopy.sqlite'));
    const naming = () => {
      const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
      const isNamed = (table: unknown) =>
        JSON.stringify(database.prepare(`SELECT * FROM "${table}"`).all()).includes(accountId);
      return tables.filter(isNamed);
    };
    assert.ok(naming().includes('accounts'));
    // As if two days had passed.
    database.prepare('UPDATE accounts SET expires_at_ms = expires_at_ms - ?').run(2 * 86_400_000 + 1000);
    const second = await start();
    await eventually(
      'nothing names the guest',
      async () => naming().join(),
      (tables) => tables === '',
    );
    const { body } = await second.api('GET', '/api/rooms/team/settings', undefined, key);
    assert.deepEqual((body as { roles: object }).roles, {});
    database.close();
    await second.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
});

describe('a server that restarts while somebody waits', () => {
  it('threat 42: the link stays valid and can be shown again, and whoever waits knocks again', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'canopy-links-'));
    const start = () => InProcessServer.start({ 'data.dir': dataDir });
    const first = await start();
    const key = readFileSync(join(dataDir, 'api.key'), 'utf8').trim();
    const made = (await first.api('POST', '/api/rooms/team/links', {}, key)).body as RoomLink;
    const { secret } = parts(made.url);
    const data = { secret, displayName: 'Gus', key: newKey() };
    const waiting = await ProtocolClient.open(first.url);
    await waiting.get('lobby.knock', data);
    await first.close();
    assert.equal(await waiting.ended(), 'SERVER_CLOSING');
    const second = await start();
    const { links } = (await second.api('GET', '/api/rooms/team/links', undefined, key)).body as {
      links: RoomLink[];
    };
    assert.equal(parts(links[0]?.url ?? null).secret, secret);
    const again = await ProtocolClient.open(second.url);
    assert.equal((await again.get('lobby.knock', data)).status, 'waiting');
    again.close();
    await second.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
});
