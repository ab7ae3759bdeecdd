import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Identity } from '../../../client/sdk/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';
import { Seat } from '../../../test/support/raw-call.ts';

describe('names in a call', () => {
  let server: InProcessServer;
  let member: Identity;
  let other: Identity;
  let turn = 0;

  before(async () => {
    server = await InProcessServer.start();
    [member, other] = await Promise.all([
      newIdentity(server, { displayName: 'Ann' }),
      newIdentity(server, { displayName: 'Bob' }),
    ]);
  });
  after(() => server.close());

  const newRoom = () => {
    turn += 1;
    return `room-${turn}`;
  };
  /** The names of those inside, as a newcomer sees them. */
  const seen = async (roomId: string) => {
    const client = await ProtocolClient.enter(server.url, await newIdentity(server, { displayName: 'Eve' }));
    const { participants } = await client.get('room.join', { roomId });
    await client.get('room.leave', {});
    client.close();
    return participants
      .filter(({ displayName }) => displayName !== 'Eve')
      .map(({ displayName, certifiedName }) => [displayName, certifiedName]);
  };
  const leave = async (...clients: ProtocolClient[]) => {
    for (const client of clients) {
      await client.get('room.leave', {});
      client.close();
    }
  };

  it('people change their name; one that differs from their certificate is marked until they change it back', async () => {
    const roomId = newRoom();
    const ann = await Seat.take(server.url, member, roomId);
    const bob = await Seat.take(server.url, other, roomId);
    await ann.client.get('participant.rename', { displayName: '  Ann \u202e (office) ' });
    const { participant } = await bob.client.event(
      'participant.updated',
      ({ participant: { participantId } }) => participantId === ann.participantId,
    );
    assert.deepEqual([participant.displayName, participant.certifiedName], ['Ann (office)', 'Ann']);
    assert.deepEqual(await seen(roomId), [
      ['Ann (office)', 'Ann'],
      ['Bob', undefined],
    ]);
    await ann.client.get('participant.rename', { displayName: 'Ann' });
    assert.deepEqual(await seen(roomId), [
      ['Ann', undefined],
      ['Bob', undefined],
    ]);
    await leave(ann.client, bob.client);
  });

  it("the new name stays when the connection or the room's media is lost", async () => {
    const roomId = newRoom();
    const ann = await Seat.take(server.url, member, roomId);
    await ann.client.get('participant.rename', { displayName: 'Anna' });
    await ann.client.cut();
    const again = await ProtocolClient.enter(server.url, member);
    await again.get('room.join', { roomId, resume: { peerId: ann.peerId } });
    assert.deepEqual(await seen(roomId), [['Anna', 'Ann']]);
    const [worker] = await server.sfu.workers();
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    const { ticket } = await again.event('room.rehome');
    await again.cut();
    const third = await ProtocolClient.enter(server.url, member);
    await third.get('room.join', { roomId, ticket });
    assert.deepEqual(await seen(roomId), [['Anna', 'Ann']]);
    await leave(third);
  });

  it('moderators rename others, including phones; a bridge renames its own phones', async () => {
    const roomId = newRoom();
    const ann = await Seat.take(server.url, member, roomId);
    const bob = await Seat.take(server.url, other, roomId);
    const bridge = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'bridge' }));
    await bridge.get('room.join', { roomId });
    const { participantId } = await bridge.get('participant.add', { displayName: '1001', kind: 'phone' });
    await ann.client.get('participant.rename', { participantId, displayName: 'Office' });
    await ann.client.get('participant.rename', { participantId: bob.participantId, displayName: 'Robert' });
    assert.deepEqual(await seen(roomId), [
      ['Ann', undefined],
      ['Robert', 'Bob'],
      ['Office', undefined],
    ]);
    await bridge.get('participant.rename', { participantId, displayName: 'Front desk' });
    assert.equal(await bridge.refusal('participant.rename', { displayName: 'Me' }), 'FORBIDDEN');
    assert.deepEqual((await seen(roomId)).at(-1), ['Front desk', undefined]);
    await leave(ann.client, bob.client, bridge);
  });

  it('threat 5: guests rename only themselves, and learn nothing about who is inside', async () => {
    const roomId = newRoom();
    const ann = await Seat.take(server.url, member, roomId);
    const guest = await newIdentity(server, { role: 'guest', roomId, displayName: 'Gus' });
    const { client } = await Seat.take(server.url, guest, roomId);
    for (const participantId of [ann.participantId, crypto.randomUUID()]) {
      assert.equal(
        await client.refusal('participant.rename', { participantId, displayName: 'Fool' }),
        'FORBIDDEN',
      );
    }
    assert.equal(await client.refusal('participant.rename', { displayName: '\u200b' }), 'BAD_REQUEST');
    await client.get('participant.rename', { displayName: 'Gustav' });
    const unknown = { participantId: crypto.randomUUID(), displayName: 'Nobody' };
    assert.equal(await ann.client.refusal('participant.rename', unknown), 'PARTICIPANT_UNKNOWN');
    await leave(ann.client, client);
  });
});
