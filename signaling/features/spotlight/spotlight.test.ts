import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Identity } from '../../../client/sdk/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';

describe('the spotlight', () => {
  let server: InProcessServer;
  let member: Identity;
  let turn = 0;

  before(async () => {
    server = await InProcessServer.start();
    member = await newIdentity(server);
  });
  after(() => server.close());

  const newRoom = () => {
    turn += 1;
    return `room-${turn}`;
  };
  const enter = async (roomId: string, identity: Identity) => {
    const client = await ProtocolClient.enter(server.url, identity);
    const { participantId = '', parts, peerId } = await client.get('room.join', { roomId });
    return { client, participantId, parts, peerId };
  };
  const guest = async (roomId: string) => enter(roomId, await newIdentity(server, { role: 'guest', roomId }));
  const seen = async (roomId: string) => {
    const { client, parts } = await enter(roomId, await newIdentity(server));
    await client.get('room.leave', {});
    client.close();
    return parts.spotlight;
  };
  const close = (...all: Array<{ client: ProtocolClient }>) => {
    for (const { client } of all) {
      client.close();
    }
  };

  it('everyone sees who is in it, up to three people, phones among them, until they are taken out or leave', async () => {
    const roomId = newRoom();
    const ann = await enter(roomId, member);
    const guests = [await guest(roomId), await guest(roomId), await guest(roomId)];
    const bridge = await enter(roomId, await newIdentity(server, { role: 'bridge' }));
    const { participantId: phone } = await bridge.client.get('participant.add', {
      displayName: 'Office',
      kind: 'phone',
    });
    const [first, second, third] = guests.map(({ participantId }) => participantId);
    const light = (participantId: string | undefined, on = true) =>
      ann.client.ask('participant.spotlight', { participantId, on });
    for (const participantId of [first, phone, second, first]) {
      assert.ok((await light(participantId)).ok);
    }
    const { participantIds, by } = await bridge.client.event(
      'room.spotlight',
      (event) => event.participantIds.length === 3,
    );
    assert.deepEqual([participantIds, by], [[first, phone, second], ann.participantId]);
    const full = await light(third);
    assert.equal(full.ok || full.error.code, 'LIMIT_REACHED');
    assert.deepEqual(await seen(roomId), [first, phone, second]);
    await light(phone, false);
    await light(phone, false);
    await guests[0]?.client.get('room.leave', {});
    assert.deepEqual(await seen(roomId), [second]);
    assert.ok((await light(third)).ok);
    assert.deepEqual(await seen(roomId), [second, third]);
    // Nobody has to stay in it.
    await guests[2]?.client.get('participant.spotlight', { participantId: third ?? '', on: false });
    assert.deepEqual(await seen(roomId), [second]);
    assert.equal(ann.client.count('room.spotlight'), 6);
    close(ann, ...guests, bridge);
  });

  it('threat 5: guests choose nobody, not even themselves, and nobody chooses people or bridges that are not listed', async () => {
    const roomId = newRoom();
    const ann = await enter(roomId, member);
    const gus = await guest(roomId);
    const bridge = await enter(roomId, await newIdentity(server, { role: 'bridge' }));
    for (const participantId of [gus.participantId, ann.participantId, randomUUID()]) {
      assert.equal(
        await gus.client.refusal('participant.spotlight', { participantId, on: true }),
        'FORBIDDEN',
      );
    }
    const other = { participantId: ann.participantId, on: false };
    assert.equal(await gus.client.refusal('participant.spotlight', other), 'FORBIDDEN');
    assert.equal(await bridge.client.refusal('participant.spotlight', { ...other, on: true }), 'FORBIDDEN');
    for (const participantId of [randomUUID(), bridge.peerId]) {
      assert.equal(
        await ann.client.refusal('participant.spotlight', { participantId, on: true }),
        'PARTICIPANT_UNKNOWN',
      );
    }
    assert.deepEqual(await seen(roomId), []);
    close(ann, gus, bridge);
  });
});
