import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Sfu } from './index.ts';
import { baseline, enter, nextEvent, opusParameters, simulcastParameters, startSfu } from './test-support.ts';

const REPORTED = ['produceropened', 'producerpaused', 'producerclosed', 'transportclosed'] as const;

describe("the ledger of peers' objects", () => {
  let sfu: Sfu;
  let told: string[];

  async function start(options: Parameters<typeof startSfu>[0] = {}): Promise<void> {
    sfu = await startSfu(options);
    for (const name of REPORTED) {
      sfu.on(name as 'producerclosed', ({ peerId }) => told.push(`${name} ${peerId}`));
    }
    sfu.on('consumerclosed', ({ peerId }) => told.push(`consumerclosed ${peerId}`));
  }

  beforeEach(() => {
    told = [];
  });
  afterEach(() => sfu.close());

  const voice = (transportId: string, source: 'microphone' | 'screen-audio' = 'microphone') => ({
    transportId,
    ...({ kind: 'audio', source, participantId: 'someone', paused: false } as const),
    rtpParameters: { ...opusParameters(), mid: crypto.randomUUID().slice(0, 8) },
  });
  const video = (transportId: string) => ({
    transportId,
    ...({ kind: 'video', paused: false } as const),
    rtpParameters: { ...simulcastParameters(), mid: crypto.randomUUID().slice(0, 8) },
  });

  it('threat 14: a consumer that closes before its request is answered is returned as failed, and no longer counts', async () => {
    // Every worker counts as full, so peers spread over both; a stopped worker is given time.
    await start({ workers: 2, spillShare: 0, heartbeatMilliseconds: 20_000 });
    const ann = await enter(sfu, 'green', 'ann');
    const near = ann.send.workerId;
    let far: { peerId: string; transportId: string; workerId: string } | undefined;
    let cid: { peerId: string; transportId: string } | undefined;
    for (let index = 0; !far || !cid; index += 1) {
      assert.ok(index < 20, 'peers are on both workers');
      const peerId = `peer${index}`;
      const { send, recv } = await enter(sfu, 'green', peerId);
      if (send.workerId === near) {
        cid ??= { peerId, transportId: recv.transportId };
      } else {
        far ??= { peerId, transportId: send.transportId, workerId: send.workerId };
      }
    }
    const { producerId: dying } = await sfu.produce('green', 'ann', video(ann.send.transportId));
    const { producerId: distant } = await sfu.produce('green', far.peerId, video(far.transportId));
    const pid = (await sfu.workers()).find(({ workerId }) => workerId === far.workerId)?.pid ?? 0;
    // The distant producer has to be piped, which waits until its worker runs again.
    process.kill(pid, 'SIGSTOP');
    try {
      const request = { transportId: cid.transportId, producerIds: [dying, distant], maxConsumers: 2 };
      const answer = sfu.consumeEach('green', cid.peerId, request);
      while (sfu.gauges().consumers === 0) {
        await setImmediate();
      }
      sfu.closeProducer('green', 'ann', dying);
      while (sfu.gauges().consumers === 1) {
        await setImmediate();
      }
      process.kill(pid, 'SIGCONT');
      const { consumers, failed } = await answer;
      assert.deepEqual(
        [consumers.map(({ producerId }) => producerId), failed.map(({ error }) => error.code)],
        [[distant], ['PRODUCER_UNKNOWN']],
      );
      assert.equal(failed[0]?.producerId, dying);
      // One more fits below the limit of two.
      const { producerId: next } = await sfu.produce('green', 'ann', video(ann.send.transportId));
      const more = await sfu.consumeEach('green', cid.peerId, { ...request, producerIds: [next] });
      assert.equal(more.consumers.length, 1);
      const closed = nextEvent(sfu, 'consumerclosed');
      sfu.closeProducer('green', 'ann', next);
      assert.equal((await closed).consumerId, more.consumers[0]?.consumerId);
      assert.deepEqual(
        told.filter((each) => each.startsWith('consumerclosed')),
        [`consumerclosed ${cid.peerId}`],
      );
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  it('every returned consumer is open, or reported closed once, whenever its producer closes', async () => {
    await start();
    for (let turns = 0, early = 0; early < 3; turns += 1) {
      assert.ok(turns < 400, 'consumers are made in time');
      const roomId = `turn-${turns}`;
      const ann = await enter(sfu, roomId, 'ann');
      const bob = await enter(sfu, roomId, 'bob');
      const made = await Promise.all(
        [0, 1, 2].map(() => sfu.produce(roomId, 'ann', video(ann.send.transportId))),
      );
      const producerIds = made.map(({ producerId }) => producerId);
      const reported = new Map<string, number>();
      const note = ({ consumerId }: { consumerId: string }) =>
        reported.set(consumerId, (reported.get(consumerId) ?? 0) + 1);
      sfu.on('consumerclosed', note);
      let done = false;
      const answer = sfu.consumeEach(roomId, 'bob', { transportId: bob.recv.transportId, producerIds });
      void answer.then(() => {
        done = true;
      });
      for (let turn = 0; turn < turns && !done; turn += 1) {
        await setImmediate();
      }
      if (done) {
        early += 1;
      }
      sfu.closeProducer(roomId, 'ann', producerIds[0] as string);
      const { consumers, failed } = await answer;
      assert.equal(consumers.length + failed.length, 3);
      for (const { error } of failed) {
        assert.equal(error.code, 'PRODUCER_UNKNOWN');
      }
      const isReported = () => consumers.length - reported.size === 2;
      while (!isReported()) {
        await nextEvent(sfu, 'consumerclosed');
      }
      assert.deepEqual(
        sfu.ownObjects(roomId, 'bob').consumerIds.sort(),
        consumers.flatMap(({ consumerId }) => (reported.has(consumerId) ? [] : [consumerId])).sort(),
      );
      assert.deepEqual([...reported.values()], reported.size ? [1] : []);
      sfu.off('consumerclosed', note);
      sfu.closeRoom(roomId);
    }
  });

  it('limits hold for concurrent requests, and a slot is free again once its object has closed', async () => {
    await start();
    const { send } = await enter(sfu, 'green', 'ann');
    const bob = await enter(sfu, 'green', 'bob');
    const produce = () => sfu.produce('green', 'ann', { ...video(send.transportId), maxProducers: 2 });
    const outcomes = await Promise.allSettled([produce(), produce(), produce()]);
    const made = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value.producerId] : []));
    const refused = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    assert.deepEqual(
      [made.length, refused.map(({ code, detail }) => `${code} ${detail}`)],
      [2, ['LIMIT_REACHED at most 2 producers']],
    );
    const { transportId } = bob.recv;
    const consume = (producerIds: string[]) =>
      sfu.consumeEach('green', 'bob', { transportId, producerIds, maxConsumers: 2 });
    const both = await Promise.allSettled([consume(made), consume(made.slice(1))]);
    assert.deepEqual(
      both.map((each) => (each.status === 'fulfilled' ? each.value.consumers.length : each.reason.detail)),
      [2, 'at most 2 consumers'],
    );
    sfu.closeProducer('green', 'ann', made[0] as string);
    await nextEvent(sfu, 'consumerclosed');
    const { producerId } = await produce();
    assert.equal((await consume([producerId])).consumers.length, 1);
  });

  it('a participant sends one voice per source, and another once the first or its transport has closed', async () => {
    await start();
    const { send } = await enter(sfu, 'green', 'ann');
    const speak = (source?: 'screen-audio') => sfu.produce('green', 'ann', voice(send.transportId, source));
    const [first, second] = await Promise.allSettled([speak(), speak()]);
    assert.equal(first.status, 'fulfilled');
    assert.ok(second.status === 'rejected');
    assert.equal(second.reason.detail, 'one microphone per participant');
    await speak('screen-audio');
    sfu.closeProducer('green', 'ann', first.value.producerId);
    const again = speak();
    sfu.closeTransport('green', 'ann', send.transportId);
    await assert.rejects(again, { code: 'TRANSPORT_UNKNOWN' });
    const next = await sfu.createTransport('green', 'ann', { direction: 'send' });
    await sfu.produce('green', 'ann', voice(next.transportId));
    assert.equal(sfu.gauges().producers, 1);
  });

  it('threat 14: a voice of a participant removed meanwhile is refused, and nothing is reported', async () => {
    await start();
    for (let turns = 0, answered = 0; answered < 3; turns += 1) {
      assert.ok(turns < 400, 'a voice is created in time');
      const { send } = await enter(sfu, `turn-${turns}`, 'ann');
      told.length = 0;
      let done = false;
      const outcome = sfu.produce(`turn-${turns}`, 'ann', voice(send.transportId)).then(
        () => 'answered',
        ({ code }) => code,
      );
      void outcome.then(() => {
        done = true;
      });
      for (let turn = 0; turn < turns && !done; turn += 1) {
        await setImmediate();
      }
      const before = done;
      sfu.closeParticipant(`turn-${turns}`, 'ann', 'someone');
      assert.equal(await outcome, before ? 'answered' : 'PARTICIPANT_UNKNOWN');
      assert.deepEqual(told, before ? ['produceropened ann', 'producerclosed ann'] : []);
      assert.deepEqual(sfu.ownObjects(`turn-${turns}`, 'ann').producerIds, []);
      if (before) {
        answered += 1;
      }
      sfu.closeRoom(`turn-${turns}`);
    }
    assert.deepEqual(sfu.gauges(), baseline(1));
  });

  it('each end is reported once, whatever its cause, but not what ends with its room or worker', async () => {
    await start();
    const ann = await enter(sfu, 'green', 'ann');
    const { producerId } = await sfu.produce('green', 'ann', voice(ann.send.transportId));
    await sfu.pauseProducer('green', 'ann', producerId);
    await sfu.pauseProducer('green', 'ann', producerId);
    await sfu.resumeProducer('green', 'ann', producerId);
    sfu.closeProducer('green', 'ann', producerId);
    assert.deepEqual(told.splice(0), [
      'produceropened ann',
      'producerpaused ann',
      'producerpaused ann',
      'producerclosed ann',
    ]);
    await sfu.produce('green', 'ann', voice(ann.send.transportId));
    sfu.closeTransport('green', 'ann', ann.send.transportId);
    assert.deepEqual(told.splice(0), ['produceropened ann', 'producerclosed ann', 'transportclosed ann']);
    const { transportId } = await sfu.createTransport('green', 'ann', { direction: 'send' });
    await sfu.produce('green', 'ann', voice(transportId));
    sfu.closePeer('green', 'ann');
    assert.deepEqual(told.splice(0).sort(), [
      'producerclosed ann',
      'produceropened ann',
      'transportclosed ann',
      'transportclosed ann',
    ]);
    const bob = await enter(sfu, 'green', 'bob');
    await sfu.produce('green', 'bob', voice(bob.send.transportId));
    sfu.closeRoom('green');
    const cid = await enter(sfu, 'blue', 'cid');
    await sfu.produce('blue', 'cid', voice(cid.send.transportId));
    const eve = sfu.produce('blue', 'cid', video(cid.send.transportId));
    const lost = nextEvent(sfu, 'roomlost');
    process.kill((await sfu.workers())[0]?.pid ?? 0, 'SIGKILL');
    await Promise.allSettled([lost, eve]);
    assert.deepEqual(
      told.filter((each) => !each.startsWith('produceropened')),
      [],
    );
  });
});
