import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { createLogger } from '../../../base/index.ts';
import type { Role } from '../../../contract/index.ts';
import { storeEngines } from '../../../test/support/store-engines.ts';
import type { VerifiedDevice } from '../../identity/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import { KERNEL_MIGRATIONS } from '../migrations.ts';
import { demand } from '../policy/index.ts';
import { peerPrincipal } from '../principals/index.ts';
import { RoomRecords } from './room-records.ts';

const DAY_MS = 86_400_000;
const ACCOUNT = 'a'.repeat(64);
const person = (accountId: string, role: Role = 'member') =>
  peerPrincipal(
    { device: { accountId, displayName: accountId } as VerifiedDevice, chain: [], origin: '' },
    { role, isGateway: false },
  );

for (const engine of storeEngines()) {
  describe(`RoomRecords on ${engine.name}`, { skip: engine.skip }, () => {
    let dir: string;
    let store: Store;
    let nowMs: number;
    let records: RoomRecords;
    const log = createLogger({ level: 'silent', format: 'json' });
    const reopened = () => new RoomRecords(store, log, () => nowMs);
    const known = async () =>
      (await store.db.selectFrom('rooms').select('room_id').orderBy('room_id').execute()).map(
        ({ room_id }) => room_id,
      );

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-rooms-'));
      store = await openStore(dir, { migrations: KERNEL_MIGRATIONS, url: await engine.newUrl() });
      nowMs = 1_700_000_000_000;
      records = reopened();
    });
    afterEach(async () => {
      await records.close();
      await store.close();
      rmSync(dir, { recursive: true });
    });
    after(() => engine.close());

    const open = async (roomId: string, opener = person(ACCOUNT)) => {
      const record = await records.load(roomId);
      records.opened(record, opener);
      return record;
    };

    it('the first member who opens a room owns it, also after a restart; guests and bridges own none', async () => {
      for (const role of ['guest', 'bridge'] as const) {
        assert.equal((await open('team', person('b'.repeat(64), role))).ownerId, null);
      }
      await open('team');
      assert.equal((await open('team', person('c'.repeat(64), 'admin'))).ownerId, ACCOUNT);
      await records.save();
      assert.equal((await reopened().load('team')).ownerId, ACCOUNT);
    });

    it('opening a room that was configured without an owner does not give it one', async () => {
      await records.configure(await records.load('board'), { permissions: { moderator: ['room.enter'] } });
      assert.equal((await open('board')).ownerId, null);
    });

    it('threat 5: an owner who is replaced by an earlier change decides nothing more', async () => {
      const room = await open('team');
      const check = (accountId: string) => () => demand(person(accountId), 'room.configure', room);
      const [replaced, refused] = await Promise.allSettled([
        records.configure(room, { ownerId: 'b'.repeat(64) }),
        records.configure(room, { title: 'Mine' }, check(ACCOUNT)),
        records.configure(room, { title: 'Ours' }, check('b'.repeat(64))),
      ]);
      assert.equal(replaced.status, 'fulfilled');
      assert.equal(refused.status === 'rejected' && refused.reason.code, 'FORBIDDEN');
      assert.deepEqual([room.ownerId, room.title], ['b'.repeat(64), 'Ours']);
    });

    it('changes accumulate, null resets a value, and settings are re-read after a restart', async () => {
      const room = await open('team');
      await Promise.all([
        records.configure(room, { title: 'Team', roles: { [ACCOUNT]: 'viewer' } }),
        records.configure(room, { roles: { ['b'.repeat(64)]: 'moderator' } }),
        records.configure(room, { permissions: { speaker: ['room.enter'], viewer: [] } }),
        records.configure(room, { permissions: { viewer: null }, roles: { [ACCOUNT]: null } }),
      ]);
      const expected = {
        roomId: 'team',
        ownerId: ACCOUNT,
        title: 'Team',
        permissions: { speaker: ['room.enter'] },
        roles: { ['b'.repeat(64)]: 'moderator' },
      };
      assert.deepEqual(room, expected);
      assert.deepEqual(await reopened().load('team'), expected);
    });

    it('a changed owner is stored; without one, the next member who opens the room owns it', async () => {
      const room = await open('team');
      await records.configure(room, { ownerId: 'b'.repeat(64) });
      records.used(room);
      await records.save();
      assert.equal((await reopened().load('team')).ownerId, 'b'.repeat(64));
      await records.configure(room, { ownerId: null });
      await open('team', person('c'.repeat(64)));
      await records.save();
      assert.equal((await reopened().load('team')).ownerId, 'c'.repeat(64));
    });

    it('a room has at most 500 accounts with a role, however they were added', async () => {
      const room = await open('team');
      const some = (from: number) =>
        Object.fromEntries(
          Array.from({ length: 300 }, (_, n) => [
            (from + n).toString(16).padStart(64, '0'),
            'viewer' as const,
          ]),
        );
      await records.configure(room, { roles: some(0) });
      await assert.rejects(records.configure(room, { roles: some(300) }), { code: 'LIMIT_REACHED' });
      assert.equal(Object.keys(room.roles).length, 300);
    });

    it('an owner configures at most 100 rooms; changing those, and the rooms of others, still works', async () => {
      for (let n = 0; n < 100; n += 1) {
        await records.configure(await open(`room-${n}`), { title: `${n}` });
      }
      await assert.rejects(records.configure(await open('more'), { title: 'More' }), {
        code: 'LIMIT_REACHED',
      });
      await records.configure(await records.load('room-0'), { title: 'Again' });
      await records.configure(await open('other', person('b'.repeat(64))), { title: 'Other' });
    });

    it('an unconfigured room is forgotten after 30 days without use', async () => {
      await open('unused');
      await records.configure(await open('configured'), { title: 'Kept' });
      const open30Days = await open('open');
      await records.save();
      nowMs += 31 * DAY_MS;
      records.used(open30Days);
      await records.save();
      assert.deepEqual(await known(), ['configured', 'open']);
    });

    it('unconfigured rooms cannot fill the disk: beyond 10,000, the oldest are forgotten', async () => {
      for (let from = 0; from < 10_500; from += 500) {
        const rows = Array.from({ length: 500 }, (_, n) => ({
          room_id: `room-${from + n}`,
          owner_id: null,
          title: null,
          settings: '{}',
          created_at_ms: nowMs,
          last_used_at_ms: nowMs + from + n,
        }));
        await store.db.insertInto('rooms').values(rows).execute();
      }
      nowMs += 60_000;
      await open('latest');
      await records.save();
      const left = await known();
      assert.equal(left.length, 10_000);
      assert.ok(left.includes('latest') && left.includes('room-10499') && !left.includes('room-500'));
    });

    it('threat 42: when the store is not writable, a room still opens, and its use is written later', async () => {
      await records.load('team');
      const transaction = store.db.transaction.bind(store.db);
      const failure = { execute: () => Promise.reject(new Error('away')) };
      store.db.transaction = () => failure as unknown as ReturnType<typeof transaction>;
      const room = await open('team');
      await records.save();
      assert.deepEqual([room.ownerId, await known()], [ACCOUNT, []]);
      store.db.transaction = transaction;
      await records.save();
      assert.deepEqual(await known(), ['team']);
    });
  });
}
