import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrivalRateBps, videosIn } from './link-estimate.ts';

describe('arrivalRateBps()', () => {
  it('counts from the last sample before the first byte to the first sample with the last byte', () => {
    const samples = [0, 0, 0, 25_000, 50_000, 125_000, 125_000, 125_000].map((bytes, n) => ({
      atMs: n * 100,
      bytes,
    }));
    // 125 kB in 300 ms.
    assert.equal(Math.round(arrivalRateBps(samples) ?? 0), 3_333_333);
  });

  it('is unknown if nothing arrived', () => {
    assert.equal(arrivalRateBps([]), undefined);
    assert.equal(arrivalRateBps([{ atMs: 0, bytes: 7 }]), undefined);
    assert.equal(
      arrivalRateBps([
        { atMs: 0, bytes: 7 },
        { atMs: 50, bytes: 7 },
      ]),
      undefined,
    );
  });
});

describe('videosIn()', () => {
  it('leaves room for audio and headers', () => {
    assert.deepEqual(videosIn(2_000_000), { small: 11, medium: 3, large: 1 });
    assert.deepEqual(videosIn(1_000_000), { small: 5, medium: 1, large: 0 });
    assert.deepEqual(videosIn(300_000), { small: 0, medium: 0, large: 0 });
  });

  it('never exceeds a page of the gallery, nor goes below none', () => {
    assert.deepEqual(videosIn(100_000_000), { small: 25, medium: 25, large: 25 });
    assert.deepEqual(videosIn(0), { small: 0, medium: 0, large: 0 });
  });
});
