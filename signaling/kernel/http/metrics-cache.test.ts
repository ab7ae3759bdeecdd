import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cacheMetrics } from './metrics-cache.ts';

describe('the metrics page', () => {
  it('threat 69: is built at most once per second, however many clients request it', async () => {
    let made = 0;
    let nowMs = 0;
    const page = cacheMetrics(
      async () => ({ body: `${++made}`, contentType: 'text/plain' }),
      () => nowMs,
    );
    const bodies = await Promise.all(Array.from({ length: 50 }, async () => (await page()).body));
    nowMs = 999;
    bodies.push((await page()).body);
    assert.deepEqual(new Set(bodies), new Set(['1']));
    nowMs = 1_000;
    assert.equal((await page()).body, '2');
  });

  it('is rebuilt after a failure', async () => {
    let attempts = 0;
    const page = cacheMetrics(async () => {
      attempts += 1;
      if (attempts === 1) {
        throw new Error('a worker does not answer');
      }
      return { body: 'all well', contentType: 'text/plain' };
    });
    await assert.rejects(page(), /does not answer/);
    assert.equal((await page()).body, 'all well');
  });
});
