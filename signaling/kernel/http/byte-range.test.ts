import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { byteRange } from './byte-range.ts';

describe('byteRange', () => {
  it('a range of bytes is what the header asks for', () => {
    const cases: Array<[string | undefined, ReturnType<typeof byteRange>]> = [
      [undefined, undefined],
      ['bytes=0-0', { from: 0, to: 1 }],
      ['bytes=5-', { from: 5, to: 10 }],
      ['bytes=-3', { from: 7, to: 10 }],
      ['bytes=-30', { from: 0, to: 10 }],
      ['bytes=3-999', { from: 3, to: 10 }],
      ['bytes=10-', 'unsatisfiable'],
      ['bytes=-0', 'unsatisfiable'],
      ['bytes=5-3', undefined],
      ['bytes=-', undefined],
      ['bytes=0-1,3-4', undefined],
      ['lines=0-1', undefined],
    ];
    for (const [header, expected] of cases) {
      assert.deepEqual(byteRange(header, 10), expected, header);
    }
  });
});
