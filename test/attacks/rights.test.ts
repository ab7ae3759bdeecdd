// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SignJWT } from 'jose';
import { enrol, type Identity, parseInvitation } from '../../client/sdk/index.ts';
import { AttackedServer } from '../support/attacked-server.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { Seat } from '../support/raw-call.ts';
import { opus } from '../support/rtp-parameters.ts';
import type { TestServer } from '../support/server.ts';

describe('threat 5: roles, invitations and tickets', () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let member: Identity;
  let guest: Identity;

  before(async () => {
    attacked = await AttackedServer.start();
    server = attacked.server;
    member = await newIdentity(server, { role: 'member' });
    guest = await newIdentity(server, { role: 'guest', roomId: 'lounge' });
  });
  after(async () => {
    await attacked.close();
  });

  it('nobody can invite to a role above their own', async () => {
    const asGuest = await ProtocolClient.enter(server.url, guest);
    const asMember = await ProtocolClient.enter(server.url, member);
    for (const role of ['admin', 'bridge', 'member', 'guest']) {
      assert.equal(await asGuest.refusal('invite.create', { role, roomId: 'lounge' }), 'FORBIDDEN', role);
    }
    for (const role of ['admin', 'bridge', 'member']) {
      assert.equal(await asMember.refusal('invite.create', { role, roomId: 'lounge' }), 'FORBIDDEN', role);
    }
    await asMember.get('invite.create', { role: 'guest', roomId: 'lounge' });
    assert.equal(await asMember.refusal('invite.create', { role: 'guest' }), 'BAD_REQUEST');
    asGuest.close();
    asMember.close();
  });

  it('the REST API creates invitations only for the holder of the key, and does not reveal its schema to others', async () => {
    const key = readFileSync(join(server.dataDir, 'api.key'), 'utf8').trim();
    for (const authorization of [undefined, '', 'Bearer ', `Bearer ${key}x`, `Bearer ${key.slice(1)}`, key]) {
      for (const body of [{ role: 'admin' }, { role: 'emperor' }]) {
        const answer = await fetch(`${server.url}/api/invites`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
          body: JSON.stringify(body),
        });
        const { error } = (await answer.json()) as { error: { code: string } };
        assert.deepEqual([answer.status, error.code], [401, 'API_KEY_INVALID'], authorization);
      }
    }
  });

  it('a guest enters the room of the invitation and no other, whatever else the request claims', async () => {
    const client = await ProtocolClient.enter(server.url, guest);
    for (const extra of [{}, { resume: { peerId: randomUUID() } }, { role: 'admin' }, { roomId: 'Lounge' }]) {
      const code = await client.refusal('room.join', { roomId: 'board', ...extra });
      assert.equal(code, 'FORBIDDEN', JSON.stringify(extra));
    }
    const { participants } = await client.get('room.join', { roomId: 'lounge' });
    assert.equal(participants[0]?.role, 'guest');
    await client.get('room.leave', {});
    client.close();
  });

  it('an enrolment cannot choose its role or room', async () => {
    const invitation = parseInvitation(await server.invite({ role: 'guest', roomId: 'lounge' }));
    assert.ok(invitation);
    const sneaky: typeof fetch = (input, init) => {
      if (init?.body === undefined) {
        return fetch(input, init);
      }
      const body = JSON.parse(String(init.body)) as object;
      return fetch(input, {
        ...init,
        body: JSON.stringify({ ...body, role: 'admin', roomId: 'board', validSeconds: 1e9 }),
      });
    };
    const identity = await enrol({ serverUrl: server.url, ...invitation, fetch: sneaky });
    assert.ok(identity.expiresAtMs < Date.now() + 25 * 3_600_000, 'a guest is certified for a day');
    const client = await ProtocolClient.open(server.url);
    assert.equal((await client.get('auth.prove', await client.proof(identity))).role, 'guest');
    assert.equal(await client.refusal('room.join', { roomId: 'board' }), 'FORBIDDEN');
    client.close();
  });

  it('an invitation works once, even if used many times at once and in two ways', async () => {
    const invitation = parseInvitation(await server.invite({ role: 'guest', roomId: 'lounge' }));
    assert.ok(invitation);
    const client = await ProtocolClient.enter(server.url, member);
    const uses = [
      ...[1, 2, 3].map(() => enrol({ serverUrl: server.url, ...invitation })),
      client.get('invite.redeem', { secret: invitation.secret }),
    ];
    const outcomes = await Promise.allSettled(uses);
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    await assert.rejects(enrol({ serverUrl: server.url, ...invitation }), { code: 'INVITE_USED' });
    assert.equal(await client.refusal('invite.redeem', { secret: invitation.secret }), 'INVITE_USED');
    await assert.rejects(enrol({ serverUrl: server.url, secret: 'x'.repeat(32) }), {
      code: 'INVITE_UNKNOWN',
    });
    client.close();
  });

  it('a bridge has no participant of its own and cannot act on others’ participants', async () => {
    const bridge = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'bridge' }));
    const seat = await Seat.take(server.url, member, 'lounge');
    const { participantId } = await bridge.get('room.join', { roomId: 'lounge' });
    assert.equal(participantId, undefined);
    const { transportId } = await bridge.get('transport.create', { direction: 'send' });
    const request = { transportId, kind: 'audio', source: 'microphone', rtpParameters: opus() };
    for (const claimed of [undefined, seat.participantId, randomUUID()]) {
      const code = await bridge.refusal('producer.create', { ...request, participantId: claimed });
      assert.equal(code, 'FORBIDDEN');
    }
    for (const client of [bridge, seat.client]) {
      await client.get('room.leave', {});
      client.close();
    }
  });

  describe('re-homing tickets', () => {
    type Claims = Record<string, unknown>;

    /** A ticket signed as by the server, with changes. */
    async function ticket(
      deviceId: string,
      claims: Claims,
      change: { key?: Uint8Array; typ?: string; alg?: string; expires?: string } = {},
    ): Promise<string> {
      const key = change.key ?? Buffer.from(readFileSync(join(server.dataDir, 'ticket.key'), 'utf8').trim());
      return new SignJWT({ displayName: 'Ann', role: 'member', ...claims })
        .setProtectedHeader({ alg: change.alg ?? 'HS256', typ: change.typ ?? 'canopy-ticket' })
        .setSubject(deviceId)
        .setIssuedAt()
        .setExpirationTime(change.expires ?? '5 min')
        .sign(key);
    }

    it('a valid one brings a peer back with its id, and grants no rights', async () => {
      const peerId = randomUUID();
      const client = await ProtocolClient.enter(server.url, member);
      const right = await ticket(member.deviceId, { roomId: 'team', peerId, role: 'admin' });
      const joined = await client.get('room.join', { roomId: 'team', ticket: right });
      assert.equal(joined.peerId, peerId);
      assert.equal(joined.participants[0]?.role, 'member');
      await client.get('room.leave', {});
      client.close();
    });

    it('a guest’s ticket opens no room but the guest’s', async () => {
      const client = await ProtocolClient.enter(server.url, guest);
      const good = await ticket(guest.deviceId, { roomId: 'board', peerId: randomUUID() });
      assert.equal(await client.refusal('room.join', { roomId: 'board', ticket: good }), 'FORBIDDEN');
      client.close();
    });

    it('a forged, foreign or old one is refused, and the peer that it names is not affected', async () => {
      const seat = await Seat.take(server.url, member, 'lounge');
      const { deviceId } = guest;
      const claims = { roomId: 'lounge', peerId: seat.peerId };
      const good = await ticket(deviceId, claims);
      const [header = '', payload = '', signature = ''] = good.split('.');
      const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const decoded = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
      const forgeries = {
        'of another device': await ticket(member.deviceId, claims),
        'for another room': await ticket(deviceId, { ...claims, roomId: 'team' }),
        expired: await ticket(deviceId, claims, { expires: '-1 s' }),
        'signed with another key': await ticket(deviceId, claims, { key: Buffer.alloc(43, 'A') }),
        'of another type': await ticket(deviceId, claims, { typ: 'JWT' }),
        'with another algorithm': await ticket(deviceId, claims, { alg: 'HS384' }),
        unsigned: `${encode({ alg: 'none', typ: 'canopy-ticket' })}.${payload}.`,
        rewritten: `${header}.${encode({ ...decoded, role: 'admin' })}.${signature}`,
        'cut short': good.slice(0, -4),
        'no ticket at all': 'AAAA',
      };
      const client = await ProtocolClient.enter(server.url, guest);
      for (const [what, forged] of Object.entries(forgeries)) {
        const code = await client.refusal('room.join', { roomId: 'lounge', ticket: forged });
        assert.equal(code, 'TICKET_INVALID', what);
      }
      // A valid ticket for another device's peer gives a seat, but not that peer's.
      const joined = await client.get('room.join', { roomId: 'lounge', ticket: good });
      assert.notEqual(joined.peerId, seat.peerId);
      await seat.produce();
      for (const each of [client, seat.client]) {
        await each.get('room.leave', {});
        each.close();
      }
    });
  });
});
