import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { openStore, type Store } from '../../store/index.ts';
import { MIGRATIONS } from '../migrations.ts';
import { RoomLinks } from './room-links.ts';

const DAY_SECONDS = 86_400;

for (const engine of storeEngines()) {
  describe(`room links on ${engine.name}`, { skip: engine.skip }, () => {
    let dir: string;
    let store: Store;
    let nowMs: number;

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-room-links-'));
      store = await openStore(dir, { url: await engine.newUrl(), migrations: MIGRATIONS });
      nowMs = 1_700_000_000_000;
    });
    afterEach(async () => {
      await store.close();
      rmSync(dir, { recursive: true });
    });
    after(() => engine.close());

    const links = (key = 'key') => new RoomLinks({ store, key, guestsPerHour: 2, now: () => nowMs });
    const create = (createdBy?: string) =>
      links().create({ roomId: 'team', ttlSeconds: DAY_SECONDS, createdBy });

    it('a link is found by its secret until it expires or is withdrawn', async () => {
      const { secret = '', linkId } = await create();
      assert.equal((await links().find(secret)).link_id, linkId);
      nowMs += DAY_SECONDS * 1000;
      await assert.rejects(links().find(secret), { code: 'LINK_EXPIRED' });
      assert.equal(await links().withdraw(linkId), false);
      const other = await create();
      assert.equal(await links().withdraw(other.linkId), true);
      await assert.rejects(links().find(other.secret ?? ''), { code: 'LINK_WITHDRAWN' });
      await assert.rejects(links().find('something'), { code: 'LINK_UNKNOWN' });
      nowMs += 91 * DAY_SECONDS * 1000;
      await links().prune();
      await assert.rejects(links().find(secret), { code: 'LINK_UNKNOWN' });
    });

    it('a link can be shown again with the key that made it, and is still valid without', async () => {
      const { secret = '' } = await create();
      const [shown] = await links().list('team');
      assert.equal(shown?.secret, secret);
      const [hidden] = await links('another key').list('team');
      assert.equal(hidden?.secret, undefined);
      assert.equal((await links('another key').find(secret)).link_id, shown?.linkId);
    });

    it('of two people who renew a link at once, one succeeds', async () => {
      const { linkId } = await create();
      const renew = () => links().renew(linkId, { ttlSeconds: DAY_SECONDS });
      const results = await Promise.allSettled([renew(), renew()]);
      assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      assert.equal((await links().list('team')).length, 1);
    });

    it('a clock that jumps back neither revives an expired link nor loses a valid one', async () => {
      const { secret = '', linkId } = await create();
      nowMs -= 3_600_000;
      assert.equal((await links().find(secret)).link_id, linkId);
      await links().withdraw(linkId);
      nowMs += 3_600_000;
      await assert.rejects(links().find(secret), { code: 'LINK_WITHDRAWN' });
    });

    it('withdraws the links of an account, and nobody else’s', async () => {
      const [theirs, others] = [await create('eve'), await create('ann')];
      assert.deepEqual(await links().withdrawFrom('eve'), [theirs.linkId]);
      await assert.rejects(links().find(theirs.secret ?? ''), { code: 'LINK_WITHDRAWN' });
      assert.equal((await links().find(others.secret ?? '')).created_by, 'ann');
    });

    it('lets in so many guests an hour, counted across restarts', async () => {
      const { secret = '', linkId } = await create();
      const row = await links().find(secret);
      for (const used of ['a', 'b']) {
        await links().demandSpace(row);
        await store.db
          .insertInto('invitations')
          .values({
            secret_hash: used,
            role: 'guest',
            created_at_ms: nowMs,
            expires_at_ms: nowMs + 1000,
            is_gateway: 0,
            link_id: linkId,
          })
          .execute();
      }
      await assert.rejects(links().demandSpace(row), { code: 'LINK_FULL' });
      nowMs += 3_600_001;
      await links().demandSpace(row);
    });
  });
}
