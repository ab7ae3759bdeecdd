import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Effort } from './effort.ts';

describe('threat 4: time that requests take', () => {
  it('is limited per account and link, comes back, and others do not notice', () => {
    let nowMs = 0;
    const effort = new Effort(() => nowMs);
    const [eve, max] = [
      { account: 'eve', invitation: 'link', address: '1' },
      { account: 'max', invitation: 'link', address: '1' },
    ];
    effort.spend(eve, 700);
    assert.ok(effort.allows(eve));
    effort.spend(eve, 600);
    assert.ok(!effort.allows(eve));
    assert.ok(effort.allows(eve, 2), 'twice the share');
    assert.ok(effort.allows(max));
    effort.spend(max, 250);
    assert.ok(!effort.allows(max), 'too much for everyone with this link');
    assert.ok(effort.allows({ account: 'ann', address: '1' }));
    assert.ok(effort.allows({ address: '1' }));
    nowMs += 1000;
    assert.ok(effort.allows(max));
    assert.ok(!effort.allows(eve));
    nowMs += 3000;
    assert.ok(effort.allows(eve));
  });
});
