import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Codecs } from '../codecs/index.ts';
import { fitTone, sine } from '../test-audio/index.ts';
import { VoiceRecorder } from './voice-recorder.ts';

const MAX_MS = 3000;

describe('the recording of a name', async () => {
  const codecs = await Codecs.load();

  /** Records silence, a tone and silence, of these lengths in milliseconds. Returns how long it took, and what was recorded. */
  function record(rate: number, [before, tone, after]: [number, number, number], amplitude = 3000) {
    const recorder = new VoiceRecorder(codecs, rate, MAX_MS);
    const voice = sine((rate * tone) / 1000, { frequencyHz: 500, sampleRate: rate, amplitude });
    let ms = 0;
    for (let done = false; !done && ms < before + tone + after; ms += 20) {
      const at = ((ms - before) * rate) / 1000;
      done = recorder.add(ms < before || ms >= before + tone ? null : voice.subarray(at, at + rate / 50));
    }
    return { ms, sound: recorder.finish() };
  }

  for (const rate of [8000, 16_000, 48_000]) {
    it(`at ${rate} Hz: silence around it is left out, and a quiet voice is as loud as a prompt`, () => {
      const { ms, sound } = record(rate, [1000, 800, 5000]);
      assert.equal(ms, 3000);
      assert.ok(sound);
      assert.equal(sound.sampleRate, 16_000);
      const milliseconds = sound.samples.length / 16;
      assert.ok(Math.abs(milliseconds - 960) <= 40, `${milliseconds} ms`);
      const { amplitude } = fitTone(sound.samples.subarray(3200, 9600), 16_000, 500);
      assert.ok(Math.abs(amplitude / 12_000 - 1) < 0.05, `${amplitude}`);
    });
  }

  it('ends after three seconds of speech, and after five without any', () => {
    const long = record(8000, [0, 9000, 0]);
    assert.equal(long.ms, MAX_MS);
    assert.ok(Math.abs((long.sound?.samples.length ?? 0) / 16 - MAX_MS) <= 20);
    const nothing = record(8000, [9000, 0, 0]);
    assert.equal(nothing.ms, 5000);
    assert.equal(nothing.sound, null);
  });

  it('noise is no name', () => {
    assert.equal(record(8000, [0, 9000, 0], 200).sound, null);
  });
});
