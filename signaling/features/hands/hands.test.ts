import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Identity } from '../../../client/sdk/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { Seat } from '../../../test/support/raw-call.ts';

describe('raised hands', () => {
  let server: InProcessServer;
  let member: Identity;
  let other: Identity;
  let bridge: Identity;
  let turn = 0;

  before(async () => {
    server = await InProcessServer.start();
    [member, other, bridge] = await Promise.all([
      newIdentity(server, { displayName: 'Ann' }),
      newIdentity(server, { displayName: 'Bob' }),
      newIdentity(server, { role: 'bridge' }),
    ]);
  });
  after(() => server.close());

  const newRoom = () => {
    turn += 1;
    return `room-${turn}`;
  };
  const guestOf = (roomId: string) => newIdentity(server, { role: 'guest', roomId });
  const take = (identity: Identity, roomId: string) => Seat.take(server.url, identity, roomId);
  /** Whose hands a newcomer sees, the longest first. */
  const seen = async (roomId: string) => {
    const client = await ProtocolClient.enter(server.url, await newIdentity(server));
    const { parts } = await client.get('room.join', { roomId });
    await client.get('room.leave', {});
    client.close();
    return parts.hands.map(({ participantId }) => participantId);
  };
  const leave = async (...clients: ProtocolClient[]) => {
    for (const client of clients) {
      await client.get('room.leave', {});
      client.close();
    }
  };

  it('everyone sees who raised a hand and in which order, and so does a newcomer', async () => {
    const roomId = newRoom();
    const beganMs = Date.now();
    const [ann, bob] = [await take(member, roomId), await take(other, roomId)];
    await bob.client.get('hand.raise', {});
    await ann.client.get('hand.raise', {});
    for (const { client } of [ann, bob]) {
      const { raisedAtMs } = await client.event(
        'hand.raised',
        (up) => up.participantId === bob.participantId,
      );
      const second = await client.event('hand.raised', (up) => up.participantId === ann.participantId);
      assert.ok(beganMs <= raisedAtMs && raisedAtMs <= second.raisedAtMs && second.raisedAtMs <= Date.now());
    }
    assert.deepEqual(await seen(roomId), [bob.participantId, ann.participantId]);
    await bob.client.get('hand.lower', {});
    const lowered = await ann.client.event('hand.lowered');
    assert.deepEqual([lowered.participantId, lowered.by], [bob.participantId, bob.participantId]);
    await bob.client.get('hand.raise', {});
    assert.deepEqual(await seen(roomId), [ann.participantId, bob.participantId]);
    await leave(ann.client, bob.client);
  });

  it('raising a raised hand and lowering a lowered one change nothing', async () => {
    const roomId = newRoom();
    const [ann, bob] = [await take(member, roomId), await take(other, roomId)];
    await ann.client.get('hand.lower', {});
    await ann.client.get('hand.raise', {});
    await bob.client.get('hand.raise', {});
    await ann.client.get('hand.raise', {});
    assert.deepEqual(await seen(roomId), [ann.participantId, bob.participantId]);
    await ann.client.get('hand.lower', {});
    await ann.client.get('hand.lower', {});
    // Entries arrive in order, so nothing is still to come.
    await bob.client.event('hand.lowered');
    await bob.client.get('session.ping', {});
    assert.deepEqual([bob.client.count('hand.raised'), bob.client.count('hand.lowered')], [2, 1]);
    await leave(ann.client, bob.client);
  });

  it('a hand goes down when its participant leaves, and stays while only the connection is lost', async () => {
    const roomId = newRoom();
    const [ann, bob] = [await take(member, roomId), await take(other, roomId)];
    await ann.client.get('hand.raise', {});
    await bob.client.get('hand.raise', {});
    await ann.client.cut();
    await bob.client.event('participant.updated', ({ participant }) => !participant.connected);
    assert.deepEqual(await seen(roomId), [ann.participantId, bob.participantId]);
    await leave(bob.client);
    assert.deepEqual(await seen(roomId), [ann.participantId]);
    const again = await ProtocolClient.enter(server.url, member);
    const { parts } = await again.get('room.join', { roomId, resume: { peerId: ann.peerId } });
    assert.deepEqual(
      parts.hands.map(({ participantId }) => participantId),
      [ann.participantId],
    );
    // Somebody who comes back after leaving is a newcomer with the hand down.
    await leave(again);
    const newcomer = await take(member, roomId);
    assert.deepEqual(await seen(roomId), []);
    await leave(newcomer.client);
  });

  it('a peer that reconnects gets the hands that it missed, from the log or a snapshot', async () => {
    const roomId = newRoom();
    const [ann, bob] = [await take(member, roomId), await take(other, roomId)];
    await bob.client.get('hand.raise', {});
    const { log: since } = await ann.client.event('hand.raised');
    await ann.client.cut();
    await bob.client.get('hand.lower', {});
    await bob.client.get('hand.raise', {});
    const again = await ProtocolClient.enter(server.url, member);
    const { peerId } = ann;
    const { log, parts } = await again.get('room.join', { roomId, resume: { peerId, since } });
    const missed = log.entries?.filter(({ kind }) => kind.startsWith('hand.'));
    assert.deepEqual(
      missed?.map(({ kind, data }) => [kind, data.participantId]),
      ['hand.lowered', 'hand.raised'].map((kind) => [kind, bob.participantId]),
    );
    const raisedAtMs = missed?.at(-1)?.data.raisedAtMs;
    assert.deepEqual(parts.hands, [{ participantId: bob.participantId, raisedAtMs }]);
    await again.cut();
    const third = await ProtocolClient.enter(server.url, member);
    const resume = { peerId, since: { logId: 'other', seq: 1 } };
    const snapshot = await third.get('room.join', { roomId, resume });
    assert.equal(snapshot.log.entries, undefined);
    assert.deepEqual(snapshot.parts.hands, parts.hands);
    await leave(third, bob.client);
  });

  it('threat 5: nobody raises a hand for others, and only moderators lower the hands of others', async () => {
    const roomId = newRoom();
    const ann = await take(member, roomId);
    const guest = await take(await guestOf(roomId), roomId);
    const { client } = guest;
    assert.equal(await client.refusal('hand.raise', { participantId: ann.participantId }), 'FORBIDDEN');
    assert.equal(await ann.client.refusal('hand.raise', { participantId: guest.participantId }), 'FORBIDDEN');
    await ann.client.get('hand.raise', {});
    await client.get('hand.raise', {});
    assert.equal(await client.refusal('hand.lower', { participantId: ann.participantId }), 'FORBIDDEN');
    // The answer must not reveal to a guest who is in the room.
    assert.equal(await client.refusal('hand.lower', { participantId: crypto.randomUUID() }), 'FORBIDDEN');
    assert.equal(
      await ann.client.refusal('hand.lower', { participantId: crypto.randomUUID() }),
      'PARTICIPANT_UNKNOWN',
    );
    await ann.client.get('hand.lower', { participantId: guest.participantId });
    const { by } = await client.event('hand.lowered', (down) => down.participantId === guest.participantId);
    assert.equal(by, ann.participantId);
    assert.deepEqual(await seen(roomId), [ann.participantId]);
    await leave(ann.client, client);
  });

  it('whatever the settings of the room, viewers raise their hands and moderators lower them', async () => {
    const roomId = newRoom();
    const [ann, viewer] = [await take(member, roomId), await take(other, roomId)];
    const joined = await viewer.client.event(
      'participant.joined',
      ({ participant }) => participant.participantId === viewer.participantId,
    );
    const boss = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'admin' }));
    await boss.get('room.configure', {
      roomId,
      permissions: { moderator: ['room.enter', 'room.enterUninvited', 'room.open'], viewer: ['room.enter'] },
      roles: { [joined.participant.accountId]: 'viewer' },
    });
    await viewer.client.get('hand.raise', {});
    assert.equal(
      await viewer.client.refusal('hand.lower', { participantId: ann.participantId }),
      'FORBIDDEN',
    );
    await ann.client.get('hand.lower', { participantId: viewer.participantId });
    await viewer.client.event('hand.lowered');
    boss.close();
    await leave(ann.client, viewer.client);
  });

  it('a bridge raises the hands of the phones that it hosts, and no others', async () => {
    const roomId = newRoom();
    const ann = await take(member, roomId);
    const client = await ProtocolClient.enter(server.url, bridge);
    await client.get('room.join', { roomId });
    const { participantId } = await client.get('participant.add', { displayName: 'Phone', kind: 'phone' });
    await client.get('hand.raise', { participantId });
    await ann.client.event('hand.raised', (up) => up.participantId === participantId);
    for (const data of [{}, { participantId: ann.participantId }]) {
      assert.equal(await client.refusal('hand.raise', data), 'FORBIDDEN');
      assert.equal(await client.refusal('hand.lower', data), 'FORBIDDEN');
    }
    await client.get('hand.lower', { participantId });
    const { by } = await ann.client.event('hand.lowered');
    assert.equal(by, participantId);
    await client.get('hand.raise', { participantId });
    await client.get('participant.remove', { participantId });
    assert.deepEqual(await seen(roomId), []);
    await leave(client, ann.client);
  });
});
