import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { Accounts, Devices, Revocations } from '../kernel/index.ts';
import { openStore } from '../store/index.ts';
import { Invitations } from './invitations/index.ts';
import { MIGRATIONS } from './migrations.ts';
import { Calls, TelephonySettings } from './telephony/index.ts';

const FIXTURE = fileURLToPath(new URL('../store/fixtures/data-0.1.0', import.meta.url));
/** The first migration that 0.1.0 did not have. */
const FIRST_NEW = Object.keys(MIGRATIONS)
  .sort()
  .find((name) => name > '0005_admission') as string;

/** A released migration keeps its name: databases remember it. */
const RELEASED = [
  '0001_accounts_and_invitations',
  '0002_telephony',
  '0003_devices',
  '0004_revocations',
  '0005_admission',
  '0006_rooms',
  '0007_shared_secrets',
];

describe('migrations', () => {
  it('of the kernel and the features have one order, which begins with the released ones', () => {
    const names = Object.keys(MIGRATIONS).sort();
    assert.deepEqual(names.slice(0, RELEASED.length), RELEASED);
    assert.deepEqual(
      names.filter((name) => !/^\d{4}_[a-z0-9_]+$/.test(name)),
      [],
    );
  });
});

describe('the database of Canopy 0.1.0', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'canopy-fixture-'));
    cpSync(FIXTURE, dir, { recursive: true });
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is migrated with all its contents', async () => {
    const store = await openStore(dir, { migrations: MIGRATIONS });
    try {
      const people = await new Accounts(store).list({ limit: 10 });
      assert.deepEqual(people.map(({ display_name, role }) => `${display_name} ${role}`).sort(), [
        'Ann Example admin',
        'Dora (company) member',
        'Guest 👋 guest',
        'Phones bridge',
        'Борис member',
      ]);
      assert.equal(await new Accounts(store).hasGrant('c'.repeat(64), 'team'), true);
      assert.equal((await new Devices(store).of(people.map(({ account_id }) => account_id))).length, 3);
      const [open] = await new Invitations(store, () => 1_790_000_010_000).open({ limit: 10 });
      assert.equal(open?.displayName, 'Open');
      assert.equal((await new Revocations(store).all()).length, 2);
      const { phones, trunks, dialPlan, pins } = await new TelephonySettings(store).load();
      assert.deepEqual([phones.length, trunks.length, dialPlan.length, pins.length], [2, 1, 2, 1]);
      const calls = await new Calls(store).list({ limit: 10 });
      assert.deepEqual(
        calls.map(({ callId, mos }) => [callId, mos]),
        [
          ['call-2', null],
          ['call-1', 4.321987654321],
        ],
      );
    } finally {
      await store.close();
    }
  });

  it('is copied first, readable only by its owner, and the old version opens the copy', async () => {
    await (await openStore(dir, { migrations: MIGRATIONS })).close();
    const copy = join(dir, `canopy.sqlite.before-${FIRST_NEW}`);
    assert.equal(statSync(copy).mode & 0o777, 0o600);
    const old = new Database(copy, { readonly: true });
    assert.equal(old.prepare('select count(*) from accounts').pluck().get(), 5);
    assert.equal(old.prepare("select count(*) from sqlite_master where name = 'secrets'").pluck().get(), 0);
    old.close();
  });

  it('is refused by the old version with a coded error after a newer one has migrated it', async () => {
    await (await openStore(dir, { migrations: MIGRATIONS })).close();
    const old = Object.fromEntries(Object.entries(MIGRATIONS).filter(([name]) => name < FIRST_NEW));
    await assert.rejects(openStore(dir, { migrations: old }), {
      code: 'STORE_UNUSABLE',
      detail: /newer Canopy \(000\d_/,
    });
  });
});
