import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Sfu } from './index.ts';
import {
  Behind,
  baseline,
  clientFingerprint,
  enter,
  nextEvent,
  opusParameters,
  simulcastParameters,
  startSfu,
} from './test-support.ts';

describe('Sfu', () => {
  const behind = new Behind();
  let sfu: Sfu;

  before(async () => {
    sfu = await startSfu({ workers: 2 });
  });

  afterEach(async () => {
    for (const roomId of ['green', 'blue', 'red']) {
      sfu.closeRoom(roomId);
    }
    assert.deepEqual(sfu.gauges(), baseline(2));
    assert.deepEqual(await behind.leftovers(), { routers: 0, transports: 0, openHere: 0 });
  });

  after(async () => {
    await sfu.close();
    behind.close();
  });

  it('openRoom() shares one opening among concurrent calls and returns the same later', async () => {
    const answers = await Promise.all([sfu.openRoom('green'), sfu.openRoom('green'), sfu.openRoom('green')]);
    assert.equal(new Set(answers.map(({ workerId }) => workerId)).size, 1);
    assert.deepEqual(await sfu.openRoom('green'), answers[0]);
    assert.equal(sfu.gauges().routers, 1);
  });

  it('openRoom() puts rooms opened at the same time on different workers', async () => {
    const [one, other] = await Promise.all([sfu.openRoom('green'), sfu.openRoom('blue')]);
    assert.notEqual(one.workerId, other.workerId);
    assert.deepEqual(
      (await sfu.workers()).map(({ rooms }) => rooms),
      [1, 1],
    );
  });

  it('a room carries Opus, the codecs of phones, and VP8, VP9 and H264, each with RTX', async () => {
    const { routerRtpCapabilities } = await sfu.openRoom('green');
    const codecs = (routerRtpCapabilities.codecs ?? []).map(({ mimeType }) => mimeType);
    assert.deepEqual(
      codecs.filter((mimeType) => mimeType !== 'video/rtx'),
      [
        ...['audio/opus', 'audio/G722', 'audio/PCMU', 'audio/PCMA'],
        ...['video/VP8', 'video/VP9', 'video/H264', 'video/H264'],
      ],
    );
    assert.equal(codecs.filter((mimeType) => mimeType === 'video/rtx').length, 4);
  });

  it('two peers publish, subscribe to each other, pause, choose layers, restart ICE and leave', async () => {
    const ann = await enter(sfu, 'green', 'ann');
    const bob = await enter(sfu, 'green', 'bob');
    await sfu.connectTransport('green', 'ann', ann.send.transportId, clientFingerprint());
    const { producerId } = await sfu.produce('green', 'ann', {
      transportId: ann.send.transportId,
      kind: 'video',
      rtpParameters: simulcastParameters(),
      paused: false,
    });
    await sfu.produce('green', 'bob', {
      transportId: bob.send.transportId,
      kind: 'audio',
      rtpParameters: opusParameters(),
      paused: true,
    });
    const transportId = bob.recv.transportId;
    const consumer = await sfu.consume('green', 'bob', { transportId, producerId });
    const { consumerId } = consumer;
    assert.equal(consumer.type, 'simulcast');
    assert.equal(consumer.kind, 'video');
    assert.equal(consumer.producerPaused, false);
    assert.deepEqual(sfu.gauges(), {
      ...baseline(2),
      routers: 1,
      levelTransports: 1,
      levelTaps: 1,
      pathTests: 0,
      transports: 4,
      producers: 2,
      consumers: 1,
    });
    assert.deepEqual(sfu.ownObjects('green', 'bob').consumerIds, [consumerId]);
    await sfu.resumeConsumer('green', 'bob', consumerId);
    await sfu.setPreferredLayers('green', 'bob', {
      consumerId,
      layers: { spatialLayer: 1, temporalLayer: 0 },
    });
    await sfu.requestKeyFrame('green', 'bob', consumerId);
    await sfu.pauseConsumer('green', 'bob', consumerId);
    await sfu.pauseProducer('green', 'ann', producerId);
    await sfu.resumeProducer('green', 'ann', producerId);
    const fresh = await sfu.restartIce('green', 'ann', ann.send.transportId);
    assert.notEqual(fresh.usernameFragment, ann.send.iceParameters.usernameFragment);
    const closed = nextEvent(sfu, 'consumerclosed');
    sfu.closePeer('green', 'ann');
    assert.deepEqual(await closed, { roomId: 'green', peerId: 'bob', consumerId });
    assert.deepEqual(sfu.ownObjects('green', 'bob').consumerIds, []);
    sfu.closePeer('green', 'bob');
    assert.equal(sfu.gauges().transports, 0);
  });
});
