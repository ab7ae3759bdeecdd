import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Exports, jsonEntry } from './exports.ts';

describe('exports', () => {
  const exportsOf = () => {
    const exports = new Exports();
    exports.ofAccount(async function* (accountId) {
      yield jsonEntry('account.json', { accountId });
    });
    return exports;
  };
  const codeOf = (start: () => unknown) => {
    try {
      start();
      return 'started';
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };

  it('threat 72: those that nobody reads keep neither the operator nor other networks from theirs', async () => {
    const exports = exportsOf();
    const start = (account: string, address: string) => exports.account(account, { account, address });
    const held = [start('a', '1'), start('b', '1')];
    assert.equal(
      codeOf(() => start('a', '2')),
      'RATE_LIMITED',
      'one per account',
    );
    assert.equal(
      codeOf(() => start('c', '1')),
      'RATE_LIMITED',
      'two per network',
    );
    held.push(start('c', '2'), start('d', '3'));
    assert.equal(
      codeOf(() => start('e', '4')),
      'SERVER_BUSY',
    );
    held.push(exports.account('a', 'operator'));
    for (const zip of held) {
      const closed = once(zip, 'close');
      zip.destroy();
      await closed;
    }
    const again = start('e', '1');
    assert.ok((await again.toArray()).length > 0);
  });
});
