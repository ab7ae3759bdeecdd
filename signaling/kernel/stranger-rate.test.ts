import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { StrangerRate } from './stranger-rate.ts';

describe('StrangerRate', () => {
  let nowMs = 0;
  let rate: StrangerRate;

  beforeEach(() => {
    nowMs = 0;
    rate = new StrangerRate(() => nowMs);
  });

  /** How many of these knocks are let through. */
  const knock = (network: string, times: number) => {
    let passed = 0;
    for (let n = 0; n < times; n += 1) {
      try {
        rate.take(network);
        passed += 1;
      } catch {
        // Refused.
      }
    }
    return passed;
  };

  it('lets a whole office knock at once, then one a second, and does not mix up networks', () => {
    assert.equal(knock('192.0.2.1', 500), 120);
    assert.equal(knock('192.0.2.2', 10), 10);
    nowMs += 5000;
    assert.equal(knock('192.0.2.1', 500), 5);
  });

  it('limits knocks from everywhere', () => {
    const passed = Array.from({ length: 100 }, (_, n) => knock(`2001:db8:0:${n}::`, 10));
    assert.equal(
      passed.reduce((sum, each) => sum + each),
      500,
    );
    nowMs += 1000;
    assert.equal(knock('192.0.2.1', 200), 100);
  });

  it('threat 30: refuses a network that guesses, until it has been quiet for a while', () => {
    for (let n = 0; n < 21; n += 1) {
      rate.take('192.0.2.1');
      rate.guessed('192.0.2.1');
    }
    assert.throws(() => rate.take('192.0.2.1'), { code: 'RATE_LIMITED' });
    assert.equal(knock('192.0.2.2', 1), 1);
    nowMs += 60_000;
    assert.equal(knock('192.0.2.1', 1), 1);
  });
});
