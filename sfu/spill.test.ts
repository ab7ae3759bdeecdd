import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Sfu } from './sfu.ts';
import { baseline, nextEvent, startSfu } from './test-support.ts';
import { Voices } from './test-voices.ts';

const SPEECH = -25;
const PATIENCE_MS = 20_000;

describe('a room that has outgrown its worker', () => {
  let sfu: Sfu;
  let opened: Voices[] = [];

  before(async () => {
    // Every worker counts as full, so each peer goes to the least loaded one.
    sfu = await startSfu({ workers: 2, spillShare: 0 });
  });
  afterEach(() => {
    for (const voices of opened) {
      voices.close();
    }
    opened = [];
    sfu.closeRoom('green');
  });
  after(() => sfu.close());

  async function enter(peerId: string): Promise<Voices> {
    const voices = await Voices.enter(sfu, 'green', peerId);
    opened.push(voices);
    return voices;
  }

  it('is on two workers, and everybody hears everybody across them', async () => {
    const people = await Promise.all(['ann', 'bob', 'cid', 'dan'].map(enter));
    const loads = (await sfu.workers()).map(({ rooms }) => rooms);
    assert.deepEqual(loads, [1, 1]);
    assert.equal(sfu.gauges().routers, 2);
    const [ann, bob] = people as [Voices, Voices];
    for (const speaker of [ann, bob]) {
      const microphone = await speaker.microphone();
      const listeners = people.filter((each) => each !== speaker);
      const heard = await Promise.all(listeners.map((each) => each.receive(microphone.producerId)));
      const end = microphone.talk(SPEECH);
      const told = nextEvent(sfu, 'speaker', ({ producerId }) => producerId === microphone.producerId);
      await Promise.all(heard.map(grows));
      await told;
      end();
      sfu.closeProducer('green', speaker === ann ? 'ann' : 'bob', microphone.producerId);
    }
    assert.ok(sfu.gauges().pipeTransports === 2);
    sfu.closeRoom('green');
    assert.deepEqual(sfu.gauges(), baseline(2));
  });

  it('is lost when either of its workers dies, and reported once', async () => {
    await enter('ann');
    await enter('bob');
    const status = await sfu.workers();
    assert.deepEqual(
      status.map(({ rooms }) => rooms),
      [1, 1],
    );
    const lost: string[] = [];
    const note = ({ roomId }: { roomId: string }) => lost.push(roomId);
    sfu.on('roomlost', note);
    const died = nextEvent(sfu, 'workerdied');
    const started = nextEvent(sfu, 'workerstarted');
    process.kill(status[1]?.pid ?? 0, 'SIGKILL');
    await Promise.all([died, started]);
    assert.deepEqual(lost, ['green']);
    sfu.off('roomlost', note);
    const { workerId } = await sfu.openRoom('green');
    assert.ok((await sfu.workers()).some((worker) => worker.workerId === workerId));
    assert.equal(sfu.gauges().routers, 1);
  });
});

/** Waits until a packet count increases. */
async function grows(count: () => number): Promise<void> {
  const before = count();
  const endMs = performance.now() + PATIENCE_MS;
  while (count() <= before) {
    assert.ok(performance.now() < endMs, 'nothing is heard');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
