import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syntheticOpus, syntheticVp8 } from '../../../test/support/synthetic-clips.ts';
import { decodeClip, encodeClip, keyFrameBefore } from './index.ts';

test('a clip reads back from its file as it was written', () => {
  for (const clip of [syntheticVp8(50, 180), syntheticOpus()]) {
    assert.deepEqual(decodeClip(encodeClip(clip)), clip);
  }
});

test('a file that is no clip, or cut off, is refused', () => {
  const bytes = encodeClip(syntheticOpus());
  assert.throws(() => decodeClip(Buffer.from('RIFF....')), TypeError);
  assert.throws(() => decodeClip(bytes.subarray(0, -10)), TypeError);
});

test('the last key frame before any point is found', () => {
  const clip = syntheticVp8(50, 180);
  assert.deepEqual(
    [0, 15, 16, 31].map((index) => keyFrameBefore(clip, index)),
    [0, 0, 16, 16],
  );
});
