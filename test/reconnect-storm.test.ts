import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttackedServer } from './support/attacked-server.ts';
import { Crowd } from './support/crowd.ts';

const ROOMS = 40;
const PEERS_PER_ROOM = 25;

test('threat 7: 40 rooms of 25 people drop and return at once, and nobody is lost', async (t) => {
  const people = ROOMS * PEERS_PER_ROOM;
  const attacked = await AttackedServer.start({
    env: {
      CANOPY_LIMITS_CONNECTIONS_PER_ADDRESS: String(3 * people),
      // Each account's only device is in all rooms and may have opened any of them.
      CANOPY_LIMITS_CONNECTIONS_PER_ACCOUNT: String(6 * ROOMS),
      CANOPY_LIMITS_ROOMS_PER_ACCOUNT: String(ROOMS),
      CANOPY_LIMITS_RESUME_SECONDS: '300',
    },
  });
  const { server } = attacked;
  try {
    const crowd = await Crowd.enter(server, ROOMS, PEERS_PER_ROOM);
    await crowd.cut();
    const cutAtMs = performance.now();
    await crowd.resume();
    t.diagnostic(`${people} people were back after ${((performance.now() - cutAtMs) / 1000).toFixed(1)} s`);
    const { peersConnected, peersWaiting, rooms } = await server.objects();
    assert.deepEqual([peersConnected, peersWaiting, rooms], [people, 0, ROOMS]);
    for (const { client } of crowd.seats) {
      assert.ok(client.open);
      assert.equal(client.count('participant.left'), 0);
      assert.equal(client.count('session.ended'), 0);
    }
    const errors = [...(await server.metrics())].filter(
      ([name, count]) => name.startsWith('canopy_errors_total{') && count > 0,
    );
    assert.deepEqual(errors, []);
    await crowd.leave();
  } finally {
    await attacked.close();
  }
});
