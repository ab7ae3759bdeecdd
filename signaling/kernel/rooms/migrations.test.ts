import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { openStore } from '../../store/index.ts';
import { KERNEL_MIGRATIONS } from '../migrations.ts';
import { RoomRecords } from './room-records.ts';

for (const engine of storeEngines()) {
  describe(`the migration of rooms on ${engine.name}`, { skip: engine.skip }, () => {
    let dir: string;

    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-room-migration-'));
    });
    afterEach(() => rmSync(dir, { recursive: true }));
    after(() => engine.close());

    it('finds rooms by the roles that were given before, and keeps their settings', async () => {
      const url = await engine.newUrl();
      const before = Object.fromEntries(
        Object.entries(KERNEL_MIGRATIONS).filter(([name]) => name < '0009_room_roles'),
      );
      const [ann, bob] = ['a'.repeat(64), 'b'.repeat(64)];
      const settings = { permissions: { viewer: [] }, roles: { [ann]: 'moderator', [bob]: 'viewer' } };
      const row = { owner_id: ann, title: null, created_at_ms: 1, last_used_at_ms: 1 };
      const old = await openStore(dir, { migrations: before, url });
      await old.db
        .insertInto('rooms')
        .values([
          { ...row, room_id: 'team', settings: JSON.stringify(settings) },
          { ...row, room_id: 'plain', settings: '{}' },
        ])
        .execute();
      await old.close();
      const store = await openStore(dir, { migrations: KERNEL_MIGRATIONS, url });
      try {
        const rows = await store.db.selectFrom('room_roles').selectAll().orderBy('account_id').execute();
        assert.deepEqual(rows, [
          { account_id: ann, room_id: 'team' },
          { account_id: bob, room_id: 'team' },
        ]);
        const records = new RoomRecords(store);
        const team = await records.load('team');
        assert.deepEqual([team.ownerId, team.roles, team.permissions], [ann, settings.roles, { viewer: [] }]);
        await records.configure(team, { roles: { [bob]: null } });
        assert.equal((await store.db.selectFrom('room_roles').selectAll().execute()).length, 1);
        await records.delete(
          team,
          () => {},
          async () => {},
        );
        assert.deepEqual(await store.db.selectFrom('room_roles').selectAll().execute(), []);
        await records.close();
      } finally {
        await store.close();
      }
    });
  });
}
