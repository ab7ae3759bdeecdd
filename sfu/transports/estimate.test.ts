import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Estimate } from './estimate.ts';

describe('Estimate', () => {
  it('is no limit before it is known, or near the permitted maximum', () => {
    const estimate = new Estimate();
    estimate.allow(1_800_000, 1_800_000);
    assert.equal(estimate.limitBps, null);
    estimate.update(1_790_000);
    assert.equal(estimate.limitBps, null);
    estimate.update(600_000);
    assert.equal(estimate.limitBps, 600_000);
  });

  it('is no limit because of what could not be sent yet', () => {
    const estimate = new Estimate();
    estimate.allow(1_600_000, 1_000_000);
    estimate.update(1_600_000);
    estimate.allow(1_800_000, 1_700_000);
    assert.equal(estimate.limitBps, null);
    estimate.update(1_650_000);
    assert.equal(estimate.limitBps, 1_650_000);
    estimate.allow(1_700_000, 1_700_000);
    assert.equal(estimate.limitBps, null);
  });

  it('triggers a decision when it drops to 90 % of the value last used', () => {
    const estimate = new Estimate();
    estimate.allow(1_800_000, 1_800_000);
    assert.equal(estimate.update(900_000), true);
    estimate.acted();
    assert.equal(estimate.update(850_000), false);
    assert.equal(estimate.update(1_000_000), false);
    assert.equal(estimate.update(300_000), true);
  });

  it('triggers a decision when it rises by 20 % or is no longer a limit, if something was missing', () => {
    const estimate = new Estimate();
    estimate.allow(1_800_000, 1_800_000);
    estimate.update(500_000);
    estimate.acted();
    assert.equal(estimate.update(590_000), false);
    assert.equal(estimate.update(600_000), true);
    assert.equal(estimate.update(1_800_000), true);
    estimate.acted();
    assert.equal(estimate.update(1_800_000), false);
  });

  it('triggers none when it rises and nothing was missing', () => {
    const estimate = new Estimate();
    estimate.allow(1_800_000, 400_000);
    estimate.update(500_000);
    estimate.acted();
    assert.equal(estimate.update(1_800_000), false);
  });
});

describe('Estimate of a network that suddenly became narrow', () => {
  it('has collapsed if most of what is needed does not fit, not if there was more than needed', () => {
    const estimate = new Estimate();
    estimate.allow(1_800_000, 1_000_000);
    estimate.update(1_790_000);
    assert.equal(estimate.collapsed, false);
    estimate.update(700_000);
    assert.equal(estimate.collapsed, false);
    estimate.update(300_000);
    assert.equal(estimate.collapsed, true);
    estimate.update(290_000);
    assert.equal(estimate.collapsed, false);
  });
});
