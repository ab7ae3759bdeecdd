import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { Sfu } from '../index.ts';
import type { SfuOptions } from '../sfu-options.ts';
import { Behind, enter, nextEvent, opusParameters, simulcastParameters, startSfu } from '../test-support.ts';
import type { SfuEvents } from '../types.ts';

const LARGE = { width: 1280, height: 720, pinned: false };
const SMALL = { width: 240, height: 135, pinned: false };

describe('who receives what, on a real worker', () => {
  const behind = new Behind();
  let sfu: Sfu;

  afterEach(async () => {
    await sfu.close();
  });

  async function start(options: Partial<SfuOptions> = {}): Promise<void> {
    sfu = await startSfu(options);
  }

  /** A peer that sends a camera. */
  async function sender(peerId: string): Promise<string> {
    const { send } = await enter(sfu, 'green', peerId);
    const { producerId } = await sfu.produce('green', peerId, {
      ...{ transportId: send.transportId, kind: 'video', source: 'camera' },
      ...{ rtpParameters: simulcastParameters(), paused: false },
    });
    return producerId;
  }

  /** A peer that subscribes to these producers and resumes the consumers. */
  async function receiver(peerId: string, producerIds: string[]): Promise<string[]> {
    const { recv } = await enter(sfu, 'green', peerId);
    const { transportId } = recv;
    const consumers = await Promise.all(
      producerIds.map((producerId) => sfu.consume('green', peerId, { transportId, producerId })),
    );
    for (const { consumerId } of consumers) {
      await sfu.resumeConsumer('green', peerId, consumerId);
    }
    return consumers.map(({ consumerId }) => consumerId);
  }

  const consumerOf = (consumerId: string | undefined) => {
    const found = behind.consumers.find(({ id }) => id === consumerId);
    assert.ok(found);
    return found;
  };
  const tileOf = (told: SfuEvents['allocation'][0], producerId: string) =>
    told.tiles.find((tile) => tile.producerId === producerId);

  it('holds a new video until it has been allocated, whatever its client requests', async () => {
    await start();
    const producerId = await sender('ann');
    const decided = nextEvent(sfu, 'allocation', ({ peerId }) => peerId === 'bob');
    const [consumerId] = await receiver('bob', [producerId]);
    const consumer = consumerOf(consumerId);
    const atResume = new Promise((resolve) => {
      if (!consumer.paused) {
        resolve(consumer.preferredLayers);
      }
      consumer.observer.once('resume', () => resolve(consumer.preferredLayers));
    });
    assert.ok(tileOf(await decided, producerId)?.layers);
    assert.ok(await atResume, 'its ceiling is set before the first packet');
  });

  it("allocates by the receiver's layout: large in 720p, small in the lowest layer, the rest not at all", async () => {
    await start();
    const [ann, bob, cid] = await Promise.all(['ann', 'bob', 'cid'].map(sender));
    assert.ok(ann && bob && cid);
    const [large, small, hidden] = await receiver('eve', [ann, bob, cid]);
    // Whatever was decided before all were subscribed to, this one changes.
    const told = nextEvent(
      sfu,
      'allocation',
      (event) => event.peerId === 'eve' && tileOf(event, bob)?.layers?.spatialLayer === 0,
    );
    sfu.setLayout('green', 'eve', {
      tiles: [
        { producerId: ann, ...LARGE },
        { producerId: bob, ...SMALL },
        { producerId: 'nobody', ...SMALL },
      ],
    });
    await told;
    await sfu.workers();
    assert.equal(consumerOf(large).preferredLayers?.spatialLayer, 2);
    assert.equal(consumerOf(small).preferredLayers?.spatialLayer, 0);
    assert.ok(consumerOf(large).priority > consumerOf(small).priority);
    assert.deepEqual(
      [large, small, hidden].map((id) => consumerOf(id).paused),
      [false, false, true],
    );
    const [explained] = sfu.explain('green').receivers.filter(({ peerId }) => peerId === 'eve');
    assert.deepEqual(explained?.heldProducerIds, [cid]);
    assert.equal(explained.tiles.length, 2);
    assert.ok(
      explained.videoBps < explained.maxOutgoingBps && explained.maxOutgoingBps < explained.budgetBps,
    );
    assert.equal(sfu.load().heldConsumers, 1);
  });

  it('notifies a sender of unwanted layers after 5 s, of wanted ones at once, and repeats it on request', async () => {
    await start();
    const producerId = await sender('ann');
    await receiver('bob', [producerId]);
    sfu.setLayout('green', 'bob', { tiles: [{ producerId, ...SMALL }] });
    const unwanted = await nextEvent(sfu, 'producerwanted');
    assert.deepEqual(unwanted, {
      ...{ roomId: 'green', peerId: 'ann', producerId },
      spatialLayers: [true, false, false],
    });
    const again = nextEvent(sfu, 'producerwanted');
    sfu.tellAllocation('green', 'ann');
    assert.deepEqual(await again, unwanted);
    const toldAgain = nextEvent(sfu, 'allocation');
    sfu.tellAllocation('green', 'bob');
    assert.equal(tileOf(await toldAgain, producerId)?.layers?.spatialLayer, 0);
    const wanted = nextEvent(sfu, 'producerwanted');
    sfu.setLayout('green', 'bob', { tiles: [{ producerId, ...LARGE }] });
    assert.deepEqual((await wanted).spatialLayers, [true, false, true]);
  });

  it('stops a video that its sender paused, and restores it when it is resumed', async () => {
    await start();
    const producerId = await sender('ann');
    const [consumerId] = await receiver('bob', [producerId]);
    await nextEvent(sfu, 'allocation', (told) => tileOf(told, producerId)?.layers !== null);
    const paused = nextEvent(sfu, 'allocation', (told) => tileOf(told, producerId)?.reason === 'paused');
    await sfu.pauseProducer('green', 'ann', producerId);
    await paused;
    // The worker handles requests in order.
    await sfu.workers();
    assert.equal(consumerOf(consumerId).paused, true);
    const back = nextEvent(sfu, 'allocation', (told) => tileOf(told, producerId)?.layers !== null);
    await sfu.resumeProducer('green', 'ann', producerId);
    await back;
  });

  it('does not hold voices', async () => {
    await start();
    const { send } = await enter(sfu, 'green', 'ann');
    const { producerId } = await sfu.produce('green', 'ann', {
      ...{ transportId: send.transportId, kind: 'audio', source: 'microphone' },
      ...{ rtpParameters: opusParameters(), paused: false },
    });
    const [consumerId] = await receiver('bob', [producerId]);
    assert.equal(consumerOf(consumerId).paused, false);
  });

  it('reserves bandwidth for as many voices as are forwarded, here all', async () => {
    await start({ audibleSpeakers: 0 });
    const voices = await Promise.all(
      ['ann', 'bob', 'cid', 'dan'].map(async (peerId) => {
        const { send } = await enter(sfu, 'green', peerId);
        const { producerId } = await sfu.produce('green', peerId, {
          ...{ transportId: send.transportId, kind: 'audio', source: 'microphone' },
          ...{ rtpParameters: opusParameters(), paused: false },
        });
        return producerId;
      }),
    );
    const camera = await sender('fay');
    await receiver('eve', [...voices, camera]);
    await nextEvent(sfu, 'allocated', () => {
      const explained = sfu.explain('green').receivers.find(({ peerId }) => peerId === 'eve');
      return explained?.audioBps === 4 * 42_000;
    });
  });

  it('keeps all rooms within a guarded link, and admits no more people than it can carry', async () => {
    await start({ linkBps: 2_000_000, linkFloorBps: 250_000 });
    const producerIds = await Promise.all(['ann', 'bob'].map(sender));
    for (const peerId of ['eve', 'fay', 'gus']) {
      await receiver(peerId, producerIds);
      sfu.setLayout('green', peerId, {
        tiles: producerIds.map((producerId) => ({ producerId, ...LARGE })),
      });
    }
    const limited = ({ tiles }: SfuEvents['allocation'][0]) => tiles.some(({ reason }) => reason === 'link');
    await nextEvent(sfu, 'allocation', limited);
    const { egressBps, linkBps } = sfu.load();
    assert.ok(linkBps && egressBps > 0 && egressBps <= linkBps * 0.9, `${egressBps}`);
    sfu.admit('green');
    await Promise.all(['hal', 'ida', 'jim'].map((peerId) => enter(sfu, 'green', peerId)));
    assert.throws(() => sfu.admit('green'), { code: 'SERVER_BUSY', detail: /^link: each of 9 receivers/ });
    assert.throws(() => sfu.admit('blue'), { code: 'SERVER_BUSY' });
    sfu.closePeer('green', 'jim');
    sfu.admit('green');
  });

  it('continues deciding when a worker dies, and drops its rooms', async () => {
    await start();
    const producerId = await sender('ann');
    await receiver('bob', [producerId]);
    const lost = nextEvent(sfu, 'roomlost');
    const [worker] = await sfu.workers();
    assert.ok(worker);
    process.kill(worker.pid, 'SIGKILL');
    await lost;
    assert.throws(() => sfu.explain('green'), { code: 'ROOM_REHOMING' });
    const again = await sender('ann');
    const decided = nextEvent(sfu, 'allocation', ({ peerId }) => peerId === 'bob');
    await receiver('bob', [again]);
    assert.ok(tileOf(await decided, again)?.layers);
  });
});
