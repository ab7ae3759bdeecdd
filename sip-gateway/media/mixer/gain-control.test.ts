import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rms, sine } from '../../test-audio/index.ts';
import { GainControl } from './gain-control.ts';

const RATES = [8_000, 16_000, 48_000];

/** A frame of a harmonic tone, `number` frames after its beginning. */
function voice(sampleRate: number, number: number, amplitude: number): Int16Array {
  const count = sampleRate / 50;
  const parts = [200, 400, 800, 1_600].map((frequencyHz) =>
    sine(count, { frequencyHz, sampleRate, from: number * count, amplitude: amplitude / 4 }),
  );
  return Int16Array.from({ length: count }, (_, i) => parts.reduce((sum, part) => sum + (part[i] ?? 0), 0));
}

function noise(sampleRate: number, amplitude: number): Int16Array {
  return Int16Array.from({ length: sampleRate / 50 }, () => Math.round((2 * Math.random() - 1) * amplitude));
}

/** Syllables: 280 ms of voice, 120 ms of next to nothing. */
function syllable(sampleRate: number, number: number, amplitude: number): Int16Array {
  return voice(sampleRate, number, number % 20 < 14 ? amplitude : 4);
}

describe('gain control', () => {
  test('quiet and loud speech get the same loudness, at every sample rate', (t) => {
    const decibels: number[] = [];
    for (const sampleRate of RATES) {
      for (const amplitude of [1_200, 12_000, 30_000]) {
        const gain = new GainControl();
        for (let i = 0; i <= 500; i++) {
          const samples = syllable(sampleRate, i, amplitude);
          gain.process(samples);
          if (i === 490) {
            decibels.push(20 * Math.log10(rms(samples) / 32_768));
          }
        }
      }
    }
    t.diagnostic(`${decibels.map((level) => level.toFixed(1)).join(', ')} dBov`);
    for (const level of decibels) {
      assert.ok(Math.abs(level + 24) < 1, `${level} dBov, of 28 dB apart at first`);
    }
  });

  test('the gain is at most 20 dB, and rises by at most 12 dB per second', () => {
    const gain = new GainControl();
    const gains = Array.from({ length: 500 }, (_, i) => gain.process(syllable(8_000, i, 150)));
    assert.equal(gains.at(-1), 20);
    assert.ok((gains[49] as number) <= 12);
    assert.ok((gains[49] as number) > 5);
  });

  test('noise is not amplified, neither before speech nor between words', () => {
    const gain = new GainControl();
    const hiss = () => gain.process(noise(8_000, 200));
    for (let i = 0; i < 200; i++) {
      assert.equal(hiss(), 0);
    }
    for (let i = 0; i < 400; i++) {
      if (i % 20 < 14) {
        gain.process(voice(8_000, i, 2_400));
      } else {
        hiss();
      }
    }
    const spoken = hiss();
    assert.ok(spoken > 5 && spoken < 12, `${spoken} dB`);
    for (let i = 0; i < 200; i++) {
      assert.equal(hiss(), spoken);
    }
  });

  test('a signal that is loud from the start and never pauses is attenuated', () => {
    const gain = new GainControl();
    for (let i = 0; i < 200; i++) {
      gain.process(voice(8_000, i, 30_000));
    }
    const samples = voice(8_000, 200, 30_000);
    gain.process(samples);
    const level = 20 * Math.log10(rms(samples) / 32_768);
    assert.ok(Math.abs(level + 24) < 1, `${level} dBov`);
  });

  test('a shout after quiet words is not clipped', () => {
    const gain = new GainControl();
    for (let i = 0; i < 500; i++) {
      gain.process(syllable(8_000, i, 600));
    }
    for (let i = 500; i < 510; i++) {
      const shout = voice(8_000, i, 30_000);
      const ratio = Math.max(...shout) / rms(shout);
      gain.process(shout);
      assert.ok(Math.max(...shout) / rms(shout) > 0.8 * ratio, 'its peaks are there');
    }
  });

  test('silence stays silence', () => {
    const gain = new GainControl();
    const samples = new Int16Array(160);
    assert.equal(gain.process(samples), 0);
    assert.ok(samples.every((value) => value === 0));
  });
});
