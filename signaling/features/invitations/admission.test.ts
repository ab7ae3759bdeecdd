import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { Accounts, addressMark, KERNEL_MIGRATIONS } from '../../kernel/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import { Invitations } from './invitations.ts';

const MINUTE_MS = 60_000;

for (const engine of storeEngines()) {
  describe(`admission by invitation on ${engine.name}`, { skip: engine.skip }, () => {
    const dir = mkdtempSync(join(tmpdir(), 'canopy-admission-'));
    let store: Store;
    let accounts: Accounts;
    let invitations: Invitations;
    let nowMs = 1_700_000_000_000;
    let count = 0;
    /** Id of a new account. */
    let id: string;

    before(async () => {
      store = await openStore(dir, { migrations: KERNEL_MIGRATIONS, url: await engine.newUrl() });
      accounts = new Accounts(store);
      invitations = new Invitations(store, () => nowMs);
    });
    beforeEach(() => {
      count += 1;
      id = `account-${count}`;
    });
    after(async () => {
      await store.close();
      await engine.close();
      rmSync(dir, { recursive: true });
    });

    it('the account that used an invitation gets the same result again for ten minutes, and nobody else does', async () => {
      const { secret } = await invitations.create({ role: 'guest', roomId: 'team', ttlSeconds: 60 });
      const first = await invitations.admit(secret, id, 'Ann');
      nowMs += 9 * MINUTE_MS;
      assert.deepEqual(await invitations.admit(secret, id, 'Ann'), { ...first, isRepeated: true });
      await assert.rejects(invitations.admit(secret, 'another', 'Eve'), { code: 'INVITE_USED' });
      nowMs += 2 * MINUTE_MS;
      await assert.rejects(invitations.admit(secret, id, 'Ann'), { code: 'INVITE_USED' });
    });

    it('remembers the first invitation that admitted an account', async () => {
      const [first, second] = await Promise.all(
        ['member', 'admin'].map((role) =>
          invitations.create({ role: role as 'member' | 'admin', ttlSeconds: 60 }),
        ),
      );
      await invitations.admit(first?.secret ?? '', id, 'Ann');
      const before = await accounts.find(id);
      assert.match(before?.invitation ?? '', /^[0-9a-f]{64}$/);
      await invitations.admit(second?.secret ?? '', id, 'Ann');
      assert.equal((await accounts.find(id))?.invitation, before?.invitation);
    });

    it('a better invitation raises the role of an existing account; a lesser one takes nothing away', async () => {
      const admit = async (role: 'guest' | 'member' | 'admin', name?: string) => {
        const { secret } = await invitations.create({ role, roomId: `${role}s`, ttlSeconds: 60 });
        return (await invitations.admit(secret, id, name)).role;
      };
      assert.equal(await admit('guest', 'Ann'), 'guest');
      assert.equal(await admit('admin', 'Ann B.'), 'admin');
      assert.equal(await admit('member'), 'admin');
      const account = await accounts.find(id);
      assert.deepEqual([account?.role, account?.display_name], ['admin', 'Ann B.']);
      for (const role of ['guest', 'member', 'admin']) {
        assert.ok(await accounts.hasGrant(id, `${role}s`));
      }
    });

    it('threat 65: no invitation turns a person into a bridge or a bridge into a person, and it stays unused', async () => {
      const person = await invitations.create({ role: 'member', ttlSeconds: 60 });
      const bridge = await invitations.create({ role: 'bridge', ttlSeconds: 60 });
      await accounts.ensure({ accountId: id, displayName: 'Ann', role: 'member', source: 'invite', nowMs });
      await assert.rejects(invitations.admit(bridge.secret, id), { code: 'FORBIDDEN' });
      await invitations.admit(bridge.secret, `${id}-bridge`, 'Phones');
      await assert.rejects(invitations.admit(person.secret, `${id}-bridge`), { code: 'FORBIDDEN' });
      assert.equal((await invitations.check(person.secret, id)).role, 'member');
    });

    it('threat 30: a key enrols once by a room’s address, also of two at once, and stays uninvited until it is invited', async () => {
      const linkId = addressMark('team');
      const admissions = await Promise.all(
        ['Ann', 'Eve'].map((displayName) =>
          invitations.create({ role: 'guest', roomId: 'team', displayName, ttlSeconds: 60, linkId }),
        ),
      );
      const outcomes = await Promise.allSettled(
        admissions.map(({ secret }, n) => invitations.admit(secret, id, n === 0 ? 'Ann' : 'Eve')),
      );
      const refusals = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
      assert.deepEqual(refusals, ['FORBIDDEN']);
      assert.equal((await accounts.find(id))?.source, 'tofu');
      const invitation = await invitations.create({ role: 'guest', roomId: 'other', ttlSeconds: 60 });
      await invitations.admit(invitation.secret, id);
      const account = await accounts.find(id);
      assert.deepEqual([account?.source, account?.invitation], ['invite', linkId]);
    });

    it('threat 42: a clock that jumps an hour either way neither wastes an invitation nor allows a second use', async () => {
      const { secret } = await invitations.create({ role: 'member', ttlSeconds: 86_400 });
      nowMs += 60 * MINUTE_MS;
      const first = await invitations.admit(secret, id, 'Ann');
      nowMs -= 120 * MINUTE_MS;
      assert.deepEqual(await invitations.admit(secret, id, 'Ann'), { ...first, isRepeated: true });
      await assert.rejects(invitations.admit(secret, `${id}-other`, 'Eve'), { code: 'INVITE_USED' });
      nowMs += 60 * MINUTE_MS;
    });

    it('an account has at most 100 open invitations; the folder and the API have any number', async () => {
      const create = (createdBy?: string) =>
        invitations.create({ role: 'guest', roomId: 'team', createdBy, ttlSeconds: 60 });
      const made = await Promise.all(Array.from({ length: 100 }, () => create(id)));
      await assert.rejects(create(id), { code: 'LIMIT_REACHED' });
      await create();
      await invitations.admit(made[0]?.secret ?? '', `${id}-guest`, 'Guest');
      await create(id);
      await assert.rejects(create(id), { code: 'LIMIT_REACHED' });
      nowMs += MINUTE_MS;
      await create(id);
    });

    it('the last 1000 used and expired invitations of an account are kept', async () => {
      for (let round = 0; round < 13; round += 1) {
        for (let n = 0; n < 100; n += 1) {
          await invitations.create({ role: 'guest', roomId: 'team', createdBy: id, ttlSeconds: 60 });
        }
        nowMs += MINUTE_MS;
      }
      const rows = await store.db
        .selectFrom('invitations')
        .select('created_at_ms')
        .where('created_by', '=', id)
        .execute();
      assert.ok(rows.length <= 1100, `${rows.length}`);
    });
  });
}
