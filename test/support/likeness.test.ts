import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { likeness } from './likeness.ts';

const RATE_HZ = 16_000;

/** Two seconds whose loudness changes every 30 ms, in a fixed order. */
const SOUND = Int16Array.from({ length: 2 * RATE_HZ }, (_, n) => {
  const level = (Math.floor(n / (0.03 * RATE_HZ)) * 7919) % 11;
  return 1000 * level * Math.sin((2 * Math.PI * 440 * n) / RATE_HZ);
});

describe('the likeness of a recording to a sound', () => {
  it('is the same wherever the sound begins in the recording', () => {
    for (const start of [0, 40, 80, 160, 200, 280]) {
      const samples = new Int16Array(start + SOUND.length);
      samples.set(SOUND, start);
      const like = likeness({ samples, rateHz: RATE_HZ }, { samples: SOUND, rateHz: RATE_HZ });
      assert.ok(like > 0.97, `${like} from sample ${start}`);
    }
  });
});
