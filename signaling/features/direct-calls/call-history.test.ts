import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { KERNEL_MIGRATIONS } from '../../kernel/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import { CallHistory, type CallRecord } from './call-history.ts';
import { CallPreferences } from './call-preferences.ts';
import { DIRECT_CALL_MIGRATIONS } from './migrations.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 1_800_000_000_000;
const ann = { accountId: 'a'.repeat(64), displayName: 'Ann' };
const bob = { accountId: 'b'.repeat(64), displayName: 'Боб_%' };

for (const engine of storeEngines()) {
  describe(`the history of calls on ${engine.name}`, { skip: engine.skip }, () => {
    let dir: string;
    let store: Store;
    let history: CallHistory;

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-calls-'));
      const migrations = { ...KERNEL_MIGRATIONS, ...DIRECT_CALL_MIGRATIONS };
      store = await openStore(dir, { migrations, url: await engine.newUrl() });
      history = new CallHistory(store);
    });
    afterEach(async () => {
      await history.close();
      await store.close();
      rmSync(dir, { recursive: true });
    });
    after(() => engine.close());

    const call = (startedAtMs: number, more: Partial<CallRecord> = {}): CallRecord => {
      const record: CallRecord = {
        callId: randomUUID(),
        caller: ann,
        callee: bob,
        media: 'audio',
        roomId: `call_${randomUUID()}`,
        startedAtMs,
        endedAtMs: startedAtMs + 1000,
        outcome: 'unanswered',
        ...more,
      };
      history.put(record);
      return record;
    };
    const starts = async (accountId: string, page: object = {}) =>
      (await history.list(accountId, { limit: 100, missedOnly: false, ...page })).map(
        ({ startedAtMs }) => startedAtMs,
      );

    it('keeps the newest 500 calls of each account, and pages through them without gaps', async () => {
      for (let n = 0; n < 520; n += 1) {
        // Many in the same millisecond.
        call(NOW_MS + Math.floor(n / 7));
      }
      const seen: string[] = [];
      let before: { startedAtMs: number; callId: string } | undefined;
      for (;;) {
        const page = await history.list(ann.accountId, { limit: 90, missedOnly: false, before });
        seen.push(...page.map(({ callId }) => callId));
        before = page.at(-1);
        if (page.length < 90) {
          break;
        }
      }
      assert.deepEqual([seen.length, new Set(seen).size], [500, 500]);
      assert.equal(await history.unseen(bob.accountId), 500);
      assert.equal(await history.unseen(ann.accountId), 0);
    });

    it('finds names by any part, in upper and lower case, with no special characters', async () => {
      call(NOW_MS);
      for (const [search, count] of [
        ['бОб', 1],
        ['_%', 1],
        ['б%', 0],
        ['\\', 0],
        ['ann', 0],
      ] as const) {
        assert.equal((await starts(ann.accountId, { search })).length, count, search);
      }
    });

    it('a call in progress is in no list, cannot be deleted, and is found after a crash', async () => {
      const running = call(NOW_MS, {
        endedAtMs: undefined,
        outcome: undefined,
        answeredAtMs: NOW_MS + 1,
      });
      call(NOW_MS + 1);
      await history.forget(ann.accountId);
      assert.deepEqual(await starts(ann.accountId), []);
      const [found, ...others] = await history.unfinished();
      assert.deepEqual(others, []);
      assert.deepEqual(found, {
        ...Object.fromEntries(Object.entries(running).filter(([, value]) => value !== undefined)),
      });
      history.put({ ...running, endedAtMs: NOW_MS + 5, outcome: 'completed' });
      assert.deepEqual(await starts(ann.accountId), [NOW_MS]);
      assert.deepEqual(await history.unfinished(), []);
    });

    it('old calls go when their account wants it, and all with the account', async () => {
      const preferences = new CallPreferences(store);
      await preferences.change({ accountId: bob.accountId, alias: 'bob' }, { historyDays: 7 });
      for (const days of [1, 8, 89, 91]) {
        call(NOW_MS - days * DAY_MS);
      }
      await history.save();
      await history.prune(NOW_MS);
      const days = async (accountId: string) =>
        (await starts(accountId)).map((startedAtMs) => (NOW_MS - startedAtMs) / DAY_MS);
      assert.deepEqual(await days(bob.accountId), [1]);
      assert.deepEqual(await days(ann.accountId), [1, 8, 89]);
      await preferences.block(ann.accountId, bob);
      await history.forgetAccount(bob.accountId);
      await preferences.forgetAccount(bob.accountId);
      assert.deepEqual(await days(bob.accountId), []);
      assert.deepEqual(await preferences.blocked(ann.accountId), []);
      assert.equal(await preferences.byAlias('bob'), undefined);
      assert.deepEqual(await days(ann.accountId), [1, 8, 89]);
    });
  });
}
