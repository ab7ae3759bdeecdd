import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { CanopyError } from '../base/errors/index.ts';
import type { Sfu } from './index.ts';
import {
  Behind,
  baseline,
  enter,
  nextEvent,
  opusParameters,
  simulcastParameters,
  startSfu,
} from './test-support.ts';
import { Voices } from './test-voices.ts';

/** Tests the sentences of README.md, "Closing". */
describe('the closure contract', () => {
  const behind = new Behind();
  const told: string[] = [];
  let sfu: Sfu;

  before(async () => {
    sfu = await startSfu();
    sfu.on('consumerclosed', ({ peerId, consumerId }) => told.push(`${peerId} ${consumerId}`));
    sfu.on('transportstate', ({ state }) => told.push(state));
    sfu.on('speaker', () => told.push('speaker'));
    sfu.on('roomlost', () => told.push('roomlost'));
  });

  afterEach(async () => {
    sfu.closeRoom('green');
    assert.deepEqual(sfu.gauges(), baseline(1));
    assert.deepEqual(await behind.leftovers(), { routers: 0, transports: 0, openHere: 0 });
    told.length = 0;
  });

  after(async () => {
    await sfu.close();
    behind.close();
  });

  /** ann publishes to bob and eve. */
  async function conference() {
    const ann = await enter(sfu, 'green', 'ann');
    const bob = await enter(sfu, 'green', 'bob');
    const eve = await enter(sfu, 'green', 'eve');
    const { producerId } = await sfu.produce('green', 'ann', {
      transportId: ann.send.transportId,
      kind: 'video',
      rtpParameters: simulcastParameters(),
      paused: false,
    });
    const { consumerId: bobs } = await sfu.consume('green', 'bob', {
      transportId: bob.recv.transportId,
      producerId,
    });
    const { consumerId: eves } = await sfu.consume('green', 'eve', {
      transportId: eve.recv.transportId,
      producerId,
    });
    return { ann, bob, eve, producerId, bobs, eves };
  }

  function bothConsumersClosed(): Promise<unknown> {
    return Promise.all(
      ['bob', 'eve'].map((peer) => nextEvent(sfu, 'consumerclosed', ({ peerId }) => peerId === peer)),
    );
  }

  it('a closed producer closes its consumers, and each peer is notified once', async () => {
    const { producerId, bobs, eves } = await conference();
    const closed = bothConsumersClosed();
    assert.equal(sfu.closeProducer('green', 'ann', producerId), true);
    assert.equal(sfu.closeProducer('green', 'ann', producerId), false);
    await closed;
    assert.deepEqual(told.sort(), [`bob ${bobs}`, `eve ${eves}`]);
    assert.equal(sfu.gauges().consumers, 0);
    await assert.rejects(sfu.resumeConsumer('green', 'bob', bobs), { code: 'CONSUMER_UNKNOWN' });
  });

  it('whoever closes a consumer or transport is not notified of it', async () => {
    const { bob, eve, bobs } = await conference();
    assert.equal(sfu.closeConsumer('green', 'bob', bobs), true);
    assert.equal(sfu.closeConsumer('green', 'bob', bobs), false);
    assert.equal(sfu.closeTransport('green', 'eve', eve.recv.transportId), true);
    assert.equal(sfu.closeTransport('green', 'eve', eve.recv.transportId), false);
    assert.equal(sfu.gauges().consumers, 0);
    assert.equal(sfu.gauges().transports, 5);
    // The worker has answered everything.
    await sfu.restartIce('green', 'bob', bob.recv.transportId);
    assert.deepEqual(told, []);
  });

  it('a closing transport closes its producers, and others are notified of their consumers', async () => {
    const { ann } = await conference();
    const closed = bothConsumersClosed();
    sfu.closeTransport('green', 'ann', ann.send.transportId);
    assert.equal(sfu.gauges().producers, 0);
    await closed;
    assert.equal(told.length, 2);
  });

  it('a peer that leaves closes its transports; the others keep theirs', async () => {
    await conference();
    const closed = bothConsumersClosed();
    sfu.closePeer('green', 'ann');
    sfu.closePeer('green', 'ann');
    await closed;
    assert.equal(told.length, 2);
    assert.deepEqual(sfu.ownObjects('green', 'ann'), { transportIds: [], producerIds: [], consumerIds: [] });
    assert.equal(sfu.gauges().transports, 4);
  });

  it('the dominant speaker is reported once, and null when its producer closes', async () => {
    const voices = await Voices.enter(sfu, 'green', 'bridge');
    const { producerId, talk } = await voices.microphone();
    const heard: unknown[] = [];
    sfu.on('speaker', (data) => heard.push(data));
    const spoke = nextEvent(sfu, 'speaker');
    talk(-20);
    await spoke;
    sfu.closeProducer('green', 'bridge', producerId);
    voices.close();
    assert.deepEqual(heard, [
      { roomId: 'green', producerId },
      { roomId: 'green', producerId: null },
    ]);
  });

  it('a closed room closes everything in it, without events', async () => {
    await conference();
    sfu.closeRoom('green');
    sfu.closeRoom('green');
    assert.deepEqual(sfu.gauges(), baseline(1));
    await sfu.workers();
    assert.deepEqual(told, []);
  });

  it('threat 14: requests overtaken by a close are refused with a code and leave nothing behind', async () => {
    const overtaking = [
      ['the transport', (id: string) => sfu.closeTransport('green', 'bob', id)],
      ['the peer', () => sfu.closePeer('green', 'bob')],
      ['the room', () => sfu.closeRoom('green')],
    ] as const;
    for (const [what, close] of overtaking) {
      const { bob, producerId } = await conference();
      const { transportId } = bob.recv;
      const video = { kind: 'video', rtpParameters: simulcastParameters(), paused: false } as const;
      const requests = [
        sfu.consume('green', 'bob', { transportId, producerId }),
        sfu.consume('green', 'bob', { transportId, producerId }),
        sfu.restartIce('green', 'bob', transportId),
        sfu.produce('green', 'bob', { transportId: bob.send.transportId, ...video }),
        sfu.createTransport('green', 'zoe', { direction: 'send' }),
      ];
      const outcomes = Promise.allSettled(requests);
      close(transportId);
      for (const outcome of await outcomes) {
        if (outcome.status === 'rejected') {
          assert.ok(outcome.reason instanceof CanopyError, what);
        }
      }
      const codes = (await outcomes).map((one) => (one.status === 'rejected' ? one.reason.code : 'done'));
      assert.ok(codes.includes('TRANSPORT_UNKNOWN'), `${what}: ${codes}`);
      sfu.closeRoom('green');
      assert.deepEqual(sfu.gauges(), baseline(1));
      assert.deepEqual(await behind.leftovers(), { routers: 0, transports: 0, openHere: 0 });
    }
  });

  it('threat 14: the producer closes while others subscribe to it', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { ann, bob, producerId } = await conference();
      const consuming = Array.from({ length: 5 }, () =>
        sfu.consume('green', 'bob', { transportId: bob.recv.transportId, producerId }),
      );
      const outcomes = Promise.allSettled(consuming);
      if (round % 2 === 0) {
        sfu.closeProducer('green', 'ann', producerId);
      } else {
        sfu.closeTransport('green', 'ann', ann.send.transportId);
      }
      for (const outcome of await outcomes) {
        if (outcome.status === 'rejected') {
          assert.equal(outcome.reason.code, 'PRODUCER_UNKNOWN');
        }
      }
      await assert.rejects(sfu.consume('green', 'bob', { transportId: bob.recv.transportId, producerId }), {
        code: 'PRODUCER_UNKNOWN',
      });
      sfu.closeRoom('green');
    }
  });

  it('threat 14: a room can be closed while it is opening, and reopened', async () => {
    const opening = sfu.openRoom('green');
    sfu.closeRoom('green');
    await assert.rejects(opening, { code: 'ROOM_NOT_JOINED' });
    await sfu.openRoom('green');
    assert.equal(sfu.gauges().routers, 1);
  });

  it('joining and leaving in any order ends at the baseline', async () => {
    const peers = Array.from({ length: 12 }, (_, index) => `peer${index}`);
    await sfu.openRoom('green');
    await Promise.all(
      peers.map(async (peer, index) => {
        const { send } = await enter(sfu, 'green', peer);
        const media = { transportId: send.transportId, rtpParameters: opusParameters(), paused: false };
        const publishing = sfu.produce('green', peer, { ...media, kind: 'audio' });
        if (index % 3 === 0) {
          sfu.closePeer('green', peer);
          await assert.rejects(publishing, CanopyError);
        } else {
          await publishing;
        }
      }),
    );
    assert.equal(sfu.gauges().transports, 16);
    assert.equal(sfu.gauges().producers, 8);
    for (const peer of peers) {
      sfu.closePeer('green', peer);
    }
    assert.deepEqual({ ...sfu.gauges(), routers: 0, levelTransports: 0 }, baseline(1));
  });

  it('Sfu.close() ends the processes without events, and is idempotent', async () => {
    const own = await startSfu({ workers: 2 });
    const pids = (await own.workers()).map(({ pid }) => pid);
    let heard = 0;
    for (const name of ['roomlost', 'workerdied', 'consumerclosed'] as const) {
      own.on(name, () => (heard += 1));
    }
    await enter(own, 'green', 'ann');
    await Promise.all([own.close(), own.close()]);
    assert.equal(heard, 0);
    for (const pid of pids) {
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    }
    await assert.rejects(own.openRoom('green'), { code: 'SERVER_CLOSING' });
    assert.deepEqual(own.gauges(), baseline(0));
  });
});
