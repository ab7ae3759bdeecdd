import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { KERNEL_MIGRATIONS } from '../../kernel/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import { Invitations } from './invitations.ts';

for (const engine of storeEngines()) {
  describe(`invitations on ${engine.name}`, { skip: engine.skip }, () => {
    let dir: string;
    let store: Store;
    let nowMs: number;

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-invitations-'));
      store = await openStore(dir, { url: await engine.newUrl(), migrations: KERNEL_MIGRATIONS });
      nowMs = 1_700_000_000_000;
    });
    afterEach(async () => {
      await store.close();
      rmSync(dir, { recursive: true });
    });
    after(() => engine.close());
    const invitations = () => new Invitations(store, () => nowMs);
    const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected;

    it('lets exactly one of many accounts use an invitation', async () => {
      const { secret } = await invitations().create({ role: 'member', ttlSeconds: 60 });
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) => invitations().admit(secret, `account${n}`, 'Ann')),
      );
      assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
      await assert.rejects(invitations().check(secret, 'other'), code('INVITE_USED'));
    });

    it('refuses an unknown and an expired invitation', async () => {
      await assert.rejects(invitations().admit('unknown', 'a', 'Ann'), code('INVITE_UNKNOWN'));
      const { secret } = await invitations().create({ role: 'member', ttlSeconds: 60 });
      nowMs += 60_000;
      await assert.rejects(invitations().check(secret, 'a'), code('INVITE_EXPIRED'));
      await assert.rejects(invitations().admit(secret, 'a', 'Ann'), code('INVITE_EXPIRED'));
    });

    it("expires an account's unused invitations, and nobody else's", async () => {
      const [theirs, used, others] = await Promise.all(
        ['eve', 'eve', 'ann'].map((createdBy) =>
          invitations().create({ role: 'member', createdBy, ttlSeconds: 60 }),
        ),
      );
      assert.ok(theirs && used && others);
      await invitations().admit(used.secret, 'a', 'Ann');
      await invitations().expireFrom('eve');
      await assert.rejects(invitations().admit(theirs.secret, 'b', 'Bob'), code('INVITE_EXPIRED'));
      await assert.rejects(invitations().check(used.secret, 'b'), code('INVITE_USED'));
      assert.equal((await invitations().admit(others.secret, 'c', 'Cleo')).invitedBy, 'ann');
    });
  });
}
