import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Sfu } from '../sfu.ts';
import { Behind, baseline, nextEvent, startSfu } from '../test-support.ts';
import { type Microphone, Voices } from '../test-voices.ts';

const SPEECH = -25;
const SILENCE = -127;
const PATIENCE_MS = 20_000;

describe('the voices of a room', () => {
  let sfu: Sfu;
  let opened: Voices[] = [];

  before(async () => {
    sfu = await startSfu({ audibleSpeakers: 2 });
  });
  afterEach(() => {
    for (const voices of opened) {
      voices.close();
    }
    opened = [];
    sfu.closeRoom('green');
    assert.deepEqual(sfu.gauges(), baseline(1));
  });
  after(() => sfu.close());

  async function enter(peerId: string): Promise<Voices> {
    const voices = await Voices.enter(sfu, 'green', peerId);
    opened.push(voices);
    return voices;
  }

  /** People who each have a microphone, and one who listens to all of them. */
  async function conference(count: number) {
    const talkers = await enter('talkers');
    const listener = await enter('listener');
    const microphones: Microphone[] = [];
    for (let index = 0; index < count; index += 1) {
      microphones.push(await talkers.microphone());
    }
    const heard = await Promise.all(microphones.map(({ producerId }) => listener.receive(producerId)));
    return { talkers, listener, microphones, heard };
  }

  it('the first to arrive are heard while nobody needs their slots', async () => {
    const { microphones, heard } = await conference(3);
    const [first, second, third] = microphones as [Microphone, Microphone, Microphone];
    const ends = [third, first, second].map((microphone) => microphone.talk(SILENCE));
    await grows(heard[0], 'the first is heard');
    await grows(heard[1], 'the second is heard');
    assert.equal(heard[2]?.(), 0);
    for (const end of ends) {
      end();
    }
  });

  it('a new speaker replaces someone who is silent', async () => {
    const { microphones, heard } = await conference(3);
    const [first, second, third] = microphones as [Microphone, Microphone, Microphone];
    const firstEnds = first.talk(SPEECH);
    await grows(heard[0], 'the first is heard');
    const thirdEnds = third.talk(SPEECH);
    await grows(heard[2], 'the third is heard');
    const before = heard[1]?.() ?? 0;
    for (let packets = 0; packets < 5; packets += 1) {
      second.say(SILENCE);
    }
    await grows(heard[0], 'the first is still heard');
    assert.equal(heard[1]?.(), before, 'the second is held back');
    firstEnds();
    thirdEnds();
  });

  it('a late subscriber receives those who are forwarded, and only those', async () => {
    const { microphones } = await conference(3);
    const [first, , third] = microphones as [Microphone, Microphone, Microphone];
    const ends = [first.talk(SPEECH), third.talk(SPEECH)];
    const late = await enter('late');
    const heard = await Promise.all(microphones.map(({ producerId }) => late.receive(producerId)));
    await grows(heard[0], 'the first is heard');
    await grows(heard[2], 'the third is heard');
    microphones[1]?.say(SILENCE);
    await grows(heard[0], 'the first goes on');
    assert.equal(heard[1]?.(), 0);
    for (const end of ends) {
      end();
    }
  });

  it('the slot of someone who leaves goes to the next', async () => {
    const { microphones, heard } = await conference(3);
    const [first, , third] = microphones as [Microphone, Microphone, Microphone];
    sfu.closeProducer('green', 'talkers', first.producerId);
    const end = third.talk(SILENCE);
    await grows(heard[2], 'the third is heard');
    end();
  });

  it('screen audio is always forwarded, and takes no slot', async () => {
    const { talkers, listener, microphones, heard } = await conference(2);
    const screen = await talkers.microphone({ source: 'screen-audio' });
    const heardScreen = await listener.receive(screen.producerId);
    const ends = [...microphones, screen].map((microphone) => microphone.talk(SPEECH));
    await Promise.all([...heard, heardScreen].map((each) => grows(each, 'all are heard')));
    assert.equal(sfu.gauges().levelTaps, 2);
    for (const end of ends) {
      end();
    }
  });

  it('a client that sends no audio levels is heard when it speaks', async () => {
    const { talkers, listener } = await conference(2);
    const plain = await talkers.microphone({ levels: false });
    const heard = await listener.receive(plain.producerId);
    const end = plain.talk(SPEECH);
    await grows(heard, 'it is heard');
    end();
  });

  it('this process sees little of a flood of packets, and still hears the voice afterwards', async () => {
    const behind = new Behind();
    const own = await startSfu({ audibleSpeakers: 2 });
    const flooder = await Voices.enter(own, 'green', 'flooder');
    const { producerId, say } = await flooder.microphone();
    const tap = behind.consumers.find((consumer) => consumer.producerId === producerId);
    assert.ok(tap);
    let seen = 0;
    tap.on('rtp', () => {
      seen += 1;
    });
    const flood = setInterval(() => {
      for (let packets = 0; packets < 100; packets += 1) {
        say(SILENCE);
      }
    }, 5);
    await until(() => tap.paused, 'the tap is shut');
    await until(() => !tap.paused, 'and opened again');
    clearInterval(flood);
    assert.ok(seen < 15_000, `${seen} packets were seen`);
    const spoke = nextEvent(own, 'speaker');
    const timer = setInterval(() => say(SPEECH), 20);
    assert.equal((await spoke).producerId, producerId);
    clearInterval(timer);
    flooder.close();
    await own.close();
    behind.close();
  });

  it('reports whoever speaks as the speaker, not a lone silent microphone', async () => {
    const talkers = await enter('talkers');
    const told: Array<string | null> = [];
    sfu.on('speaker', ({ producerId }) => told.push(producerId));
    const silent = await talkers.microphone();
    const end = silent.talk(SILENCE);
    const speaking = await talkers.microphone();
    const spoke = nextEvent(sfu, 'speaker');
    const endSpeech = speaking.talk(SPEECH);
    assert.deepEqual(await spoke, { roomId: 'green', producerId: speaking.producerId });
    assert.deepEqual(told, [speaking.producerId]);
    end();
    endSpeech();
  });
});

/** Waits until more packets have arrived. */
async function grows(count: (() => number) | undefined, what: string): Promise<void> {
  assert.ok(count);
  const before = count();
  await until(() => count() > before, what);
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!holds()) {
    assert.ok(performance.now() < endMs, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
