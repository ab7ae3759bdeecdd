import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Holder, NestedBudget, SCOPES } from './nested-budget.ts';

describe('NestedBudget', () => {
  it("threats 53 and 54: more devices do not multiply an account's share, nor more accounts their link's", () => {
    const budget = new NestedBudget({
      what: 'seats',
      limits: { device: 2, account: 3, invitation: 4, address: 5 },
    });
    const take = (device: string, account: string, invitation: string) =>
      budget.take({ device, account, invitation, address: '192.0.2.1' });
    take('phone', 'ann', 'link');
    take('phone', 'ann', 'link');
    assert.throws(() => take('phone', 'ann', 'link'), {
      code: 'LIMIT_REACHED',
      detail: 'at most 2 seats per device',
    });
    take('laptop', 'ann', 'link');
    assert.throws(() => take('tablet', 'ann', 'link'), { detail: 'at most 3 seats per account' });
    take('phone-b', 'bob', 'link');
    assert.throws(() => take('phone-c', 'cleo', 'link'), { detail: 'at most 4 seats per invitation' });
    take('phone-d', 'dan', 'other link');
    assert.throws(() => take('phone-e', 'eve', 'third link'), { detail: 'at most 5 seats per address' });
  });

  it('a full server is busy for everyone', () => {
    const budget = new NestedBudget({ what: 'rooms', limits: { server: 1 } });
    const release = budget.take({ account: 'ann' });
    assert.throws(() => budget.take({ account: 'bob' }), { code: 'SERVER_BUSY', detail: 'at most 1 rooms' });
    release();
    budget.take({ account: 'bob' });
  });

  it('a factor multiplies the shares of a device, an account and a link, but not of the network and the server', () => {
    const budget = new NestedBudget({ what: 'rooms', limits: { account: 1, address: 3 } });
    const holder = { account: 'bridge', address: '::1' };
    for (let n = 0; n < 3; n += 1) {
      budget.take(holder, 1, 32);
    }
    assert.equal(budget.exceeded(holder, 1, 32), 'address');
    assert.equal(budget.exceeded({ account: 'bridge' }, 1), 'account');
  });

  it('counts exactly what is held, forgets holders of nothing, and never exceeds a limit', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const holder = fc.record(
      { device: name, account: name, invitation: name, address: name },
      { requiredKeys: [] },
    );
    const step = fc.record({ holder, amount: fc.integer({ min: 1, max: 5 }), release: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const limits = { device: 4, account: 6, invitation: 8, address: 10, server: 16 };
        const budget = new NestedBudget({ what: 'things', limits });
        const held: Array<{ holder: Holder; amount: number; release(): void }> = [];
        for (const { holder, amount, release } of steps) {
          if (budget.exceeded(holder, amount) === undefined) {
            held.push({ holder, amount, release: budget.take(holder, amount) });
          } else {
            assert.throws(() => budget.take(holder, amount));
          }
          const [given] = held.splice(release, 1);
          given?.release();
          given?.release();
          for (const scope of SCOPES) {
            for (const each of scope === 'server' ? [''] : ['a', 'b', 'c']) {
              const theirs = held.filter((one) => scope === 'server' || one.holder[scope] === each);
              assert.equal(
                budget.used(scope, each),
                theirs.reduce((sum, one) => sum + one.amount, 0),
              );
              assert.ok(budget.used(scope, each) <= limits[scope]);
            }
          }
        }
      }),
    );
  });
});
