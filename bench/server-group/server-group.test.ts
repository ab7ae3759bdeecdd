import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quotaOf } from './server-group.ts';

test('a quota has a period of 2 ms, or a longer one where the kernel needs it', () => {
  assert.deepEqual(quotaOf(1.5), { quotaUs: 3000, periodUs: 2000 });
  assert.deepEqual(quotaOf(0.5), { quotaUs: 1000, periodUs: 2000 });
  assert.deepEqual(quotaOf(0.2), { quotaUs: 1000, periodUs: 5000 });
  for (let cores = 0.01; cores < 4; cores += 0.017) {
    const { quotaUs, periodUs } = quotaOf(cores);
    assert.ok(quotaUs >= 1000 && Math.abs(quotaUs / periodUs - cores) < 0.01 * cores + 0.001, `${cores}`);
  }
});
