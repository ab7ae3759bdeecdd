import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { openStore, type Store } from '../../store/index.ts';
import { KERNEL_MIGRATIONS } from '../migrations.ts';
import { Accounts } from './accounts.ts';
import { Devices } from './devices.ts';

for (const engine of storeEngines()) {
  describe(`accounts and devices on ${engine.name}`, { skip: engine.skip }, () => {
    let dir: string;
    let url: string | undefined;
    let store: Store;
    let nowMs: number;

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-store-'));
      url = await engine.newUrl();
      store = await openStore(dir, { migrations: KERNEL_MIGRATIONS, url });
      nowMs = 1_700_000_000_000;
    });
    afterEach(async () => {
      await store.close();
      rmSync(dir, { recursive: true });
    });
    after(() => engine.close());

    it('keeps accounts across a restart', async () => {
      await new Accounts(store).ensure({
        accountId: 'a',
        displayName: 'Ann',
        role: 'admin',
        source: 'invite',
        nowMs,
      });
      await store.close();
      store = await openStore(dir, { migrations: KERNEL_MIGRATIONS, url });
      assert.equal((await new Accounts(store).find('a'))?.role, 'admin');
    });

    it('ensuring an existing account does not change it', async () => {
      const accounts = new Accounts(store);
      await accounts.ensure({ accountId: 'a', displayName: 'Ann', role: 'guest', source: 'invite', nowMs });
      await accounts.ensure({ accountId: 'a', displayName: 'Bob', role: 'admin', source: 'pki', nowMs });
      assert.equal((await accounts.find('a'))?.role, 'guest');
    });

    it('lets guests into granted rooms only', async () => {
      const accounts = new Accounts(store);
      await accounts.ensure({ accountId: 'g', displayName: 'Guest', role: 'guest', source: 'invite', nowMs });
      await accounts.grant('g', 'room');
      await accounts.grant('g', 'room');
      assert.equal(await accounts.hasGrant('g', 'room'), true);
      assert.equal(await accounts.hasGrant('g', 'other'), false);
    });

    it('lists accounts page by page, latest enrolment first', async () => {
      const accounts = new Accounts(store);
      // Three at one moment: their order must not change between pages.
      for (const [accountId, ageMs] of [
        ['old', 9],
        ['a', 5],
        ['b', 5],
        ['c', 5],
        ['new', 1],
      ] as const) {
        const account = { accountId, displayName: 'Ann', role: 'member', source: 'invite' } as const;
        await accounts.ensure({ ...account, nowMs: nowMs - ageMs });
      }
      const page = async (after?: string) =>
        (await accounts.list({ limit: 2, after })).map(({ account_id }) => account_id);
      assert.deepEqual(await page(), ['new', 'c']);
      assert.deepEqual(await page('c'), ['b', 'a']);
      assert.deepEqual(await page('a'), ['old']);
      assert.deepEqual(await page('old'), []);
    });

    it('remembers the 64 devices of an account that were seen last', async () => {
      const accounts = new Accounts(store);
      const devices = new Devices(store);
      for (const accountId of ['a', 'b']) {
        await accounts.ensure({ accountId, displayName: 'Ann', role: 'member', source: 'invite', nowMs });
        devices.seen({ accountId, deviceId: 'first', nowMs });
      }
      devices.seen({ accountId: 'a', deviceId: 'first', nowMs: nowMs + 1000 });
      const [first] = await devices.of(['a']);
      assert.deepEqual([first?.first_seen_at_ms, first?.last_seen_at_ms], [nowMs, nowMs + 1000]);
      for (let n = 1; n <= 64; n += 1) {
        devices.seen({ accountId: 'a', deviceId: `device${n}`, nowMs: nowMs + 1000 + n });
      }
      const kept = (await devices.of(['a'])).map(({ device_id }) => device_id);
      assert.deepEqual([kept.length, kept.at(0), kept.at(-1)], [64, 'device64', 'device1']);
      assert.equal((await devices.of(['a', 'b'])).length, 65);
      assert.deepEqual(await devices.of([]), []);
    });

    it("records a device's client, and when the account was last seen", async () => {
      const accounts = new Accounts(store);
      const devices = new Devices(store);
      await accounts.ensure({ accountId: 'a', displayName: 'Ann', role: 'member', source: 'invite', nowMs });
      devices.seen({ accountId: 'a', deviceId: 'laptop', userAgent: 'Firefox', nowMs });
      devices.seen({ accountId: 'stranger', deviceId: 'x', nowMs });
      await devices.close();
      assert.equal((await new Devices(store).of(['a']))[0]?.user_agent, 'Firefox');
      assert.equal((await accounts.find('a'))?.last_seen_at_ms, nowMs);
      assert.deepEqual(await new Devices(store).of(['stranger']), []);
    });
  });
}
