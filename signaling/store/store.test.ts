import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { Accounts, Invitations, Store } from './index.ts';

describe('the store', () => {
  const dirs: string[] = [];
  let dir: string;
  let store: Store;
  let nowMs: number;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'canopy-store-'));
    dirs.push(dir);
    store = await Store.open(dir);
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

  it('keeps accounts over a restart', async () => {
    await new Accounts(store).ensure({
      accountId: 'a',
      displayName: 'Ann',
      role: 'admin',
      source: 'invite',
      nowMs,
    });
    await store.close();
    store = await Store.open(dir);
    assert.equal((await new Accounts(store).find('a'))?.role, 'admin');
  });

  it('never changes an existing account by ensuring it again', async () => {
    const accounts = new Accounts(store);
    await accounts.ensure({ accountId: 'a', displayName: 'Ann', role: 'guest', source: 'invite', nowMs });
    await accounts.ensure({ accountId: 'a', displayName: 'Bob', role: 'admin', source: 'pki', nowMs });
    assert.equal((await accounts.find('a'))?.role, 'guest');
  });

  it('lets exactly one of many use an invitation', async () => {
    const { secret } = await invitations().create({ role: 'member', ttlSeconds: 60 });
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => invitations().use(secret, `account${n}`)),
    );
    assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
    await assert.rejects(invitations().check(secret), code('INVITE_USED'));
  });

  it('refuses an unknown and an expired invitation', async () => {
    await assert.rejects(invitations().use('unknown', 'a'), code('INVITE_UNKNOWN'));
    const { secret } = await invitations().create({ role: 'member', ttlSeconds: 60 });
    nowMs += 60_000;
    await assert.rejects(invitations().check(secret), code('INVITE_EXPIRED'));
    await assert.rejects(invitations().use(secret, 'a'), code('INVITE_EXPIRED'));
  });

  it('never holds the secret of an invitation', async () => {
    const { secret } = await invitations().create({ role: 'admin', ttlSeconds: 60 });
    await store.close();
    const bytes = readFileSync(join(dir, 'canopy.sqlite'));
    assert.ok(!bytes.includes(secret));
    store = await Store.open(dir);
  });

  it('lets guests into granted rooms only', async () => {
    const accounts = new Accounts(store);
    await accounts.ensure({ accountId: 'g', displayName: 'Guest', role: 'guest', source: 'invite', nowMs });
    await accounts.grant('g', 'room');
    await accounts.grant('g', 'room');
    assert.equal(await accounts.hasGrant('g', 'room'), true);
    assert.equal(await accounts.hasGrant('g', 'other'), false);
  });
});
