import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ceiling } from './ceiling.ts';

describe('Ceiling', () => {
  it('follows decisions, but not their small fluctuations', () => {
    const ceiling = new Ceiling();
    assert.deepEqual(ceiling.aim(1_800_000, 500_000), [1_800_000]);
    assert.deepEqual(ceiling.aim(1_750_000, 500_000), []);
    assert.deepEqual(ceiling.aim(1_958_000, 1_800_000), [1_958_000]);
    assert.deepEqual(ceiling.aim(1_758_000, 1_700_000), []);
    assert.deepEqual(ceiling.aim(1_700_000, 1_600_000), [1_700_000]);
    assert.deepEqual(ceiling.aim(10_000, 10_000), [100_000]);
  });

  it('does not probe while the estimate suffices, nor right after a drop', () => {
    const ceiling = new Ceiling();
    ceiling.aim(1_800_000, 500_000);
    assert.deepEqual(ceiling.estimated(2_000_000, 0), []);
    assert.deepEqual(ceiling.estimated(1_800_000, 500), []);
    assert.deepEqual(ceiling.estimated(1_600_000, 800), []);
    assert.deepEqual(ceiling.estimated(200_000, 1000), []);
    assert.deepEqual(ceiling.estimated(200_000, 3900), []);
    assert.deepEqual(ceiling.estimated(200_000, 4000), [196_000, 588_000, 600_000]);
  });

  it('probes after a second if the first estimates are below the initial value', () => {
    const ceiling = new Ceiling();
    ceiling.aim(1_800_000, 1_700_000);
    assert.deepEqual(ceiling.estimated(2_000_000, 0), []);
    assert.deepEqual(ceiling.estimated(900_000, 100), []);
    assert.deepEqual(ceiling.estimated(900_000, 1000), [882_000, 1_764_000, 1_800_000]);
  });

  it('doubles a low estimate within seconds if the network carries it, else probes less and less often', () => {
    const probes = (carriesBps: number) => {
      const ceiling = new Ceiling();
      ceiling.aim(1_800_000, 1_800_000);
      let estimateBps = 100_000;
      const atMs: number[] = [];
      for (let nowMs = 0; nowMs < 120_000; nowMs += 500) {
        const goal = ceiling.estimated(estimateBps, nowMs).at(-1);
        if (goal === undefined) {
          continue;
        }
        atMs.push(nowMs);
        estimateBps = Math.min(carriesBps, goal);
      }
      return { atMs, estimateBps };
    };
    const free = probes(2_000_000);
    assert.equal(free.estimateBps, 1_800_000);
    assert.ok((free.atMs.at(-1) ?? 0) <= 8000, free.atMs.join());
    const narrow = probes(100_000);
    assert.ok(narrow.atMs.length <= 27, narrow.atMs.join());
  });

  it('probes frequently again once the network carries more', () => {
    const RECOVERED_AT_MS = 60_000;
    const ceiling = new Ceiling();
    ceiling.aim(1_800_000, 1_800_000);
    let estimateBps = 100_000;
    let nowMs = 0;
    for (; estimateBps < 1_800_000; nowMs += 500) {
      const goal = ceiling.estimated(estimateBps, nowMs).at(-1) ?? 0;
      if (nowMs >= RECOVERED_AT_MS) {
        estimateBps = Math.max(estimateBps, goal);
      }
    }
    assert.ok(nowMs - RECOVERED_AT_MS <= 9000, `${nowMs - RECOVERED_AT_MS} ms`);
  });
});
