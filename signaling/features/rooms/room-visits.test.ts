import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { KERNEL_MIGRATIONS } from '../../kernel/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import { ROOM_VISIT_MIGRATIONS } from './migrations.ts';
import { RoomVisits } from './room-visits.ts';

const DAY_MS = 86_400_000;
const [ANN, BOB] = ['a'.repeat(64), 'b'.repeat(64)];

for (const engine of storeEngines()) {
  describe(`RoomVisits on ${engine.name}`, { skip: engine.skip }, () => {
    let dir: string;
    let store: Store;
    let nowMs = 1_700_000_000_000;
    let visits: RoomVisits;
    const roomsOf = async (accountId: string) => (await visits.of(accountId)).map(({ roomId }) => roomId);

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-visits-'));
      const migrations = { ...KERNEL_MIGRATIONS, ...ROOM_VISIT_MIGRATIONS };
      store = await openStore(dir, { migrations, url: await engine.newUrl() });
      visits = new RoomVisits(store, undefined, () => nowMs);
    });
    afterEach(async () => {
      await visits.close();
      await store.close();
      rmSync(dir, { recursive: true });
    });
    after(() => engine.close());

    it('lists each room once per account, the latest visit first', async () => {
      for (const [accountId, roomId] of [
        [ANN, 'one'],
        [ANN, 'two'],
        [BOB, 'one'],
        [ANN, 'one'],
      ] as const) {
        nowMs += 1000;
        visits.visited(accountId, roomId);
      }
      assert.deepEqual(await roomsOf(ANN), ['one', 'two']);
      assert.deepEqual(await visits.of(BOB), [{ roomId: 'one', visitedAtMs: nowMs - 1000 }]);
    });

    it('keeps 50 rooms per account, for 90 days', async () => {
      for (let n = 0; n < 60; n += 1) {
        nowMs += 1000;
        visits.visited(ANN, `room-${n}`);
      }
      visits.visited(BOB, 'old');
      assert.equal((await roomsOf(ANN)).length, 50);
      assert.equal((await roomsOf(ANN)).at(-1), 'room-10');
      nowMs += 91 * DAY_MS;
      visits.visited(ANN, 'new');
      assert.deepEqual(await roomsOf(ANN), ['new']);
      assert.deepEqual(await roomsOf(BOB), []);
    });

    it('forgets a deleted room and a revoked account', async () => {
      visits.visited(ANN, 'gone');
      visits.visited(ANN, 'kept');
      visits.visited(BOB, 'kept');
      await visits.save();
      await store.transaction((db) => visits.forgetRoom(db, 'gone'));
      assert.deepEqual(await roomsOf(ANN), ['kept']);
      await visits.forgetAccount(BOB);
      assert.deepEqual(await roomsOf(BOB), []);
    });
  });
}
