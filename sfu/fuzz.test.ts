import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { CanopyError } from '../base/errors/index.ts';
import type { Sfu } from './index.ts';
import { h264Parameters, mutated, nasty, vp9Parameters } from './test-mutations.ts';
import {
  Behind,
  baseline,
  clientFingerprint,
  enter,
  opusParameters,
  simulcastParameters,
  startSfu,
} from './test-support.ts';

const SENSIBLE_CODES = new Set([
  'MEDIA_REJECTED',
  'CODEC_UNSUPPORTED',
  'FINGERPRINT_INVALID',
  'TRANSPORT_CONNECTED',
  'TRANSPORT_UNKNOWN',
  'PRODUCER_UNKNOWN',
  'CONSUMER_UNKNOWN',
  'TRANSPORT_EXISTS',
]);

describe('threat 6: 10^4 malformed media parameters against a real worker', () => {
  const behind = new Behind();
  let sfu: Sfu;
  let pid: number | undefined;
  let ann: Awaited<ReturnType<typeof enter>>;
  let bob: Awaited<ReturnType<typeof enter>>;

  before(async () => {
    sfu = await startSfu();
    pid = (await sfu.workers())[0]?.pid;
    ann = await enter(sfu, 'green', 'ann');
    bob = await enter(sfu, 'green', 'bob');
  });

  after(async () => {
    await sfu.close();
    behind.close();
  });

  async function publishAndSubscribe(): Promise<void> {
    for (const producerId of sfu.ownObjects('green', 'ann').producerIds) {
      sfu.closeProducer('green', 'ann', producerId);
    }
    const { producerId } = await sfu.produce('green', 'ann', {
      transportId: ann.send.transportId,
      kind: 'audio',
      rtpParameters: opusParameters(),
      paused: false,
    });
    await sfu.consume('green', 'bob', { transportId: bob.recv.transportId, producerId });
  }

  /** Whatever the input, the answer is a result or a coded error. */
  async function answer(request: () => Promise<unknown>): Promise<unknown> {
    try {
      return await request();
    } catch (error) {
      assert.ok(error instanceof CanopyError, String(error));
      assert.ok(SENSIBLE_CODES.has(error.code), `${error.code} ${error.detail}`);
      return undefined;
    }
  }

  const runs = (numRuns: number) => ({ numRuns, endOnFailure: true });

  it('rtpParameters: accepted ones can be consumed or not, and the worker survives', async () => {
    const valid = [() => opusParameters(), () => simulcastParameters(), vp9Parameters, h264Parameters];
    const given = fc.oneof(...valid.map((make) => mutated(make)));
    await fc.assert(
      fc.asyncProperty(given, fc.constantFrom('audio', 'video'), async (rtpParameters, kind) => {
        const made = await answer(() =>
          sfu.produce('green', 'ann', {
            transportId: ann.send.transportId,
            kind: kind as 'audio',
            rtpParameters,
            paused: false,
          }),
        );
        if (!made) {
          return;
        }
        const { producerId } = made as { producerId: string };
        const consumer = await answer(() =>
          sfu.consume('green', 'bob', { transportId: bob.recv.transportId, producerId }),
        );
        if (consumer) {
          const { consumerId } = consumer as { consumerId: string };
          structuredClone(consumer);
          await sfu.resumeConsumer('green', 'bob', consumerId);
        }
        assert.ok(sfu.closeProducer('green', 'ann', producerId));
      }),
      runs(6000),
    );
  });

  it('rtpCapabilities: the transport is refused, or its consumers are', async () => {
    const { producerId } = await sfu.produce('green', 'ann', {
      transportId: ann.send.transportId,
      kind: 'video',
      rtpParameters: simulcastParameters(),
      paused: false,
    });
    await fc.assert(
      fc.asyncProperty(
        mutated(() => ann.rtpCapabilities),
        async (rtpCapabilities) => {
          const made = await answer(() =>
            sfu.createTransport('green', 'eve', {
              direction: 'recv',
              rtpCapabilities: rtpCapabilities as never,
            }),
          );
          if (made) {
            const { transportId } = made as { transportId: string };
            await answer(() => sfu.consume('green', 'eve', { transportId, producerId }));
            assert.ok(sfu.closeTransport('green', 'eve', transportId));
          }
        },
      ),
      runs(1000),
    );
    sfu.closePeer('green', 'eve');
    sfu.closeProducer('green', 'ann', producerId);
  });

  it('dtlsParameters: only a single sha-256 fingerprint reaches the worker', async () => {
    await fc.assert(
      fc.asyncProperty(mutated(clientFingerprint), async (dtlsParameters) => {
        await answer(() =>
          sfu.connectTransport('green', 'ann', ann.send.transportId, dtlsParameters as never),
        );
      }),
      runs(3000),
    );
    const other = await sfu.createTransport('green', 'eve', { direction: 'send' });
    for (const fingerprints of [
      [],
      undefined,
      [...clientFingerprint().fingerprints, ...clientFingerprint().fingerprints],
      [{ algorithm: 'sha-1', value: 'AB' }],
      [{ algorithm: 'sha-256', value: '' }],
      [{ algorithm: 'sha-512', value: clientFingerprint().fingerprints[0]?.value }],
    ]) {
      await assert.rejects(
        sfu.connectTransport('green', 'eve', other.transportId, { fingerprints } as never),
        { code: 'FINGERPRINT_INVALID' },
      );
    }
    sfu.closePeer('green', 'eve');
  });

  it('layers and ids of any kind', async () => {
    const { producerId } = await sfu.produce('green', 'ann', {
      transportId: ann.send.transportId,
      kind: 'video',
      rtpParameters: simulcastParameters(),
      paused: false,
    });
    const { consumerId } = await sfu.consume('green', 'bob', {
      transportId: bob.recv.transportId,
      producerId,
    });
    const layers = mutated(() => ({ spatialLayer: 1, temporalLayer: 1 }));
    await fc.assert(
      fc.asyncProperty(layers, nasty, async (given, id) => {
        await answer(() => sfu.setPreferredLayers('green', 'bob', { consumerId, layers: given as never }));
        await answer(() => sfu.resumeConsumer('green', 'bob', id as never));
        await answer(() => sfu.consume('green', 'bob', { transportId: id as never, producerId }));
        await answer(() =>
          sfu.consume('green', 'bob', { transportId: bob.recv.transportId, producerId: id as never }),
        );
        assert.equal(sfu.closeProducer('green', 'ann', id as never), false);
        assert.equal(sfu.closeConsumer('green', 'bob', id as never), false);
      }),
      runs(1000),
    );
    sfu.closeProducer('green', 'ann', producerId);
  });

  it('afterwards the worker is the same process, still serves, and holds nothing', async () => {
    const pids = (await sfu.workers()).map((worker) => worker.pid);
    assert.deepEqual(pids, [pid]);
    await publishAndSubscribe();
    sfu.closeRoom('green');
    assert.deepEqual(sfu.gauges(), baseline(1));
    assert.deepEqual(await behind.leftovers(), { routers: 0, transports: 0, openHere: 0 });
  });
});
