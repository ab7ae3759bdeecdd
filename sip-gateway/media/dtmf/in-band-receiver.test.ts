import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyTones } from '../../../test/support/key-tones.ts';
import { buildNativeCodecs, type CodecName, Codecs } from '../../codecs/index.ts';
import { Prompts } from '../../prompts/index.ts';
import { concat, sine } from '../../test-audio/index.ts';
import { DTMF_KEYS, type DtmfKey } from './events.ts';
import { InBandReceiver } from './in-band-receiver.ts';
import type { KeyPress } from './telephone-event-receiver.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');
const codecs = await Codecs.load();

const silence = (milliseconds: number, sampleRate: number) =>
  new Int16Array((sampleRate * milliseconds) / 1000);

function receive(samples: Int16Array, sampleRate: number): KeyPress[] {
  const receiver = InBandReceiver.create(codecs, sampleRate);
  assert.ok(receiver);
  const presses: KeyPress[] = [];
  const frame = sampleRate / 50;
  for (let at = 0; at + frame <= samples.length; at += frame) {
    presses.push(...receiver.receive(samples.slice(at, at + frame)));
  }
  // The phone goes silent and sends nothing more.
  for (let i = 0; i < 5; i++) {
    presses.push(...receiver.receive(null));
  }
  receiver.close();
  return presses;
}

function pressed(samples: Int16Array, sampleRate: number): string {
  return receive(samples, sampleRate)
    .flatMap(({ key, state }) => (state === 'down' ? [key] : []))
    .join('');
}

async function throughCodec(name: CodecName, samples: Int16Array): Promise<[Int16Array, number]> {
  const codec = await codecs.createCodec(name, { sampleRate: 48_000, bitrateBps: 32_000 });
  const frame = codec.sampleRate / 50;
  const out: Int16Array[] = [];
  for (let at = 0; at + frame <= samples.length; at += frame) {
    out.push(codec.decode(codec.encode(samples.slice(at, at + frame)).slice()).slice());
  }
  codec.close();
  return [concat(out), codec.sampleRate];
}

describe('keys as tones in the voice', () => {
  for (const [name, rate] of [
    ['PCMU', 8000],
    ['PCMA', 8000],
    ['G722', 16_000],
    ['opus', 48_000],
  ] as const) {
    it(`every key is recognized once through ${name}, down and up`, async () => {
      const signal = DTMF_KEYS.flatMap((key) => [keyTones(key, 100, rate), silence(100, rate)]);
      const [heard, sampleRate] = await throughCodec(name, concat([silence(200, rate), ...signal]));
      const presses = receive(heard, sampleRate);
      assert.deepEqual(
        presses.map(({ key, state }) => `${key} ${state}`),
        DTMF_KEYS.flatMap((key) => [`${key} down`, `${key} up`]),
      );
      for (const { durationMs } of presses.filter(({ state }) => state === 'up')) {
        assert.ok(durationMs >= 60 && durationMs <= 140, `${durationMs} ms`);
      }
    });
  }

  it('the same key twice is two presses, at the shortest times that phones use (Q.24), soft ones too', () => {
    const pair = (key: DtmfKey, amplitude: number) =>
      concat([keyTones(key, 50, 8000, amplitude), silence(50, 8000), keyTones(key, 50, 8000, amplitude)]);
    for (const amplitude of [400, 2000, 12_000]) {
      assert.equal(pressed(pair('7', amplitude), 8000), '77', `${amplitude}`);
    }
  });

  it('a gap of a lost packet does not make two presses of one', () => {
    assert.equal(
      pressed(concat([keyTones('7', 100, 8000), silence(10, 8000), keyTones('7', 100, 8000)]), 8000),
      '7',
    );
  });

  it('threat 21: speech is no key', () => {
    const prompts = new Prompts();
    let seconds = 0;
    for (const language of ['en', 'ru'] as const) {
      for (const name of [
        'enter-pin',
        'wrong-pin',
        'goodbye',
        'alone',
        'joined',
        'stay-muted',
        'may-speak',
      ] as const) {
        const { samples, sampleRate } = prompts.prompt(name, language);
        // Voices higher and lower than the synthetic one, in eleven steps.
        for (let step = -5; step <= 5; step++) {
          const faster = resampled(samples, 2 ** (step / 6));
          seconds += faster.length / sampleRate;
          assert.equal(pressed(faster, sampleRate), '', `${language} ${name} ${step}`);
        }
      }
    }
    assert.ok(!prompts.spoken || seconds > 200, `${seconds} s`);
  });

  it('single tones, dial tone and noise are no key', () => {
    for (const frequencyHz of [350, 440, 697, 941, 1209, 1633, 2000]) {
      assert.equal(pressed(sine(8000, { frequencyHz, sampleRate: 8000, amplitude: 8000 }), 8000), '');
    }
    let state = 1;
    const noise = Int16Array.from({ length: 80_000 }, () => {
      state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
      return (state % 16_000) - 8000;
    });
    assert.equal(pressed(noise, 8000), '');
  });

  it('are not recognized without the add-on', async () => {
    assert.equal(InBandReceiver.create(await Codecs.load({ prefer: 'portable' }), 8000), undefined);
  });
});

/** Plays the samples faster by this factor, which also raises the voice. */
function resampled(samples: Int16Array, factor: number): Int16Array {
  return Int16Array.from({ length: Math.floor(samples.length / factor) }, (_, i) => {
    const at = i * factor;
    const before = samples[Math.floor(at)] ?? 0;
    return Math.round(before + ((samples[Math.floor(at) + 1] ?? 0) - before) * (at % 1));
  });
}
