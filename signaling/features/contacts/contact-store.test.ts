import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { storeEngines } from '../../../test/support/store-engines.ts';
import { openStore, type Store } from '../../store/index.ts';
import { MIGRATIONS } from '../index.ts';
import { type ContactPlace, ContactStore } from './contact-store.ts';
import { CONTACT_REQUESTS, type NewContact } from './contract.ts';

const OWNER = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const ADA = '1'.repeat(64);
const EVE = '2'.repeat(64);

const NOTE = 'A note of some length, as people write them about each other';

let made = 0;
/** A contact as a request brings it. */
function contact(name: string, more: Record<string, unknown> = {}): NewContact {
  made += 1;
  const given = { contactId: `contact-${String(made).padStart(6, '0')}`, name, ...more };
  return CONTACT_REQUESTS['contact.put'].data.parse({ contacts: [given] }).contacts[0] as NewContact;
}

for (const engine of storeEngines()) {
  describe(`stored contacts (${engine.name})`, { skip: engine.skip }, () => {
    let dir: string;
    let store: Store;
    let contacts: ContactStore;
    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'canopy-contacts-'));
      store = await openStore(dir, { migrations: MIGRATIONS, url: await engine.newUrl() });
      contacts = new ContactStore(store);
    });
    afterEach(async () => {
      await store.close();
      rmSync(dir, { recursive: true });
    });
    after(() => engine.close());

    /** All names in pages of this size. */
    const names = async (search?: string, limit = 100, owner = OWNER) => {
      const found: string[] = [];
      let place: ContactPlace | undefined;
      do {
        const { contacts: page, next } = await contacts.list(owner, {
          search,
          after: place,
          limit,
          full: false,
        });
        found.push(...page.map(({ name }) => name));
        place = next;
      } while (place);
      return found;
    };

    it('are listed with favourites first, then by name whatever its case, accents and script, in pages of any size', async () => {
      const sorted = ['Zoë', 'ada', 'Ada', 'Bob', 'Élodie', 'eve', 'Ёлка', 'Жанна', '山田'];
      const favourites = new Set(['Zoë']);
      const shuffled = ['Жанна', 'eve', 'Zoë', '山田', 'ada', 'Bob', 'Ada', 'Ёлка', 'Élodie'];
      await contacts.put(
        OWNER,
        shuffled.map((name) => contact(name, { favourite: favourites.has(name) })),
      );
      await contacts.put(OTHER, [contact('Foreign')]);
      for (const limit of [1, 2, 4, 100]) {
        assert.deepEqual(await names(undefined, limit), sorted, `${limit} per page`);
      }
      assert.deepEqual(await names(undefined, 100, OTHER), ['Foreign']);
    });

    it('are found by words of their names, addresses and notes, and by digits of their numbers', async () => {
      await contacts.put(OWNER, [
        contact('Ada Lovelace', { emails: [{ address: 'ada@engine.example' }], note: 'Met in Berlin' }),
        contact('Пётр Ильич', { phones: [{ number: '+49 (30) 555-1234' }] }),
        contact('100% _wild', {}),
      ]);
      for (const [query, expected] of [
        ['lov', 'Ada Lovelace'],
        ['ada love', 'Ada Lovelace'],
        ['ADA@engine', 'Ada Lovelace'],
        ['berlin', 'Ada Lovelace'],
        ['петр', 'Пётр Ильич'],
        ['030 555', 'Пётр Ильич'],
        ['5551234', 'Пётр Ильич'],
        ['+49 30 5', 'Пётр Ильич'],
        ['wild', '100% _wild'],
      ] as const) {
        assert.deepEqual(await names(query), [expected], query);
      }
      for (const query of ['%', '_', '%%%', 'ovelace', "'; drop table contacts; --", '\\', '999']) {
        assert.deepEqual(await names(query), [], query);
      }
      assert.equal((await names('  ')).length, 3);
    });

    it('are found by account and by a name that looks the same', async () => {
      await contacts.put(OWNER, [
        contact('Ada Lovelace', { accounts: [{ accountId: ADA, sinceMs: 5 }] }),
        contact('Bob'),
      ]);
      const find = async (asked: { accountIds?: string[]; names?: string[] }) =>
        (await contacts.find(OWNER, { accountIds: [], names: [], ...asked })).map(({ name }) => name);
      assert.deepEqual(await find({ accountIds: [ADA, EVE] }), ['Ada Lovelace']);
      for (const name of ['ADA LOVELACE', 'Аdа Lоvеlасе', 'ada  lovelace', 'Ada-Lovelace', 'Ａda Love1ace']) {
        assert.deepEqual(await find({ names: [name] }), ['Ada Lovelace'], name);
      }
      assert.deepEqual(await find({ names: ['Ada', 'Adam Lovelace'], accountIds: [EVE] }), []);
      assert.deepEqual(await find({ names: ['BOB'], accountIds: [ADA] }), ['Ada Lovelace', 'Bob']);
      assert.deepEqual(await find({}), []);
      assert.deepEqual(await contacts.find(OTHER, { accountIds: [ADA], names: ['Bob'] }), []);
    });

    it('keep their vCard lines until others are given, and a revision guards against lost changes', async () => {
      const ada = contact('Ada', { vcard: ['FN:Ada', 'X-HAT;COLOUR=red:bowler'], ifRev: 0 });
      const [first] = await contacts.put(OWNER, [ada]);
      assert.equal(first?.vcard, undefined);
      const { vcard: _vcard, ...without } = ada;
      const renamed = { ...without, name: 'Ada L.', ifRev: first?.rev };
      const [second] = await contacts.put(OWNER, [renamed]);
      assert.ok((second?.rev ?? 0) > (first?.rev ?? 0));
      for (const ifRev of [first?.rev, 0]) {
        await assert.rejects(contacts.put(OWNER, [contact('Other'), { ...renamed, name: 'Lost', ifRev }]), {
          code: 'CONTACT_CHANGED',
        });
      }
      const { contacts: full } = await contacts.list(OWNER, { limit: 10, full: true });
      assert.deepEqual(
        full.map(({ name, vcard }) => [name, vcard]),
        [['Ada L.', ['FN:Ada', 'X-HAT;COLOUR=red:bowler']]],
      );
    });

    it('leave only ids and a revision when they are deleted, and come back with everything', async () => {
      const ada = contact('Ada', {
        note: 'secret',
        accounts: [{ accountId: ADA, sinceMs: 5 }],
        vcard: ['X-SECRET:1'],
      });
      const [stored] = await contacts.put(OWNER, [ada]);
      const deleted = await contacts.delete(OWNER, ada.contactId);
      assert.deepEqual(deleted, { ...stored, vcard: ['X-SECRET:1'] });
      assert.equal(await contacts.delete(OWNER, ada.contactId), undefined);
      assert.equal(await contacts.delete(OTHER, ada.contactId), undefined);
      assert.deepEqual(await names(), []);
      assert.deepEqual(await contacts.find(OWNER, { accountIds: [ADA], names: ['Ada'] }), []);
      const [row] = await store.db.selectFrom('contacts').selectAll().execute();
      assert.ok(row && row.deleted_at_ms !== null && row.rev > (stored?.rev ?? 0));
      assert.doesNotMatch(JSON.stringify(row), /secret|ada/i);
      await contacts.put(OWNER, [{ ...ada, ifRev: 0 }]);
      assert.deepEqual(await names('ada'), ['Ada']);
    });

    it('threat 46: their number and size per account are limited, and so are remembered deletions', async () => {
      contacts = new ContactStore(store, { contacts: 3, bytesEach: 2000, bytes: 4000, deletions: 2 });
      const kept = [contact('A'), contact('B'), contact('C')];
      await contacts.put(OWNER, kept);
      const full = { code: 'LIMIT_REACHED' };
      await assert.rejects(contacts.put(OWNER, [contact('D')]), full);
      const large = { note: 'x'.repeat(1200) };
      await assert.rejects(
        contacts.put(OWNER, [{ ...(kept[0] as NewContact), vcard: ['x'.repeat(2000)] }]),
        full,
      );
      await assert.rejects(
        contacts.put(
          OWNER,
          kept.map((each) => ({ ...each, ...large })),
        ),
        full,
      );
      assert.deepEqual(await names(), ['A', 'B', 'C']);
      await contacts.put(OTHER, [contact('D')]);
      for (const { contactId } of kept) {
        await contacts.delete(OWNER, contactId);
      }
      const tombstones = await store.db
        .selectFrom('contacts')
        .select('contact_id')
        .where('account_id', '=', OWNER)
        .orderBy('rev')
        .execute();
      assert.deepEqual(
        tombstones.map(({ contact_id }) => contact_id),
        kept.slice(1).map(({ contactId }) => contactId),
      );
      await contacts.put(OWNER, [contact('E')]);
    });

    it('move to the account that replaces theirs, unless that one has some already', async () => {
      const count = async (accountId: string) =>
        (await contacts.list(accountId, { limit: 100, full: false })).contacts.length;
      await contacts.put(OWNER, [contact('Ada', { accounts: [{ accountId: ADA, sinceMs: 5 }] })]);
      await contacts.put(OTHER, [contact('Bob')]);
      await contacts.replaceAccount(OWNER, OTHER);
      assert.deepEqual([await count(OWNER), await count(OTHER)], [1, 1]);
      await contacts.replaceAccount(OWNER, 'new');
      assert.deepEqual([await count(OWNER), await count('new')], [0, 1]);
    });

    it('go with their account, also from the index', async () => {
      await contacts.put(OWNER, [contact('Ada', { accounts: [{ accountId: ADA, sinceMs: 5 }] })]);
      await contacts.put(OTHER, [contact('Bob')]);
      await contacts.forgetAccount(OWNER);
      for (const table of ['contacts', 'contact_keys'] as const) {
        const rows = await store.db.selectFrom(table).select('account_id').execute();
        assert.deepEqual(new Set(rows.map(({ account_id }) => account_id)), new Set([OTHER]), table);
      }
    });

    it('answers stay below the limit of a connection, however much text there is', async () => {
      const text = 'ж'.repeat(20_000);
      for (let count = 0; count < 12; count += 1) {
        await contacts.put(OWNER, [contact(`Person ${count}`, { vcard: [`NOTE:${text}`] })]);
      }
      let place: ContactPlace | undefined;
      let seen = 0;
      do {
        const page = await contacts.list(OWNER, { after: place, limit: 100, full: true });
        assert.ok(Buffer.byteLength(JSON.stringify(page)) < 262_144);
        seen += page.contacts.length;
        place = page.next;
      } while (place);
      assert.equal(seen, 12);
    });

    it('10,000 of them are searched and listed quickly', async (t) => {
      await contacts.put(OWNER, [
        contact('Person 0', { phones: [{ number: '+49 30 1000000' }], note: NOTE }),
      ]);
      const [first] = await store.db.selectFrom('contacts').selectAll().execute();
      assert.ok(first);
      const rowOf = (index: number) => ({
        ...first,
        contact_id: `contact-many-${index}`,
        rev: index + 1,
        sort_key: `person ${index}`,
        search: first.search.replace('1000000', String(1_000_000 + index)),
      });
      for (let count = 1; count < 9999; count += 101) {
        const rows = Array.from({ length: Math.min(101, 9999 - count) }, (_, index) => rowOf(count + index));
        await store.db.insertInto('contacts').values(rows).execute();
      }
      for (const [what, work] of [
        ['search', () => names('1009998')],
        ['list', () => contacts.list(OWNER, { limit: 100, full: false })],
        ['find', () => contacts.find(OWNER, { accountIds: [ADA], names: ['Person 77'] })],
        ['put', () => contacts.put(OWNER, [contact('Person 1')])],
      ] as const) {
        const beganMs = performance.now();
        assert.ok(await work());
        const tookMs = performance.now() - beganMs;
        t.diagnostic(`${what}: ${tookMs.toFixed(1)} ms`);
        assert.ok(tookMs < 500, `${what} took ${tookMs} ms`);
      }
    });
  });
}
