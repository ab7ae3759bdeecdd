import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger } from '../../../base/index.ts';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { openStore, type Store } from '../../store/index.ts';
import { KERNEL_MIGRATIONS } from '../migrations.ts';
import type { Actor } from './act.ts';
import { AuditLog } from './audit-log.ts';

for (const engine of storeEngines()) {
  describe(`AuditLog on ${engine.name}`, { skip: engine.skip }, () => {
    let dir: string;
    let store: Store;
    let audit: AuditLog;
    let nowMs: number;
    const ann: Actor = { kind: 'account', id: 'ann', name: 'Ann', deviceId: 'd', address: '192.0.2.1' };
    const operator: Actor = { kind: 'operator', name: 'api.key', address: '192.0.2.2' };

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-audit-log-'));
      store = await openStore(dir, { migrations: KERNEL_MIGRATIONS, url: await engine.newUrl() });
      nowMs = 1_790_000_000_000;
      const log = createLogger({ level: 'silent', format: 'json' });
      audit = new AuditLog({ store, log, now: () => nowMs });
    });
    after(() => engine.close());
    afterEach(async () => {
      await audit.close();
      await store.close();
      rmSync(dir, { recursive: true });
    });

    it('keeps the order of entries, also if the clock goes back', async () => {
      for (const action of ['a.a', 'b.b', 'c.c']) {
        audit.record({ actor: operator, action });
        nowMs -= 5000;
      }
      assert.deepEqual(
        (await audit.list({ limit: 10 })).map(({ action }) => action),
        ['c.c', 'b.b', 'a.a'],
      );
    });

    it('an account that is deleted has a pseudonym everywhere, also in what is recorded about the deletion', async () => {
      audit.record({ actor: ann, action: 'ban.add', accountId: 'bob' });
      audit.record({
        actor: operator,
        action: 'account.setRole',
        accountId: 'ann',
        details: { role: 'admin' },
      });
      await audit.list({ limit: 1 });
      audit.record({ actor: ann, action: 'room.delete' });
      await audit.forgetAccount('ann');
      audit.record({ actor: ann, action: 'account.delete', accountId: 'ann' });
      const rows = await audit.list({ limit: 10 });
      assert.ok(!/ann|192\.0\.2\.1/i.test(JSON.stringify(rows)), JSON.stringify(rows));
      const [, , , first] = rows;
      assert.match(first?.actor_id ?? '', /^deleted-[0-9a-f]{16}$/);
      assert.deepEqual(
        rows.map(({ actor_id, account_id }) => [actor_id, account_id]),
        [
          [first?.actor_id, first?.actor_id],
          [first?.actor_id, null],
          [null, first?.actor_id],
          [first?.actor_id, 'bob'],
        ],
      );
      assert.equal(rows[2]?.actor_name, 'api.key');
    });

    it('threat 4: someone who acts without end fills one entry per kind and minute, and every act is counted', async () => {
      for (let n = 0; n < 2000; n += 1) {
        audit.record({ actor: ann, action: 'participant.mute', roomId: 'team', accountId: `victim ${n}` });
      }
      audit.record({ actor: { ...ann, id: 'bob' }, action: 'participant.mute', accountId: 'one' });
      const rows = await audit.list({ limit: 1000 });
      const anns = rows.filter(({ actor_id }) => actor_id === 'ann');
      assert.ok(anns.length <= 303, `${anns.length}`);
      assert.equal(
        anns.reduce((sum, { count }) => sum + count, 0),
        2000,
      );
      assert.equal(rows.find(({ actor_id }) => actor_id === 'bob')?.account_id, 'one');
    });

    it('old entries are deleted, and the oldest of too many', async () => {
      for (let n = 0; n < 1200; n += 1) {
        nowMs += 1000;
        audit.record({ actor: operator, action: 'room.create', roomId: `${n}` });
      }
      await audit.list({ limit: 1 });
      const roomsLeft = async () => (await audit.list({ limit: 2000 })).map(({ room_id }) => Number(room_id));
      assert.equal(await audit.prune(nowMs - 999_500, 10_000), 200);
      assert.equal((await roomsLeft()).at(-1), 200);
      assert.equal(await audit.prune(0, 300), 700);
      assert.deepEqual([(await roomsLeft()).length, (await roomsLeft()).at(-1)], [300, 900]);
    });
  });
}
