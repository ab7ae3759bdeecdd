import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultLayout } from './default-layout.ts';

describe('defaultLayout()', () => {
  it('shows one video in the whole window, and 24 in a grid of 5 by 5', () => {
    assert.deepEqual(defaultLayout(['a']), [{ producerId: 'a', width: 1280, height: 720, pinned: false }]);
    const many = defaultLayout(Array.from({ length: 24 }, (_, index) => `${index}`));
    assert.deepEqual([many.length, many[0]?.width, many[0]?.height], [24, 256, 144]);
    assert.deepEqual(defaultLayout([]), []);
  });
});
