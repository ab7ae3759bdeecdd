import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syntheticOpus, syntheticVp8 } from '../../../test/support/synthetic-clips.ts';
import { decodeClip, encodeClip, keyFrameBefore } from './index.ts';

test('a clip is decoded as it was encoded', () => {
  for (const clip of [syntheticVp8(50, 180), syntheticOpus()]) {
    assert.deepEqual(decodeClip(encodeClip(clip)), clip);
  }
});

test('a file that is not a clip, or is truncated, is refused', () => {
  const bytes = encodeClip(syntheticOpus());
  assert.throws(() => decodeClip(Buffer.from('RIFF....')), TypeError);
  assert.throws(() => decodeClip(bytes.subarray(0, -10)), TypeError);
});

test('keyFrameBefore() finds the last key frame before any frame', () => {
  const clip = syntheticVp8(50, 180);
  assert.deepEqual(
    [0, 15, 16, 31].map((index) => keyFrameBefore(clip, index)),
    [0, 0, 16, 16],
  );
});
