import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Sfu } from './index.ts';
import {
  baseline,
  clientFingerprint,
  enter,
  opusParameters,
  simulcastParameters,
  startSfu,
} from './test-support.ts';

describe('threat 5: a peer reaches only its own objects', () => {
  let sfu: Sfu;
  let ann: Awaited<ReturnType<typeof enter>>;
  let bob: Awaited<ReturnType<typeof enter>>;
  let eve: Awaited<ReturnType<typeof enter>>;
  let producerId: string;
  let consumerId: string;

  before(async () => {
    sfu = await startSfu();
  });

  after(() => sfu.close());

  beforeEach(async () => {
    ann = await enter(sfu, 'green', 'ann');
    bob = await enter(sfu, 'green', 'bob');
    eve = await enter(sfu, 'blue', 'eve');
    ({ producerId } = await sfu.produce('green', 'ann', {
      transportId: ann.send.transportId,
      kind: 'audio',
      rtpParameters: opusParameters(),
      paused: false,
    }));
    ({ consumerId } = await sfu.consume('green', 'bob', { transportId: bob.recv.transportId, producerId }));
  });

  afterEach(() => {
    sfu.closeRoom('green');
    sfu.closeRoom('blue');
    assert.deepEqual(sfu.gauges(), baseline(1));
  });

  it('a room that is not open has no peers', async () => {
    await assert.rejects(sfu.createTransport('red', 'ann', { direction: 'send' }), {
      code: 'ROOM_NOT_JOINED',
    });
    await assert.rejects(sfu.pauseProducer('red', 'ann', producerId), { code: 'ROOM_NOT_JOINED' });
    assert.equal(sfu.closeProducer('red', 'ann', producerId), false);
    sfu.closePeer('red', 'ann');
    sfu.closeRoom('red');
  });

  it("another's transport cannot be connected, restarted, closed, or used to send and receive", async () => {
    const { transportId } = ann.send;
    const unknown = { code: 'TRANSPORT_UNKNOWN' };
    for (const [room, peer] of [
      ['green', 'bob'],
      ['blue', 'eve'],
      ['green', 'nobody'],
    ] as const) {
      await assert.rejects(sfu.connectTransport(room, peer, transportId, clientFingerprint()), unknown);
      await assert.rejects(sfu.restartIce(room, peer, transportId), unknown);
      const media = { transportId, kind: 'audio', rtpParameters: opusParameters(), paused: false } as const;
      await assert.rejects(sfu.produce(room, peer, media), unknown);
      await assert.rejects(
        sfu.consume(room, peer, { transportId: ann.recv.transportId, producerId }),
        unknown,
      );
      assert.equal(sfu.closeTransport(room, peer, transportId), false);
    }
    await sfu.connectTransport('green', 'ann', transportId, clientFingerprint());
  });

  it("another's producer cannot be paused, resumed or closed", async () => {
    await assert.rejects(sfu.pauseProducer('green', 'bob', producerId), { code: 'PRODUCER_UNKNOWN' });
    await assert.rejects(sfu.resumeProducer('green', 'bob', producerId), { code: 'PRODUCER_UNKNOWN' });
    assert.equal(sfu.closeProducer('green', 'bob', producerId), false);
    assert.equal(sfu.closeProducer('blue', 'eve', producerId), false);
    assert.deepEqual(sfu.ownObjects('green', 'ann').producerIds, [producerId]);
  });

  it("another's consumer cannot be used", async () => {
    const unknown = { code: 'CONSUMER_UNKNOWN' };
    await assert.rejects(sfu.resumeConsumer('green', 'ann', consumerId), unknown);
    await assert.rejects(sfu.pauseConsumer('green', 'ann', consumerId), unknown);
    await assert.rejects(sfu.requestKeyFrame('green', 'ann', consumerId), unknown);
    const layers = { consumerId, layers: { spatialLayer: 0 } };
    await assert.rejects(sfu.setPreferredLayers('green', 'ann', layers), unknown);
    assert.equal(sfu.closeConsumer('green', 'ann', consumerId), false);
    assert.deepEqual(sfu.ownObjects('green', 'bob').consumerIds, [consumerId]);
  });

  it('producers that are unknown, its own or in another room cannot be consumed', async () => {
    const unknown = { code: 'PRODUCER_UNKNOWN' };
    await assert.rejects(
      sfu.consume('blue', 'eve', { transportId: eve.recv.transportId, producerId }),
      unknown,
    );
    await assert.rejects(
      sfu.consume('green', 'ann', { transportId: ann.recv.transportId, producerId }),
      unknown,
    );
    const nowhere = { transportId: bob.recv.transportId, producerId: crypto.randomUUID() };
    await assert.rejects(sfu.consume('green', 'bob', nowhere), unknown);
  });

  it('there is one transport per direction, and it connects once', async () => {
    const wrong = { transportId: ann.recv.transportId, kind: 'audio', paused: false } as const;
    await assert.rejects(sfu.produce('green', 'ann', { ...wrong, rtpParameters: opusParameters() }), {
      code: 'MEDIA_REJECTED',
    });
    await assert.rejects(sfu.consume('green', 'bob', { transportId: bob.send.transportId, producerId }), {
      code: 'MEDIA_REJECTED',
    });
    await assert.rejects(sfu.createTransport('green', 'ann', { direction: 'send' }), {
      code: 'TRANSPORT_EXISTS',
    });
    await sfu.connectTransport('green', 'ann', ann.send.transportId, clientFingerprint());
    await assert.rejects(sfu.connectTransport('green', 'ann', ann.send.transportId, clientFingerprint()), {
      code: 'TRANSPORT_CONNECTED',
    });
    const both = await Promise.allSettled([
      sfu.createTransport('green', 'new', { direction: 'send' }),
      sfu.createTransport('green', 'new', { direction: 'send' }),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(sfu.ownObjects('green', 'new').transportIds.length, 1);
    assert.ok(sfu.closeTransport('green', 'ann', ann.send.transportId));
    await sfu.createTransport('green', 'ann', { direction: 'send' });
  });

  it('codecs that a client cannot decode or a room does not carry are refused with CODEC_UNSUPPORTED', async () => {
    const { producerId: video } = await sfu.produce('green', 'ann', {
      transportId: ann.send.transportId,
      kind: 'video',
      rtpParameters: simulcastParameters(),
      paused: false,
    });
    const rtpCapabilities = {
      ...ann.rtpCapabilities,
      codecs: ann.rtpCapabilities.codecs?.filter(({ kind }) => kind === 'audio'),
    };
    const phone = await sfu.createTransport('green', 'phone', { direction: 'recv', rtpCapabilities });
    await sfu.consume('green', 'phone', { transportId: phone.transportId, producerId });
    await assert.rejects(
      sfu.consume('green', 'phone', { transportId: phone.transportId, producerId: video }),
      { code: 'CODEC_UNSUPPORTED' },
    );
    const [codec] = opusParameters().codecs;
    const g722 = {
      ...opusParameters(),
      mid: '9',
      codecs: [{ ...codec, mimeType: 'audio/G722', payloadType: 9, clockRate: 8000, channels: 1 }],
    };
    await assert.rejects(
      sfu.produce('green', 'ann', {
        transportId: ann.send.transportId,
        kind: 'audio',
        rtpParameters: g722,
        paused: false,
      }),
      { code: 'CODEC_UNSUPPORTED' },
    );
  });
});
