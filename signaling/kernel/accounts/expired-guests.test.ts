import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger } from '../../../base/index.ts';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { openStore, type Store } from '../../store/index.ts';
import { Hook } from '../hook.ts';
import { KERNEL_MIGRATIONS } from '../migrations.ts';
import { Accounts } from './accounts.ts';
import { ExpiredGuests } from './expired-guests.ts';

const HOUR_MS = 3_600_000;

for (const engine of storeEngines()) {
  describe(`expired guests on ${engine.name}`, { skip: engine.skip }, () => {
    let dir: string;
    let store: Store;
    let accounts: Accounts;
    let job: ExpiredGuests;
    let deleted: string[];
    let nowMs: number;

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-guests-'));
      store = await openStore(dir, { url: await engine.newUrl(), migrations: KERNEL_MIGRATIONS });
      accounts = new Accounts(store);
      deleted = [];
      nowMs = 1_700_000_000_000;
      const deleting = new Hook<string>();
      deleting.add((accountId) => void deleted.push(accountId));
      const log = createLogger({ level: 'silent', format: 'json' });
      job = new ExpiredGuests({ accounts, deleting, log, now: () => nowMs });
    });
    afterEach(async () => {
      await job.close();
      await store.close();
      rmSync(dir, { recursive: true });
    });
    after(() => engine.close());

    const add = async (accountId: string, role: 'guest' | 'member', expiresAtMs: number | null) => {
      await accounts.ensure({ accountId, displayName: accountId, role, source: 'invite', nowMs });
      await store.db
        .updateTable('accounts')
        .set({ expires_at_ms: expiresAtMs })
        .where('account_id', '=', accountId)
        .execute();
    };

    it('go a day after their certificate expired, with their rooms and devices, and nobody else goes', async () => {
      await add('guest', 'guest', nowMs + 24 * HOUR_MS);
      await add('later', 'guest', nowMs + 30 * HOUR_MS);
      await add('member', 'member', nowMs);
      await add('company', 'guest', null);
      await accounts.grant('guest', 'team', nowMs);
      await accounts.grant('member', 'team');
      nowMs += 48 * HOUR_MS;
      assert.equal(await job.sweep(), 0);
      nowMs += 1;
      assert.equal(await job.sweep(), 1);
      assert.deepEqual(deleted, ['guest']);
      const left = (await accounts.list({ limit: 10 })).map(({ account_id }) => account_id).sort();
      assert.deepEqual(left, ['company', 'later', 'member']);
      assert.ok(!(await accounts.hasGrant('guest', 'team')));
      assert.ok(await accounts.hasGrant('member', 'team'));
      nowMs += 6 * HOUR_MS;
      assert.equal(await job.sweep(), 1);
    });

    it('stay if they became members, or got a new certificate', async () => {
      await add('promoted', 'guest', nowMs);
      await add('renewed', 'guest', nowMs);
      const expired = await accounts.guestsExpiredBefore(nowMs + 1, 10);
      assert.deepEqual(expired.sort(), ['promoted', 'renewed']);
      await accounts.setRole('promoted', 'member');
      await store.db
        .updateTable('accounts')
        .set({ expires_at_ms: nowMs + HOUR_MS })
        .where('account_id', '=', 'renewed')
        .execute();
      assert.deepEqual(await accounts.deleteGuests(expired, nowMs + 1), []);
      assert.equal((await accounts.list({ limit: 10 })).length, 2);
    });

    it('go in batches, however many there are', async () => {
      for (let n = 0; n < 230; n += 1) {
        await add(`guest-${n}`, 'guest', nowMs + n);
      }
      nowMs += 25 * HOUR_MS;
      assert.equal(await job.sweep(), 230);
    });
  });
}
