import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Estimate } from './estimate.ts';

describe('Estimate', () => {
  it('limits nothing before it is known, and near what may be sent', () => {
    const estimate = new Estimate();
    estimate.allow(1_800_000, 1_800_000);
    assert.equal(estimate.limitBps, null);
    estimate.update(1_790_000);
    assert.equal(estimate.limitBps, null);
    estimate.update(600_000);
    assert.equal(estimate.limitBps, 600_000);
  });

  it('does not limit for want of what could not be sent yet', () => {
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

  it('calls for new decisions when it has fallen by a tenth of what was acted on', () => {
    const estimate = new Estimate();
    estimate.allow(1_800_000, 1_800_000);
    assert.equal(estimate.update(900_000), true);
    estimate.acted();
    assert.equal(estimate.update(850_000), false);
    assert.equal(estimate.update(1_000_000), false);
    assert.equal(estimate.update(300_000), true);
  });

  it('calls for new decisions when it rose by a fifth, or limits nothing any more, where something was missing', () => {
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

  it('calls for none when it rose and nothing was missing', () => {
    const estimate = new Estimate();
    estimate.allow(1_800_000, 400_000);
    estimate.update(500_000);
    estimate.acted();
    assert.equal(estimate.update(1_800_000), false);
  });
});

describe('Estimate of a network that became narrow all at once', () => {
  it('has collapsed when most of what is needed has no room, not when there was more than was needed', () => {
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
