import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ratioOf } from './ratio.ts';

test('pairs of the same ratio have it as their mean, without a spread, at whatever level each pair was measured', () => {
  const { mean, low, high } = ratioOf([
    [8, 10],
    [16, 20],
    [4, 5],
  ]);
  for (const value of [mean, low, high]) {
    assert.ok(Math.abs(value - 0.8) < 1e-9);
  }
});

test('the interval of pairs that disagree includes 1', () => {
  const { mean, low, high } = ratioOf([
    [9, 10],
    [10, 9],
    [9, 10],
    [10, 9],
  ]);
  assert.ok(Math.abs(mean - 1) < 1e-9);
  assert.ok(low < 0.9 && high > 1.1);
});
