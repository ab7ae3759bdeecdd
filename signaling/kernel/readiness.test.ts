import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CanopyError, createLogger } from '../../base/index.ts';
import { Readiness } from './readiness.ts';

describe('Readiness', () => {
  it('tests a write, and caches the result for some seconds', async () => {
    let tries = 0;
    let full = true;
    const store = {
      tryWrite: async () => {
        tries += 1;
        if (full) {
          throw new CanopyError('STORE_UNWRITABLE', 'SQLITE_FULL');
        }
      },
    };
    const readiness = new Readiness(store, createLogger({ level: 'silent', format: 'json' }));
    for (let n = 0; n < 3; n += 1) {
      await assert.rejects(readiness.check(), { code: 'STORE_UNWRITABLE', detail: 'SQLITE_FULL' });
    }
    full = false;
    await assert.rejects(readiness.check(), { code: 'STORE_UNWRITABLE' });
    assert.equal(tries, 1);
  });
});
