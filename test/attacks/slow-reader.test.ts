import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { AttackedServer } from '../support/attacked-server.ts';
import { Crowd } from '../support/crowd.ts';

test('threat 8: one of 25 people in a room never reads: it is cut off, and the others only see it leave', async () => {
  const attacked = await AttackedServer.start({
    flags: ['--workers', '1'],
    env: { CANOPY_LIMITS_REQUESTS_PER_SECOND: '5000', CANOPY_LIMITS_RESUME_SECONDS: '1' },
  });
  const { server } = attacked;
  try {
    const crowd = await Crowd.enter(server, 1, 25);
    const [slow, ...others] = crowd.seats;
    assert.ok(slow);
    const left = others.map(({ client }) => client.event('participant.left'));
    slow.client.pauseReading();
    // 64 refusals make an answer of about 10 KB.
    const producerIds = Array.from({ length: 64 }, () => randomUUID());
    for (let n = 0; n < 5000; n += 1) {
      const data = { transportId: slow.peerId, producerIds };
      slow.client.socket.emit('consumer.create', { id: randomUUID(), data }, () => 0);
    }
    const areServed = () =>
      Promise.all(
        others.map(async ({ client, roomId }) =>
          assert.equal(await client.refusal('room.join', { roomId }), 'ROOM_ALREADY_JOINED'),
        ),
      );
    await areServed();
    await Promise.all(left);
    await areServed();
    assert.match(server.log, /SLOW_READER/);
    for (const { client } of others) {
      assert.ok(client.open);
      assert.equal(client.count('participant.left'), 1, 'nobody else left');
      assert.equal(client.count('session.ended'), 0);
    }
    slow.client.close();
    await crowd.leave();
  } finally {
    await attacked.close();
  }
});
