import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { SeenDevices } from './seen-devices.ts';

describe('the devices that a browser has seen', () => {
  let kept: Map<string, string>;
  let seen: SeenDevices;

  beforeEach(() => {
    kept = new Map();
    seen = new SeenDevices({
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
    });
  });

  it('a further device of somebody who was seen before is new, once', () => {
    assert.equal(seen.see('ada', 'laptop'), false);
    assert.equal(seen.see('bob', 'phone'), false);
    assert.equal(seen.see('ada', 'phone'), true);
    assert.equal(seen.see('ada', 'phone'), false);
    assert.equal(seen.see('ada', 'laptop'), false);
  });

  it('is bounded, and forgets the oldest', () => {
    for (let i = 0; i < 30; i += 1) {
      seen.see('ada', `device ${i}`);
    }
    assert.equal(seen.see('ada', 'device 10'), false);
    assert.equal(seen.see('ada', 'device 0'), true);
    for (let i = 0; i < 600; i += 1) {
      seen.see(`person ${i}`, 'device');
    }
    assert.equal(seen.see('ada', 'another'), false, 'Ada was forgotten');
    assert.ok(Object.keys(JSON.parse([...kept.values()][0] ?? '')).length <= 500);
  });

  it('damaged or missing storage makes nobody new', () => {
    kept.set('canopy.seen-devices', '{');
    assert.equal(seen.see('ada', 'laptop'), false);
    const without = new SeenDevices({
      getItem: () => null,
      setItem: () => {
        throw new Error('full');
      },
    });
    assert.equal(without.see('ada', 'laptop'), false);
    assert.equal(without.see('ada', 'phone'), false);
  });
});
