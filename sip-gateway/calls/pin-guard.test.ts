import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PinGuard } from './pin-guard.ts';

const HOUR_MS = 3_600_000;

function guard() {
  let nowMs = 0;
  const pins = new PinGuard(() => nowMs);
  const pass = (milliseconds: number) => {
    nowMs += milliseconds;
  };
  return { pins, pass };
}

const phone = (name: string) => ({ name, trunk: undefined });
const outside = (name: string | undefined) => ({ name, trunk: 'office' });

describe('wrong PINs', () => {
  it('threat 58: after ten in any number of calls, the caller is refused, and nobody else', () => {
    const { pins, pass } = guard();
    for (let count = 1; count < 10; count++) {
      assert.equal(pins.wrong(phone('1001')), false, `${count}`);
      pass(10_000);
    }
    assert.equal(pins.refuses(phone('1001')), false);
    assert.equal(pins.wrong(phone('1001')), true);
    assert.equal(pins.refuses(phone('1001')), true);
    assert.equal(pins.refuses(phone('1002')), false);
  });

  it('threat 58: they are forgotten at a rate of ten per hour', () => {
    const { pins, pass } = guard();
    for (let count = 0; count < 10; count++) {
      pins.wrong(phone('1001'));
    }
    pass(HOUR_MS / 10);
    assert.equal(pins.refuses(phone('1001')), false);
    assert.equal(pins.wrong(phone('1001')), true);
    pass(HOUR_MS);
    for (let count = 0; count < 9; count++) {
      assert.equal(pins.wrong(phone('1001')), false);
    }
  });

  it('threat 58: on a trunk whose callers change or withhold their numbers, each adds delay, up to 30 s', () => {
    const { pins } = guard();
    for (let count = 0; count < 20; count++) {
      pins.wrong(outside(count % 2 ? `${count}` : undefined));
    }
    assert.equal(pins.delayMs(outside('honest')), 0);
    pins.wrong(outside(undefined));
    assert.equal(pins.delayMs(outside('honest')), 500);
    for (let count = 0; count < 20; count++) {
      pins.wrong(outside(undefined));
    }
    assert.equal(pins.delayMs(outside('honest')), 10_500);
    assert.equal(pins.delayMs(phone('1001')), 0, 'phones of our own do not wait');
    for (let count = 0; count < 100; count++) {
      pins.wrong(outside(undefined));
    }
    assert.equal(pins.delayMs(outside('honest')), 30_000);
    assert.equal(pins.refuses(outside('honest')), false);
  });

  it('threat 58: too many from all callers together delay everybody', () => {
    const { pins, pass } = guard();
    for (let count = 0; count < 70; count++) {
      pins.wrong(phone(`${count}`));
    }
    assert.equal(pins.delayMs(phone('1001')), 5000);
    pass(HOUR_MS);
    assert.equal(pins.delayMs(phone('1001')), 0);
  });
});
