// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InProcessServer } from '../support/in-process-server.ts';
import { linkDevices } from '../support/linked-device.ts';
import { newIdentity, ProtocolClient } from '../support/protocol-client.ts';
import { Seat } from '../support/raw-call.ts';

describe('joining a room that waits for a media worker', () => {
  let server: InProcessServer;

  before(async () => {
    server = await InProcessServer.start();
  });
  after(() => server.close());

  const workerPid = async () => {
    const [worker] = await server.sfu.workers();
    return worker?.pid ?? 0;
  };

  it('threat 5, threat 64: an account that is removed meanwhile does not get in by its other device', async () => {
    const mallory = await newIdentity(server, { displayName: 'Mallory' });
    const [device] = await linkDevices(mallory, 1);
    assert.ok(device);
    const olga = await Seat.take(server.url, await newIdentity(server), 'team');
    const first = await Seat.take(server.url, mallory, 'team');
    const second = await ProtocolClient.enter(server.url, device);
    process.kill(await workerPid(), 'SIGKILL');
    await olga.client.event('room.rehome');
    const joining = second.ask('room.join', { roomId: 'team' });
    // Requests of a connection are begun in their order.
    await second.get('session.ping', {});
    await olga.client.get('participant.kick', { participantId: first.participantId });
    const answer = await joining;
    // A new worker that was faster let them in before the removal, which then concerns this device too.
    assert.equal(answer.ok ? await second.ended() : answer.error.code, 'KICKED');
    olga.client.close();
  });

  it('threat 5: nobody gets in whose right to enter is taken away meanwhile', async () => {
    const olga = await ProtocolClient.enter(server.url, await newIdentity(server));
    await olga.get('room.join', { roomId: 'board' });
    await olga.get('room.leave', {});
    const max = await ProtocolClient.enter(server.url, await newIdentity(server));
    const pid = await workerPid();
    process.kill(pid, 'SIGSTOP');
    try {
      const joining = max.ask('room.join', { roomId: 'board' });
      await max.get('session.ping', {});
      await olga.get('room.configure', { roomId: 'board', permissions: { moderator: [] } });
      process.kill(pid, 'SIGCONT');
      const answer = await joining;
      assert.equal(answer.ok || answer.error.code, 'FORBIDDEN');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const { rooms } = (await server.api('GET', '/api/rooms')).body as { rooms: Array<{ roomId: string }> };
    assert.ok(!rooms.some(({ roomId }) => roomId === 'board'), 'the room that nobody entered has closed');
    olga.close();
    max.close();
  });
});
