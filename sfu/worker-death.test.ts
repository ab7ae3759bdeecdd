import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { workerBin } from 'mediasoup';
import { pino } from 'pino';
import { CanopyError } from '../base/errors/index.ts';
import { checkRtpParameters } from './guards.ts';
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

/** An unhandled rejection fails the test process; here it is also counted. */
const unhandled: unknown[] = [];
process.on('unhandledRejection', (error) => unhandled.push(error));

describe('threat 13: a media worker dies', () => {
  const behind = new Behind();
  let sfu: Sfu;

  afterEach(async () => {
    await sfu.close();
    assert.deepEqual(unhandled.splice(0), []);
    assert.equal((await behind.leftovers()).openHere, 0);
  });

  async function workerOf(roomId: string): Promise<{ workerId: string; pid: number; rtcPort: number }> {
    const { workerId } = await sfu.openRoom(roomId);
    const worker = (await sfu.workers()).find((candidate) => candidate.workerId === workerId);
    assert.ok(worker);
    return worker;
  }

  it('by SIGKILL: its rooms are reported lost, others are unaffected, and the room reopens on the other worker at once', async () => {
    sfu = await startSfu({ workers: 2 });
    await enter(sfu, 'green', 'ann');
    await enter(sfu, 'blue', 'bob');
    const { pid, workerId } = await workerOf('green');
    const blue = await workerOf('blue');
    const lost: string[] = [];
    sfu.on('roomlost', ({ roomId }) => lost.push(roomId));
    const died = nextEvent(sfu, 'workerdied');
    process.kill(pid, 'SIGKILL');
    const { reason, ...who } = await died;
    assert.deepEqual(who, { workerId, pid });
    assert.match(reason, /SIGKILL/);
    assert.deepEqual(lost, ['green']);
    await assert.rejects(sfu.createTransport('green', 'ann', { direction: 'send' }), {
      code: 'ROOM_REHOMING',
    });
    assert.deepEqual(sfu.ownObjects('green', 'ann'), { transportIds: [], producerIds: [], consumerIds: [] });
    assert.equal((await sfu.openRoom('green')).workerId, blue.workerId);
    await enter(sfu, 'green', 'ann');
    assert.equal(sfu.ownObjects('blue', 'bob').transportIds.length, 2);
  });

  it('the only one: opening a room waits for its replacement, which has the same port and another id', async () => {
    sfu = await startSfu();
    const { pid, workerId, rtcPort } = await workerOf('green');
    const lost = nextEvent(sfu, 'roomlost');
    process.kill(pid, 'SIGKILL');
    await lost;
    assert.equal(sfu.gauges().workers, 0);
    const next = await workerOf('green');
    assert.notEqual(next.workerId, workerId);
    assert.notEqual(next.pid, pid);
    assert.equal(next.rtcPort, rtcPort);
    assert.deepEqual(sfu.gauges(), { ...baseline(1), routers: 1, levelTransports: 1 });
  });

  it('a stopped one (SIGSTOP) is killed after three missed heartbeats, and no request hangs', async () => {
    sfu = await startSfu({ workers: 2, heartbeatMilliseconds: 50 });
    const ann = await enter(sfu, 'green', 'ann');
    const bob = await enter(sfu, 'green', 'bob');
    const { producerId } = await sfu.produce('green', 'ann', {
      transportId: ann.send.transportId,
      kind: 'audio',
      rtpParameters: opusParameters(),
      paused: false,
    });
    const { consumerId } = await sfu.consume('green', 'bob', {
      transportId: bob.recv.transportId,
      producerId,
    });
    const { pid, workerId } = await workerOf('green');
    process.kill(pid, 'SIGSTOP');
    const died = nextEvent(sfu, 'workerdied');
    const requests = [
      sfu.createTransport('green', 'eve', { direction: 'send' }),
      sfu.connectTransport('green', 'ann', ann.send.transportId, clientFingerprint()),
      sfu.restartIce('green', 'ann', ann.send.transportId),
      sfu.produce('green', 'ann', {
        transportId: ann.send.transportId,
        kind: 'video',
        rtpParameters: simulcastParameters(),
        paused: false,
      }),
      sfu.pauseProducer('green', 'ann', producerId),
      sfu.consume('green', 'bob', { transportId: bob.recv.transportId, producerId }),
      sfu.resumeConsumer('green', 'bob', consumerId),
      sfu.requestKeyFrame('green', 'bob', consumerId),
      sfu.setPreferredLayers('green', 'bob', { consumerId, layers: { spatialLayer: 0 } }),
    ];
    const outcomes = Promise.allSettled(requests);
    // Closing and measuring must not hang either.
    sfu.closePeer('green', 'bob');
    await Promise.all([sfu.traffic(), sfu.workers()]);
    for (const outcome of await outcomes) {
      assert.equal(outcome.status, 'rejected');
      assert.ok(outcome.reason instanceof CanopyError);
      assert.equal(outcome.reason.code, 'WORKER_UNAVAILABLE');
    }
    const { reason, ...who } = await died;
    assert.deepEqual(who, { workerId, pid });
    assert.match(reason, /heartbeat/);
    assert.notEqual((await sfu.openRoom('green')).workerId, workerId);
  });

  it('repeatedly, under load: no request hangs or goes unhandled, and the room always comes back', async () => {
    sfu = await startSfu({ workers: 2 });
    for (let round = 0; round < 6; round += 1) {
      const { pid } = await workerOf('green');
      const busy = Array.from({ length: 8 }, async (_, index) => {
        const { recv } = await enter(sfu, 'green', `peer${index}`);
        await sfu.restartIce('green', `peer${index}`, recv.transportId);
      });
      const lost = nextEvent(sfu, 'roomlost');
      process.kill(pid, 'SIGKILL');
      for (const outcome of await Promise.allSettled(busy)) {
        if (outcome.status === 'rejected') {
          assert.ok(outcome.reason instanceof CanopyError, outcome.reason);
        }
      }
      await lost;
      await sfu.openRoom('green');
      await enter(sfu, 'green', `back${round}`);
      assert.equal(sfu.ownObjects('green', `back${round}`).transportIds.length, 2);
    }
  });

  it('while rooms are being opened: openRoom() moves on to a live worker', async () => {
    sfu = await startSfu({ workers: 2 });
    const [doomed] = await sfu.workers();
    assert.ok(doomed);
    const opening = Array.from({ length: 10 }, (_, index) => sfu.openRoom(`room${index}`));
    const died = nextEvent(sfu, 'workerdied');
    process.kill(doomed.pid, 'SIGKILL');
    await Promise.allSettled(opening);
    await died;
    for (let index = 0; index < 10; index += 1) {
      assert.notEqual((await sfu.openRoom(`room${index}`)).workerId, doomed.workerId);
    }
    assert.equal(sfu.gauges().routers, 10);
  });

  it('one whose channel is broken (mediasoup can no longer serialize requests) is replaced', async () => {
    sfu = await startSfu({ heartbeatMilliseconds: 50 });
    await enter(sfu, 'green', 'ann');
    const transport = behind.transports.at(-1);
    const died = nextEvent(sfu, 'workerdied');
    // Bypasses the guards, which protect mediasoup from this.
    const encodings = [{ ssrc: 1, maxBitrate: Number.NaN }];
    const rtpParameters = { ...checkRtpParameters('audio', opusParameters()), encodings };
    await assert.rejects(async () => transport?.produce({ kind: 'audio', rtpParameters }), RangeError);
    assert.match((await died).reason, /heartbeat/);
    await enter(sfu, 'green', 'ann');
  });

  it('one whose memory exceeds the limit is replaced', async () => {
    sfu = await startSfu({ heartbeatMilliseconds: 50, workerMemoryLimitBytes: 1024 });
    const lost = nextEvent(sfu, 'roomlost');
    await sfu.openRoom('green');
    assert.match((await lost).reason, /memory/);
  });

  it('close() ends a stopped worker', async () => {
    sfu = await startSfu();
    const { pid } = await workerOf('green');
    process.kill(pid, 'SIGSTOP');
    await sfu.close();
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });

  it("a failing event listener affects neither other listeners nor the worker's replacement", async () => {
    sfu = await startSfu();
    const { pid } = await workerOf('green');
    sfu.on('roomlost', () => {
      throw new Error('listener');
    });
    const started = nextEvent(sfu, 'workerstarted');
    process.kill(pid, 'SIGKILL');
    await started;
    assert.equal(sfu.gauges().workers, 1);
  });
});

describe('a worker that cannot start', () => {
  it('create() rejects with WORKER_MISSING if the program does not exist', async () => {
    await assert.rejects(startSfu({ workerBin: '/nowhere/mediasoup-worker' }), { code: 'WORKER_MISSING' });
  });

  it('create() rejects with PORT_IN_USE if the port is taken, and leaves no process behind', async () => {
    const behind = new Behind();
    const first = await startSfu();
    const [worker] = await first.workers();
    assert.ok(worker);
    await assert.rejects(startSfu({ workers: 2, rtcPort: worker.rtcPort - 1 }), { code: 'PORT_IN_USE' });
    await first.close();
    assert.ok(behind.workers.every(({ closed }) => closed));
    behind.close();
  });

  it('signals that end the server do not end its workers: close() does, after draining', async () => {
    const before = process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');
    const sfu = await startSfu({ workers: 2 });
    assert.equal(process.listenerCount('SIGTERM') + process.listenerCount('SIGINT'), before);
    await sfu.close();
  });

  it('openRoom() waits while the program keeps failing, with growing intervals, until it runs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'canopy-sfu-'));
    const program = join(folder, 'worker');
    const broken = join(folder, 'broken');
    const real = process.env.MEDIASOUP_WORKER_BIN ?? workerBin;
    await writeFile(program, `#!/bin/sh\n[ -e '${broken}' ] && exit 1\nexec '${real}' "$@"\n`);
    await chmod(program, 0o755);
    const failuresMs: number[] = [];
    const failedThrice = Promise.withResolvers<void>();
    const write = (line: string): void => {
      if (line.includes('could not start')) {
        failuresMs.push(performance.now());
      }
      if (failuresMs.length === 3) {
        failedThrice.resolve();
      }
    };
    const sfu = await startSfu({ workerBin: program, log: pino({ level: 'error' }, { write }) });
    try {
      const [worker] = await sfu.workers();
      assert.ok(worker);
      await writeFile(broken, '');
      const died = nextEvent(sfu, 'workerdied');
      process.kill(worker.pid, 'SIGKILL');
      await died;
      const opening = sfu.openRoom('green');
      await failedThrice.promise;
      const [first = 0, , third = 0] = failuresMs;
      assert.ok(third - first > 500, 'delays of 200 and 400 ms lie between');
      await rm(broken);
      assert.ok((await opening).workerId);
    } finally {
      await sfu.close();
      await rm(folder, { recursive: true });
    }
  });
});
