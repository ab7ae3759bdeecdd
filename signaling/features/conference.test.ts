import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Identity } from '../../client/sdk/index.ts';
import type { RtpCapabilities } from '../../contract/index.ts';
import { InProcessServer } from '../../test/support/in-process-server.ts';
import { newIdentity, ProtocolClient } from '../../test/support/protocol-client.ts';
import { Seat } from '../../test/support/raw-call.ts';
import { opus, simulcast } from '../../test/support/rtp-parameters.ts';

describe('threat 14: media that ends during a request about it', () => {
  let server: InProcessServer;
  let ann: Identity;
  let bob: Identity;
  let turn = 0;

  before(async () => {
    // Every worker counts as full, so peers spread over both; a stopped worker is given time.
    const sfu = { workers: 2, spillShare: 0, heartbeatMilliseconds: 20_000 };
    server = await InProcessServer.start({ 'limits.consumersPerPeer': 2 }, sfu);
    [ann, bob] = await Promise.all([newIdentity(server), newIdentity(server, { displayName: 'Bob' })]);
  });
  after(() => server.close());

  const newRoom = () => {
    turn += 1;
    return `room-${turn}`;
  };
  const voice = (seat: Seat) => ({
    transportId: seat.send,
    kind: 'audio',
    source: 'microphone',
    rtpParameters: opus(),
  });

  it('a consumer that closes while others of its request are pending is reported as failed and no longer counted', async () => {
    const roomId = newRoom();
    const seats: Array<{ seat: Seat; workerId: string }> = [];
    /** Makes the sending transport again: the answer says which worker it is on. */
    const workerOf = async (seat: Seat) => {
      await seat.client.get('transport.close', { transportId: seat.send });
      const { transportId, binding } = await seat.client.get('transport.create', { direction: 'send' });
      Object.assign(seat, { send: transportId });
      return binding.workerId;
    };
    while (seats.length < 3 || new Set(seats.map(({ workerId }) => workerId)).size < 2) {
      assert.ok(seats.length < 20, 'peers are on both workers');
      const seat = await Seat.take(server.url, await newIdentity(server), roomId);
      seats.push({ seat, workerId: await workerOf(seat) });
    }
    const near = seats.map(({ workerId }) => workerId).find((id, at, all) => all.indexOf(id) !== at);
    const [sender, receiver] = seats.filter(({ workerId }) => workerId === near);
    const far = seats.find(({ workerId }) => workerId !== near);
    assert.ok(sender && receiver && far);
    const dying = await sender.seat.produce('video');
    const distant = await far.seat.produce('video');
    const pid = (await server.sfu.workers()).find(({ workerId }) => workerId === far.workerId)?.pid ?? 0;
    const { client, recv: transportId } = receiver.seat;
    // The distant producer has to be piped, which waits until its worker runs again.
    process.kill(pid, 'SIGSTOP');
    try {
      const answer = client.get('consumer.create', { transportId, producerIds: [dying, distant] });
      while (server.sfu.gauges().consumers === 0) {
        await setImmediate();
      }
      await sender.seat.client.get('producer.close', { producerId: dying });
      while (server.sfu.gauges().consumers === 1) {
        await setImmediate();
      }
      process.kill(pid, 'SIGCONT');
      const { consumers, failed } = await answer;
      assert.deepEqual(
        consumers.map(({ producerId }) => producerId),
        [distant],
      );
      assert.deepEqual(
        failed.map(({ producerId, error }) => [producerId, error.code]),
        [[dying, 'PRODUCER_UNKNOWN']],
      );
      // It is the second of two that the peer may have.
      await receiver.seat.consume(await sender.seat.produce('video'));
      const { producerId } = await far.seat.client.get('producer.create', voice(far.seat) as never);
      const third = { transportId, producerIds: [producerId] };
      assert.equal(await client.refusal('consumer.create', third), 'LIMIT_REACHED');
      assert.equal(client.count('consumer.closed'), 0);
      await far.seat.client.get('producer.close', { producerId: distant });
      await client.event('consumer.closed', ({ consumerId }) => consumerId === consumers[0]?.consumerId);
      assert.equal((await client.get('consumer.create', third)).consumers.length, 1);
      assert.equal(client.count('consumer.closed'), 1);
    } finally {
      process.kill(pid, 'SIGCONT');
      for (const { seat } of seats) {
        await seat.client.get('room.leave', {});
        seat.client.close();
      }
    }
  });

  it('a phone that hangs up while its producer is created is announced to nobody', async () => {
    const roomId = newRoom();
    const watcher = await Seat.take(server.url, ann, roomId);
    const bridge = await ProtocolClient.enter(server.url, await newIdentity(server, { role: 'bridge' }));
    const { routerRtpCapabilities } = await bridge.get('room.join', { roomId });
    const { send } = await bridge.get('bridge.open', {
      address: '127.0.0.1',
      port: 9,
      rtpCapabilities: routerRtpCapabilities as RtpCapabilities,
    });
    const { participantId } = await bridge.get('participant.add', { displayName: 'Phone', kind: 'phone' });
    const request = { ...voice(watcher), transportId: send.transportId, participantId };
    const creating = bridge.ask('producer.create', request);
    await bridge.get('participant.remove', { participantId });
    const answer = await creating;
    assert.equal(answer.ok || answer.error.code, 'PARTICIPANT_UNKNOWN');
    await watcher.client.event('participant.left', (left) => left.participantId === participantId);
    assert.equal(watcher.client.count('producer.added'), 0);
    assert.equal(server.sfu.gauges().producers, 0);
    for (const client of [bridge, watcher.client]) {
      await client.get('room.leave', {});
      client.close();
    }
  });

  it('a peer that leaves while it creates a producer leaves nothing behind, for those inside and for newcomers', async () => {
    const roomId = newRoom();
    const watcher = await Seat.take(server.url, ann, roomId);
    const leaver = await Seat.take(server.url, bob, roomId);
    const creating = leaver.client.ask('producer.create', voice(leaver));
    await leaver.client.get('room.leave', {});
    const answer = await creating;
    assert.equal(answer.ok || answer.error.code, 'TRANSPORT_UNKNOWN');
    await watcher.client.event('participant.left');
    assert.equal(watcher.client.count('producer.added'), 0);
    const { producers } = await leaver.client.get('room.join', { roomId });
    assert.deepEqual(producers, []);
    for (const { client } of [leaver, watcher]) {
      await client.get('room.leave', {});
      client.close();
    }
  });

  it('if the worker dies while a producer is created, the producer is gone, and its peer can send again after rejoining', async () => {
    const roomId = newRoom();
    const watcher = await Seat.take(server.url, ann, roomId);
    const sender = await Seat.take(server.url, bob, roomId);
    await sender.produce('video');
    await watcher.client.event('producer.added');
    const pids = (await server.sfu.workers()).map(({ pid }) => pid);
    // Both stop first, so that the request is under way when they die.
    for (const pid of pids) {
      process.kill(pid, 'SIGSTOP');
    }
    const creating = sender.client.ask('producer.create', voice(sender));
    await sender.client.get('session.ping', {});
    for (const pid of pids) {
      process.kill(pid, 'SIGKILL');
    }
    const answer = await creating;
    assert.equal(answer.ok || answer.error.code, 'WORKER_UNAVAILABLE');
    const returns = [sender, watcher].map(async ({ client }) => {
      const { ticket } = await client.event('room.rehome');
      // Of the lost media nothing is left, whether the room is open again or not.
      assert.equal(
        await client.refusal('transport.restartIce', { transportId: sender.send }),
        'TRANSPORT_UNKNOWN',
      );
      const joined = await client.get('room.join', { roomId, ticket });
      assert.equal(joined.resumed, false);
      assert.deepEqual(joined.own, { transportIds: [], producerIds: [], consumerIds: [] });
      return joined;
    });
    const joined = await Promise.all(returns);
    assert.deepEqual(
      joined.map(({ producers }) => producers),
      [[], []],
    );
    const { transportId } = await sender.client.get('transport.create', { direction: 'send' });
    const request = { ...voice(sender), transportId };
    const { producerId } = await sender.client.get('producer.create', request as never);
    await watcher.client.event('producer.added', ({ producer }) => producer.producerId === producerId);
    assert.equal(watcher.client.count('producer.closed'), 0);
    assert.equal(watcher.client.count('producer.added'), 2);
    const picture = { transportId, kind: 'video', source: 'camera', rtpParameters: simulcast() };
    assert.ok((await sender.client.ask('producer.create', picture)).ok);
    for (const { client } of [sender, watcher]) {
      await client.get('room.leave', {});
      client.close();
    }
  });
});
