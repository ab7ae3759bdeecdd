import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashPin, isPin } from './pin-hash.ts';
import { PinTries } from './pin-tries.ts';

const HOUR_MS = 3_600_000;

describe('PinTries', () => {
  const wrongTries = (
    tries: PinTries,
    nameOf: (n: number) => { account: string; address: string; room: string },
  ) => {
    for (let n = 0; ; n += 1) {
      if (!tries.begin(nameOf(n))) {
        return n;
      }
    }
  };

  it('threat 58: limits wrong PINs per account, per network and per room, whatever else changes', () => {
    const limit = (nameOf: Parameters<typeof wrongTries>[1]) => wrongTries(new PinTries(), nameOf);
    assert.equal(
      limit((n) => ({ account: 'a', address: `${n}`, room: `${n}` })),
      5,
    );
    assert.equal(
      limit((n) => ({ account: `${n}`, address: 'a', room: `${n}` })),
      20,
    );
    assert.equal(
      limit((n) => ({ account: `${n}`, address: `${n}`, room: 'r' })),
      100,
    );
  });

  it('forgets them after an hour', () => {
    let nowMs = 1;
    const tries = new PinTries(() => nowMs);
    const by = { account: 'a', address: 'b', room: 'r' };
    assert.equal(
      wrongTries(tries, () => by),
      5,
    );
    nowMs += HOUR_MS - 1000;
    assert.equal(
      wrongTries(tries, () => by),
      0,
    );
    nowMs += 2000;
    assert.equal(
      wrongTries(tries, () => by),
      5,
    );
  });

  it('does not count right ones', () => {
    const tries = new PinTries();
    const by = { account: 'a', address: undefined, room: 'r' };
    for (let n = 0; n < 500; n += 1) {
      tries.begin(by)?.right();
    }
    assert.ok(tries.begin(by));
  });
});

describe('the hash of a PIN', () => {
  it('recognises the PIN and no other, is salted, and does not contain it', async () => {
    const [one, other] = await Promise.all([hashPin('246810'), hashPin('246810')]);
    assert.notEqual(one, other);
    assert.ok(!one.includes('246810'));
    assert.deepEqual(await Promise.all([isPin('246810', one), isPin('246811', one), isPin('', one)]), [
      true,
      false,
      false,
    ]);
  });
});
