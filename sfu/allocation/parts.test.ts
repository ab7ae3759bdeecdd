import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Coalescer } from './coalescer.ts';
import { defaultLayout } from './default-layout.ts';
import { Estimate } from './estimate.ts';
import { WantedLayers } from './wanted-layers.ts';

describe('defaultLayout()', () => {
  it('shows one picture on the whole window, and 24 in a grid of 5 by 5', () => {
    assert.deepEqual(defaultLayout(['a']), [{ producerId: 'a', width: 1280, height: 720, pinned: false }]);
    const many = defaultLayout(Array.from({ length: 24 }, (_, index) => `${index}`));
    assert.deepEqual([many.length, many[0]?.width, many[0]?.height], [24, 256, 144]);
    assert.deepEqual(defaultLayout([]), []);
  });
});

describe('WantedLayers', () => {
  it('tells that a layer is wanted at once, and that it is not after 5 s without anybody', () => {
    const layers = new WantedLayers(3, 0);
    assert.equal(layers.update([true, true, false], 3000), false);
    assert.equal(layers.update([true, false, false], 4999), false);
    assert.equal(layers.update([true, false, false], 5000), true);
    assert.deepEqual(layers.told, [true, true, false]);
    assert.equal(layers.update([true, false, true], 5100), true);
    assert.deepEqual(layers.told, [true, true, true]);
    assert.equal(layers.update([true, false, true], 8000), true);
    assert.deepEqual(layers.told, [true, false, true]);
  });

  it('a layer that is wanted now and then goes on', () => {
    const layers = new WantedLayers(1, 0);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 1000) {
      assert.equal(layers.update([nowMs % 4000 === 0], nowMs), false);
    }
  });
});

describe('Estimate', () => {
  const bwe = (availableBitrate: number, maxBitrate = 1_800_000) => ({
    type: 'bwe' as const,
    info: { availableBitrate, maxBitrate },
  });

  it('limits nothing before it is known, and near its own ceiling', () => {
    const estimate = new Estimate();
    assert.equal(estimate.limitBps, null);
    estimate.update(bwe(1_790_000));
    assert.equal(estimate.limitBps, null);
    estimate.update(bwe(600_000));
    assert.equal(estimate.limitBps, 600_000);
  });

  it('calls for new decisions when it has fallen by a tenth of what was acted on', () => {
    const estimate = new Estimate();
    assert.equal(estimate.update(bwe(900_000)), true);
    estimate.acted();
    assert.equal(estimate.update(bwe(850_000)), false);
    assert.equal(estimate.update(bwe(1_200_000)), false);
    assert.equal(estimate.update(bwe(300_000)), true);
  });
});

describe('Coalescer', () => {
  it('runs once for many requests, soon, and then not before the gap is over', (t) => {
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
