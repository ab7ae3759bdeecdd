import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Coalescer } from './coalescer.ts';

describe('Coalescer', () => {
  it('runs once for many requests, soon, and not again before the gap is over', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let nowMs = 0;
    const ranAtMs: number[] = [];
    const coalescer = new Coalescer({
      run: () => ranAtMs.push(nowMs),
      gatherMs: 10,
      gapMs: () => 100,
      now: () => nowMs,
    });
    const pass = (milliseconds: number) => {
      for (let each = 0; each < milliseconds; each++) {
        nowMs++;
        t.mock.timers.tick(1);
      }
    };
    coalescer.request();
    coalescer.request();
    pass(20);
    assert.deepEqual(ranAtMs, [10]);
    coalescer.request();
    pass(200);
    assert.deepEqual(ranAtMs, [10, 110]);
    pass(500);
    assert.equal(ranAtMs.length, 2);
    coalescer.request();
    coalescer.close();
    pass(500);
    assert.equal(ranAtMs.length, 2);
  });
});
