import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Consumer } from 'mediasoup/types';
import { IceDtlsClient } from '../test/support/ice-dtls.ts';
import type { Sfu, SfuEvents } from './index.ts';
import { Behind, enter, nextEvent, opusParameters, simulcastParameters, startSfu } from './test-support.ts';
import { Voices } from './test-voices.ts';

/** Checks that a value contains only objects and arrays without a class, and survives structuredClone() unchanged. */
function assertPlain(value: unknown, where: string): void {
  assert.deepEqual(structuredClone(value), value, where);
  const walk = (inner: unknown, path: string): void => {
    if (typeof inner !== 'object' || inner === null) {
      assert.ok(typeof inner !== 'function', path);
      return;
    }
    const prototype = Object.getPrototypeOf(inner);
    assert.ok(prototype === Object.prototype || prototype === Array.prototype, `${path} has a class`);
    for (const [key, item] of Object.entries(inner)) {
      walk(item, `${path}.${key}`);
    }
  };
  walk(value, where);
}

const EVENT_NAMES: ReadonlyArray<keyof SfuEvents> = [
  'roomlost',
  'workerdied',
  'workerstarted',
  'speaker',
  'produceropened',
  'producerpaused',
  'producerclosed',
  'transportclosed',
  'consumerclosed',
  'consumerlayers',
  'transportstate',
  'dtlsconnected',
  'iceconnected',
  'rtpstarted',
];

describe('the API of the media plane', () => {
  it('exchanges only plain data: every result and every event passes structuredClone()', async () => {
    const behind = new Behind();
    const sfu = await startSfu();
    const heard = new Set<string>();
    for (const name of EVENT_NAMES) {
      sfu.on(name as 'speaker', (...data) => {
        heard.add(name);
        assert.equal(data.length, 1);
        assertPlain(data[0], name);
      });
    }
    // Arguments are copied as well: nothing is shared with the caller.
    const face = new Proxy(sfu, {
      get: (target, name: keyof Sfu) => {
        const member: unknown = target[name];
        if (typeof member !== 'function') {
          return member;
        }
        return (...given: unknown[]) => {
          const result: unknown = member.apply(target, structuredClone(given));
          if (!(result instanceof Promise)) {
            assertPlain(result, String(name));
          }
          return result instanceof Promise
            ? result.then((value: unknown) => {
                assertPlain(value, String(name));
                return value;
              })
            : result;
        };
      },
    });
    const client = await IceDtlsClient.create();
    try {
      const ann = await enter(face, 'green', 'ann');
      const bob = await enter(face, 'green', 'bob');
      const port = await client.connectIce(ann.send);
      await face.connectTransport('green', 'ann', ann.send.transportId, client.dtlsParameters);
      const connected = nextEvent(sfu, 'dtlsconnected');
      client.startDtls(ann.send, port);
      await connected;
      await face.restartIce('green', 'ann', ann.send.transportId);
      const published = { transportId: ann.send.transportId, paused: false };
      const { producerId: audio } = await face.produce('green', 'ann', {
        ...published,
        kind: 'audio',
        rtpParameters: opusParameters(),
      });
      const { producerId } = await face.produce('green', 'ann', {
        ...published,
        kind: 'video',
        rtpParameters: simulcastParameters(),
      });
      await face.pauseProducer('green', 'ann', audio);
      await face.resumeProducer('green', 'ann', audio);
      const subscribed = { transportId: bob.recv.transportId, producerId };
      const { consumerId } = await face.consume('green', 'bob', subscribed);
      await face.resumeConsumer('green', 'bob', consumerId);
      await face.pauseConsumer('green', 'bob', consumerId);
      await face.setPreferredLayers('green', 'bob', { consumerId, layers: { spatialLayer: 2 } });
      await face.requestKeyFrame('green', 'bob', consumerId);
      const { transportId } = bob.recv;
      const several = { transportId, producerIds: [audio, 'nobody'], maxConsumers: 9 };
      const { failed } = await face.consumeEach('green', 'bob', several);
      assert.equal(failed.length, 1);
      assert.ok(face.owns('green', 'bob', 'transport', transportId));
      face.closeParticipant('green', 'ann', 'nobody');
      face.ownObjects('green', 'bob');
      face.gauges();
      await face.workers();
      await face.traffic();
      const layersTold = nextEvent(sfu, 'consumerlayers');
      tellLayers(behind.consumers.find(({ kind }) => kind === 'video'));
      assert.deepEqual((await layersTold).layers, null);
      await speak(sfu);
      const closed = nextEvent(sfu, 'consumerclosed');
      face.closeProducer('green', 'ann', producerId);
      await closed;
      face.closeConsumer('green', 'bob', consumerId);
      face.closeTransport('green', 'bob', bob.recv.transportId);
      face.closePeer('green', 'bob');
      const started = nextEvent(sfu, 'workerstarted');
      process.kill((await face.workers())[0]?.pid ?? 0, 'SIGKILL');
      await started;
      face.closeRoom('green');
    } finally {
      await client.close();
      await face.close();
      behind.close();
    }
    assert.deepEqual([...heard].sort(), [...EVENT_NAMES].sort());
  });
});

/** Simulates the worker's notification that it forwards another layer. */
function tellLayers(consumer: Consumer | undefined): void {
  assert.ok(consumer);
  consumer.safeEmit('layerschange', { spatialLayer: 1, temporalLayer: 2 });
  consumer.safeEmit('layerschange', undefined);
}

/** Speaks in a room until reported as the speaker. */
async function speak(sfu: Sfu): Promise<void> {
  const voices = await Voices.enter(sfu, 'green', 'bridge');
  const { producerId, talk } = await voices.microphone();
  const told = nextEvent(sfu, 'speaker', (data) => data.producerId === producerId);
  talk(-20);
  await told;
  voices.close();
}
