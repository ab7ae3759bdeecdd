import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { parseInvitation } from '../../client/sdk/index.ts';
import type { InvitationInfo } from '../../contract/index.ts';
import { apiRoutes, PUBLIC_ROUTES, STREAM_ROUTES, TICKET_ROUTES } from '../../test/support/api-routes.ts';
import { newGatewayIdentity } from '../../test/support/gateway-identity.ts';
import { InProcessServer } from '../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../test/support/protocol-client.ts';
import { Seat } from '../../test/support/raw-call.ts';
import { eventually } from '../../test/support/wait.ts';
import type { AccountInfo } from './accounts/index.ts';
import type { RoomInfo } from './moderation/index.ts';

const NOBODY = '0'.repeat(64);
const NO_PARTICIPANT = '00000000-0000-4000-8000-000000000000';

describe('the REST API for administrators', () => {
  let server: InProcessServer;
  let turn = 0;
  /** Each test has its own room. */
  let roomId = '';

  before(async () => {
    server = await InProcessServer.start();
  });
  after(() => server.close());
  beforeEach(() => {
    turn += 1;
    roomId = `room-${turn}`;
  });

  const ok = async <T>(method: string, path: string, body?: unknown) => {
    const answer = await server.api(method, path, body);
    assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  };
  const refusal = async (method: string, path: string, body?: unknown, key?: string) => {
    const { status, body: refused } = await server.api(method, path, body, key);
    return `${status} ${(refused as { error?: { code: string } }).error?.code}`;
  };
  const roomNow = async () => {
    const { rooms } = await ok<{ rooms: RoomInfo[] }>('GET', '/api/rooms');
    return rooms.find((room) => room.roomId === roomId);
  };
  const invitationsNow = async (query = '') =>
    (await ok<{ invitations: InvitationInfo[] }>('GET', `/api/invites${query}`)).invitations;
  const enter = async (client: ProtocolClient, displayName?: string) => {
    const joined = await client.get('room.join', {
      roomId,
      ...(displayName !== undefined && { displayName }),
    });
    return joined.participantId ?? '';
  };
  const person = async (options: Parameters<typeof newIdentity>[1] = {}) =>
    ProtocolClient.enter(server.url, await newIdentity(server, options));
  /** A room with a phone in it. */
  const phone = async () => {
    const bridge = await person({ role: 'bridge' });
    await enter(bridge);
    const { participantId } = await bridge.get('participant.add', { displayName: 'Office', kind: 'phone' });
    return { bridge, participantId };
  };

  describe('rooms', () => {
    it('lists the people in a room: name, certified name, role, account, connection, microphone and joining time', async () => {
      assert.equal(await roomNow(), undefined);
      const beforeMs = Date.now();
      const ann = await Seat.take(server.url, await newIdentity(server), roomId);
      await ann.produce('audio');
      const bob = await person({ role: 'admin', displayName: 'Bob' });
      const bobsId = await enter(bob, 'Bobby');
      const { bridge, participantId: phoneId } = await phone();
      const [first, second, third, ...more] = (await roomNow())?.participants ?? [];
      assert.ok(first && second && third && more.length === 0);
      const { accountId, peerId: _, sinceMs, ...shown } = first;
      assert.match(accountId, /^[0-9a-f]{64}$/);
      assert.ok(sinceMs >= beforeMs && sinceMs <= Date.now(), `${sinceMs}`);
      assert.deepEqual(shown, {
        participantId: ann.participantId,
        displayName: 'Ann',
        certifiedName: 'Ann',
        kind: 'user',
        role: 'member',
        connected: true,
        muted: false,
      });
      const { displayName, certifiedName, role, muted } = second;
      assert.deepEqual([second.participantId, displayName, certifiedName], [bobsId, 'Bobby', 'Bob']);
      assert.deepEqual([role, muted], ['admin', true]);
      assert.deepEqual([third.participantId, third.kind, third.role], [phoneId, 'phone', 'guest']);

      await ann.client.cut();
      await bob.event('participant.updated', ({ participant }) => !participant.connected);
      assert.equal((await roomNow())?.participants[0]?.connected, false);
      bob.close();
      bridge.close();
    });

    it('closes a room for everyone in it; it can be reopened', async () => {
      const [ann, bob] = await Promise.all([person(), person({ role: 'admin' })]);
      await enter(ann);
      await enter(bob);
      const { bridge } = await phone();
      assert.deepEqual(await ok('DELETE', `/api/rooms/${roomId}`), { connectionsEnded: 3 });
      for (const client of [ann, bob, bridge]) {
        assert.equal(await client.ended(), 'ROOM_CLOSED');
      }
      assert.equal(await roomNow(), undefined);
      assert.equal(await refusal('DELETE', `/api/rooms/${roomId}`), '404 ROOM_UNKNOWN');
      const again = await person();
      await enter(again);
      assert.equal((await roomNow())?.participants.length, 1);
      again.close();
    });

    it('mutes a person and a phone, and unmutes only the phone', async () => {
      const ann = await Seat.take(server.url, await newIdentity(server), roomId);
      const producerId = await ann.produce('audio');
      const { bridge, participantId: phoneId } = await phone();
      const mute = `/api/rooms/${roomId}/participants/${ann.participantId}/mute`;
      await ok('POST', mute, { muted: true });
      const action = await ann.client.event('participant.action');
      assert.deepEqual(action, { participantId: ann.participantId, action: 'mute', by: null });
      await bridge.event('producer.paused', (paused) => paused.producerId === producerId);
      assert.equal((await roomNow())?.participants[0]?.muted, true);
      assert.equal(await refusal('POST', mute, { muted: false }), '403 FORBIDDEN');
      await ok('POST', `/api/rooms/${roomId}/participants/${phoneId}/mute`, { muted: true });
      await bridge.event('participant.action', (told) => told.action === 'mute');
      await ok('POST', `/api/rooms/${roomId}/participants/${phoneId}/mute`, { muted: false });
      await bridge.event('participant.action', (told) => told.action === 'unmute');
      ann.client.close();
      bridge.close();
    });

    it('removes a person, who is then barred as if kicked by a moderator, and a phone', async () => {
      const identity = await newIdentity(server);
      const ann = await ProtocolClient.enter(server.url, identity);
      const bob = await person();
      const annsId = await enter(ann);
      await enter(bob);
      const { bridge, participantId: phoneId } = await phone();
      await ok('DELETE', `/api/rooms/${roomId}/participants/${annsId}`);
      assert.equal(await ann.ended(), 'KICKED');
      const left = await bob.event('participant.left', ({ participantId }) => participantId === annsId);
      assert.equal(left.reason, 'kicked');
      const back = await ProtocolClient.enter(server.url, identity);
      assert.equal(await back.refusal('room.join', { roomId }), 'KICKED');
      await ok('DELETE', `/api/rooms/${roomId}/participants/${phoneId}`);
      await bridge.event('participant.action', ({ action, by }) => action === 'kick' && by === null);
      assert.equal((await roomNow())?.participants.length, 1);
      for (const client of [back, bob, bridge]) {
        client.close();
      }
    });

    it('says which room or participant is unknown', async () => {
      const ann = await person();
      await enter(ann);
      for (const [method, rest, body] of [
        ['DELETE', '', undefined],
        ['POST', '/mute', { muted: true }],
      ] as const) {
        const path = (room: string) => `/api/rooms/${room}/participants/${NO_PARTICIPANT}${rest}`;
        assert.equal(await refusal(method, path('nowhere'), body), '404 ROOM_UNKNOWN');
        assert.equal(await refusal(method, path(roomId), body), '404 PARTICIPANT_UNKNOWN');
        assert.equal(await refusal(method, path('..%2f..'), body), '400 BAD_REQUEST');
      }
      ann.close();
    });
  });

  describe('invitations', () => {
    it('lists the open ones page by page, without their secrets, and withdraws one', async () => {
      const links = [
        await server.invite({ role: 'guest', roomId, displayName: 'Zoë' }),
        await server.invite({ role: 'admin' }),
      ];
      const [secret = '', other = ''] = links.map((link) => parseInvitation(link)?.secret);
      const all = await invitationsNow();
      const [, listed] = all;
      assert.ok(listed && listed.expiresAtMs > Date.now() && listed.createdAtMs <= Date.now());
      const { role, roomId: room, displayName, createdBy } = listed;
      assert.deepEqual([role, room, displayName, createdBy], ['guest', roomId, 'Zoë', null]);
      assert.equal(all[0]?.role, 'admin');
      assert.ok(!JSON.stringify(all).includes(secret));
      const [first] = await invitationsNow('?limit=1');
      assert.deepEqual(await invitationsNow(`?limit=1&before=${first?.invitationId}`), [listed]);

      await ok('DELETE', `/api/invites/${listed.invitationId}`);
      assert.equal(await refusal('DELETE', `/api/invites/${listed.invitationId}`), '404 INVITE_UNKNOWN');
      assert.ok(!(await invitationsNow()).some(({ invitationId }) => invitationId === listed.invitationId));
      const ann = await person();
      assert.equal(await ann.refusal('invite.redeem', { secret }), 'INVITE_EXPIRED');
      // The other invitation stays valid until it is used.
      await ann.get('invite.redeem', { secret: other });
      assert.ok(!(await invitationsNow()).some(({ invitationId }) => invitationId === first?.invitationId));
      assert.equal(await refusal('DELETE', `/api/invites/${first?.invitationId}`), '404 INVITE_UNKNOWN');
      ann.close();
    });

    it('names the inviting account', async () => {
      const ann = await person();
      await ann.get('invite.create', { role: 'guest', roomId });
      const [invitation] = await invitationsNow('?limit=1');
      const { accounts } = await ok<{ accounts: AccountInfo[] }>('GET', '/api/accounts?limit=1');
      assert.equal(invitation?.createdBy, accounts[0]?.accountId);
      ann.close();
    });
  });

  describe('roles', () => {
    const setRole = (accountId: string, role: string) =>
      ok('POST', `/api/accounts/${accountId}/role`, { role });
    const lastAccount = async () =>
      (await ok<{ accounts: AccountInfo[] }>('GET', '/api/accounts?limit=1')).accounts[0]?.accountId ?? '';

    it('accounts are listed page by page', async () => {
      const page = async (query: string) =>
        (await ok<{ accounts: AccountInfo[] }>('GET', `/api/accounts?${query}`)).accounts;
      await newIdentity(server);
      const [first, second] = await page('limit=2');
      assert.ok(first && second);
      assert.deepEqual(await page(`limit=1&before=${first.accountId}`), [second]);
    });

    it('a new role applies at once on open connections and in rooms, and at the next sign-in', async () => {
      const identity = await newIdentity(server);
      const accountId = await lastAccount();
      const ann = await ProtocolClient.enter(server.url, identity);
      const bob = await person();
      await enter(bob);
      const annsId = await enter(ann);
      assert.equal(await ann.refusal('invite.create', { role: 'admin' }), 'FORBIDDEN');
      assert.deepEqual(await setRole(accountId, 'admin'), { accountId, role: 'admin' });
      await ann.get('invite.create', { role: 'admin' });
      const updated = await bob.event(
        'participant.updated',
        ({ participant }) => participant.participantId === annsId,
      );
      assert.equal(updated.participant.role, 'admin');
      assert.equal(await bob.refusal('participant.kick', { participantId: annsId }), 'FORBIDDEN');

      await setRole(accountId, 'guest');
      assert.equal(await ann.refusal('invite.create', { role: 'guest', roomId }), 'FORBIDDEN');
      await bob.get('participant.kick', { participantId: annsId });
      const again = await ProtocolClient.open(server.url);
      assert.equal((await again.get('auth.prove', await again.proof(identity))).role, 'guest');
      again.close();
      bob.close();
    });

    it('refuses bridges, gateways, invalid roles and unknown accounts', async () => {
      const role = (accountId: string, wanted: string) =>
        refusal('POST', `/api/accounts/${accountId}/role`, { role: wanted });
      await newIdentity(server, { role: 'bridge' });
      assert.equal(await role(await lastAccount(), 'admin'), '403 FORBIDDEN');
      await newGatewayIdentity(server);
      assert.equal(await role(await lastAccount(), 'admin'), '403 FORBIDDEN');
      await newIdentity(server);
      assert.equal(await role(await lastAccount(), 'bridge'), '400 BAD_REQUEST');
      assert.equal(await role(NOBODY, 'admin'), '404 IDENTITY_UNKNOWN');
    });
  });

  describe('threat 29: administration over HTTP', () => {
    /** All routes, with their path parameters filled in. */
    async function routes() {
      return (await apiRoutes(server)).map((route) => ({
        ...route,
        path: route.path
          .replace(/\{(accountId|deviceId|invitationId)\}/g, NOBODY)
          .replace(/\{(participantId|callId)\}/g, NO_PARTICIPANT)
          .replace('{roomId}', roomId)
          .replace(/\{\w+\}/g, '1001'),
      }));
    }

    it('every route that is not public is refused without the key, before anything else is checked', async () => {
      const all = await routes();
      const open = all.filter(({ needsKey }) => !needsKey);
      assert.deepEqual(
        open.map(({ name }) => name).sort(),
        [...PUBLIC_ROUTES, ...STREAM_ROUTES, ...TICKET_ROUTES].sort(),
      );
      for (const { name, method, path } of open.filter((route) => TICKET_ROUTES.includes(route.name))) {
        const { status } = await fetch(new URL(`${path}?ticket=x&offset=0`, server.url), { method });
        assert.ok([400, 403].includes(status), `${name}: ${status}`);
      }
      assert.ok(all.length > open.length + 20);
      for (const { method, path } of all.filter(({ needsKey }) => needsKey)) {
        for (const authorization of [undefined, 'Bearer', 'Bearer wrong', 'Basic YWRtaW46YWRtaW4=']) {
          const response = await fetch(new URL(path, server.url), {
            method,
            headers: { ...(authorization !== undefined && { authorization }) },
          });
          const answer = await response.text();
          const what = `${method} ${path}: ${response.status} ${JSON.stringify([...response.headers])} ${answer}`;
          assert.match(answer, /^\{"error":\{"code":"API_KEY_INVALID"/, what);
          assert.equal(response.status, 401, what);
        }
      }
    });

    it('a GET changes nothing, and a route that changes something accepts only its own method', async () => {
      const ann = await person();
      await enter(ann);
      await server.invite();
      const database = new Database(join(server.dataDir, 'canopy.sqlite'), { readonly: true });
      // The audit log may grow: it records who exported what.
      const tables = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'audit'")
        .pluck()
        .all();
      const state = async () => ({
        rooms: await roomNow(),
        stored: tables.map((table) => database.prepare(`SELECT * FROM "${table}"`).all()),
      });
      // Listing the accounts saves the devices seen so far. Uses of rooms are written in order, a second later: when the last is, all are.
      await ok('GET', '/api/accounts');
      const lastRoom = `${roomId}-last`;
      await (await person()).get('room.join', { roomId: lastRoom });
      const lastUse = database.prepare('SELECT 1 FROM rooms WHERE room_id = ?').pluck();
      await eventually('the uses of rooms are written', async () => lastUse.get(lastRoom), Boolean);
      // So are the visits.
      const lastVisit = database.prepare('SELECT 1 FROM room_visits WHERE room_id = ?').pluck();
      await eventually('the visits are written', async () => lastVisit.get(lastRoom), Boolean);
      await ok('GET', '/api/accounts');
      const apiKey = readFileSync(join(server.dataDir, 'api.key'), 'utf8').trim();
      const earlier = await state();
      const all = await routes();
      const readable = new Set(all.filter(({ method }) => method === 'GET').map(({ path }) => path));
      for (const path of new Set(all.map(({ path }) => path))) {
        for (const method of ['GET', 'HEAD']) {
          for (const query of ['', '?_method=DELETE&muted=true&role=admin']) {
            const { status } = await fetch(new URL(path + query, server.url), {
              method,
              headers: { 'x-http-method-override': 'DELETE', authorization: `Bearer ${apiKey}` },
            });
            if (!readable.has(path)) {
              // RFC 9725 §4.2 asks for 405 there.
              assert.equal(status, /^\/wh[ei]p\//.test(path) ? 405 : 404, `${method} ${path}`);
            }
          }
        }
      }
      assert.deepEqual(await state(), earlier);
      assert.ok(ann.open);
      database.close();
      ann.close();
    });
  });
});
