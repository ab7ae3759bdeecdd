import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Identity } from '../../../client/sdk/index.ts';
import type { EventData } from '../../../contract/index.ts';
import { InProcessServer } from '../../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../../test/support/protocol-client.ts';

const PEOPLE = 25;

describe('reactions', () => {
  let server: InProcessServer;
  let people: Identity[];

  before(async () => {
    server = await InProcessServer.start();
    people = await Promise.all(Array.from({ length: PEOPLE }, () => newIdentity(server)));
  });
  after(() => server.close());

  const enter = async (roomId: string, identity: Identity) => {
    const client = await ProtocolClient.enter(server.url, identity);
    const { participantId = '' } = await client.get('room.join', { roomId });
    return { client, participantId };
  };

  it('everyone sees who reacted and how; viewers react too, and nothing enters the log', async () => {
    const roomId = 'one';
    const [ann, bob] = [
      await enter(roomId, people[0] as Identity),
      await enter(roomId, people[1] as Identity),
    ];
    const { participant } = await ann.client.event(
      'participant.joined',
      (joined) => joined.participant.participantId === bob.participantId,
    );
    await ann.client.get('room.configure', { roomId, roles: { [participant.accountId]: 'viewer' } });
    await bob.client.get('reaction.send', { kind: 'applause' });
    for (const { client } of [ann, bob]) {
      const { reactions } = await client.event('room.reactions');
      assert.deepEqual(reactions, [{ participantId: bob.participantId, kind: 'applause', count: 1 }]);
    }
    assert.equal(await bob.client.refusal('reaction.send', { kind: '💣' }), 'BAD_REQUEST');
    const latest = await ann.client.event('participant.updated');
    await ann.client.get('hand.raise', {});
    const { log } = await ann.client.event('hand.raised');
    assert.equal(log.seq, latest.log.seq + 1);
    ann.client.close();
    bob.client.close();
  });

  it('threat 4: applause by 25 people arrives in a few messages', async () => {
    const seats = await Promise.all(people.map((identity) => enter('crowd', identity)));
    const watcher = seats[0] as (typeof seats)[number];
    const each = 6;
    const beganMs = performance.now();
    await Promise.all(
      seats.flatMap(({ client }) =>
        Array.from({ length: each }, () => client.get('reaction.send', { kind: 'applause' })),
      ),
    );
    const lastMs = performance.now() - beganMs;
    const received = new Set<EventData<'room.reactions'>>();
    const counted = () =>
      [...received].flatMap(({ reactions }) => reactions).reduce((sum, { count }) => sum + count, 0);
    await watcher.client.event('room.reactions', (event) => {
      received.add(event);
      return counted() === PEOPLE * each;
    });
    const messages = watcher.client.count('room.reactions');
    // One at once, and one per 300 ms.
    assert.ok(
      messages <= 2 + lastMs / 300,
      `${messages} messages for ${counted()} reactions in ${lastMs} ms`,
    );
    for (const { client } of seats) {
      client.close();
    }
  });

  it('threat 4: a flood is limited to a few per second, and an owner can withdraw the right', async () => {
    const ann = await enter('flood', people[2] as Identity);
    const gus = await enter('flood', await newIdentity(server, { role: 'guest', roomId: 'flood' }));
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => gus.client.ask('reaction.send', { kind: 'like' })),
    );
    const refused = answers.filter((answer) => !answer.ok && answer.error.code === 'RATE_LIMITED');
    assert.ok(refused.length >= 15, `${refused.length} of 30`);
    await ann.client.get('room.configure', { roomId: 'flood', permissions: { speaker: ['room.enter'] } });
    assert.equal(await gus.client.refusal('reaction.send', { kind: 'like' }), 'FORBIDDEN');
    const bridge = await enter('flood', await newIdentity(server, { role: 'bridge' }));
    assert.equal(await bridge.client.refusal('reaction.send', { kind: 'like' }), 'FORBIDDEN');
    for (const { client } of [ann, gus, bridge]) {
      client.close();
    }
  });
});
