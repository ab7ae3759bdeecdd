import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { Invitations, MIGRATIONS } from '../features/index.ts';
import { Accounts, Devices } from '../kernel/index.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';

describe('the store in the data folder', () => {
  const dirs: string[] = [];
  let dir: string;
  let store: Store;
  let nowMs: number;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'canopy-store-'));
    dirs.push(dir);
    store = await openStore(dir, { migrations: MIGRATIONS });
    nowMs = 1_700_000_000_000;
  });
  afterEach(() => store.close());
  after(() => {
    for (const each of dirs) {
      rmSync(each, { recursive: true });
    }
  });
  const invitations = () => new Invitations(store, () => nowMs);
  const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected;

  it('never holds the secret of an invitation', async () => {
    const { secret } = await invitations().create({ role: 'admin', ttlSeconds: 60 });
    await store.close();
    const bytes = readFileSync(join(dir, 'canopy.sqlite'));
    assert.ok(!bytes.includes(secret));
    store = await openStore(dir, { migrations: MIGRATIONS });
  });

  it('remembers devices that signed in while it was not writable, and writes them later', async () => {
    const accounts = new Accounts(store);
    const devices = new Devices(store);
    await accounts.ensure({ accountId: 'a', displayName: 'Ann', role: 'member', source: 'invite', nowMs });
    const other = new Database(join(dir, 'canopy.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    devices.seen({ accountId: 'a', deviceId: 'laptop', nowMs });
    const [device] = await devices.of(['a']);
    assert.deepEqual([device?.device_id, device?.first_seen_at_ms], ['laptop', nowMs]);
    await assert.rejects(store.tryWrite(), code('STORE_BUSY'));
    await assert.rejects(invitations().create({ role: 'member', ttlSeconds: 60 }), code('STORE_BUSY'));
    other.exec('ROLLBACK');
    other.close();
    await store.tryWrite();
    await devices.save();
    assert.equal((await new Devices(store).of(['a'])).length, 1);
  });

  it('does not wait long for another program, since everyone would wait with it', async () => {
    const other = new Database(join(dir, 'canopy.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    const begunMs = performance.now();
    await assert.rejects(store.tryWrite(), code('STORE_BUSY'));
    assert.ok(performance.now() - begunMs < 250);
    other.close();
  });

  it('keeps its files private to their owner', async () => {
    for (const name of ['canopy.sqlite', 'canopy.sqlite-wal', 'canopy.sqlite-shm']) {
      assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600, name);
    }
    await store.close();
    chmodSync(join(dir, 'canopy.sqlite'), 0o644);
    store = await openStore(dir, { migrations: MIGRATIONS });
    assert.equal(statSync(join(dir, 'canopy.sqlite')).mode & 0o777, 0o600);
  });

  it('is refused with a coded error if it is damaged or from a newer version', async () => {
    const file = join(dir, 'canopy.sqlite');
    await store.close();
    const newer = new Database(file);
    newer.exec("INSERT INTO kysely_migration VALUES ('9999_future', '2099-01-01')");
    newer.close();
    await assert.rejects(openStore(dir, { migrations: MIGRATIONS }), {
      code: 'STORE_UNUSABLE',
      detail: /newer Canopy \(9999_future\)/,
    });
    writeFileSync(file, 'this was a database once, and now it is something else'.repeat(100));
    await assert.rejects(openStore(dir, { migrations: MIGRATIONS }), {
      code: 'STORE_UNUSABLE',
      detail: /canopy\.sqlite/,
    });
    rmSync(file);
    store = await openStore(dir, { migrations: MIGRATIONS });
  });
});
