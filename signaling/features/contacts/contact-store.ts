import { type RawBuilder, type SelectQueryBuilder, sql, type Transaction } from 'kysely';
import { CanopyError } from '../../../base/index.ts';
import type { Store, Tables } from '../../store/index.ts';
import { accountKey, columnsOf, contactOf, keysOf, nameKey, searchedParts } from './contact-rows.ts';
import type { Contact, NewContact } from './contract.ts';
import type { ContactRow } from './tables.ts';

/** Limits per account. */
export interface ContactLimits {
  contacts: number;
  /** Of one contact, and of all of an account, in bytes. */
  bytesEach: number;
  bytes: number;
  /** Number of deletions that are remembered. */
  deletions: number;
}

const LIMITS: ContactLimits = {
  contacts: 10_000,
  bytesEach: 98_304,
  bytes: 33_554_432,
  deletions: 10_000,
};
/** Maximum size of the texts in one answer, in bytes: connections have a limit for unsent data. */
const MAX_PAGE_BYTES = 200_000;
const MAX_FOUND = 100;
/** Rows that one statement inserts or deletes. */
const BATCH = 500;
/** The same for contacts, which have many columns. */
const WRITTEN_AT_ONCE = 50;
const SHORT_COLUMNS = [
  'account_id',
  'contact_id',
  'rev',
  'changed_at_ms',
  'deleted_at_ms',
  'rank',
  'sort_key',
  'search',
  'size',
  'data',
] as const;

/** A place in the list: rank, sort key and id of a contact. */
export type ContactPlace = readonly [rank: number, sortKey: string, contactId: string];

interface Page {
  search?: string | undefined;
  after?: ContactPlace | undefined;
  limit: number;
  full: boolean;
}

/** The tables of contacts. Every change of an account's contacts gets a revision of its own, in one transaction per request. */
export class ContactStore {
  readonly #store: Store;
  readonly #limits: ContactLimits;
  /** The last search. They run one after another, with time for others in between, since SQLite blocks this thread meanwhile. */
  #searching: Promise<unknown> = Promise.resolve();

  constructor(store: Store, limits: Partial<ContactLimits> = {}) {
    this.#store = store;
    this.#limits = { ...LIMITS, ...limits };
  }

  /** A page of the list, and where the next one begins. */
  async list(accountId: string, page: Page): Promise<{ contacts: Contact[]; next?: ContactPlace }> {
    if (page.search === undefined) {
      return this.#list(accountId, page);
    }
    const found = this.#searching.then(() => this.#list(accountId, page));
    this.#searching = found
      .catch(() => undefined)
      .then(() => new Promise((resolve) => setImmediate(resolve)));
    return found;
  }

  async #list(
    accountId: string,
    { search, after, limit, full }: Page,
  ): Promise<{ contacts: Contact[]; next?: ContactPlace }> {
    let query = this.#of(accountId);
    if (search !== undefined && search.trim() !== '') {
      const parts = searchedParts(search);
      if (parts.length === 0) {
        return { contacts: [] };
      }
      for (const part of parts) {
        query = query.where(this.#contains(part));
      }
    }
    if (after) {
      const place = sql.join(after.map((each) => sql`${each}`));
      query = query.where(sql<boolean>`(rank, sort_key, contact_id) > (${place})`);
    }
    const found = await query
      .select(SHORT_COLUMNS)
      .$if(full, (more) => more.select('vcard'))
      .orderBy('rank')
      .orderBy('sort_key')
      .orderBy('contact_id')
      .limit(limit + 1)
      .execute();
    const rows = fitting(found.slice(0, limit), full);
    const last = rows.at(-1);
    return {
      contacts: rows.map((row) => contactOf(row, full)),
      ...(last &&
        rows.length < found.length && {
          next: [last.rank, last.sort_key, last.contact_id] as const,
        }),
    };
  }

  /** Contacts who are known by these accounts, or whose names look like these. */
  async find(
    accountId: string,
    { accountIds, names }: { accountIds: readonly string[]; names: readonly string[] },
  ): Promise<Contact[]> {
    const keys = [...new Set([...accountIds.map(accountKey), ...names.map(nameKey)])];
    if (keys.length === 0) {
      return [];
    }
    const rows = await this.#of(accountId)
      .where('contact_id', 'in', ({ selectFrom }) =>
        selectFrom('contact_keys')
          .select('contact_id')
          .where('account_id', '=', accountId)
          .where('key', 'in', keys),
      )
      .select(SHORT_COLUMNS)
      .orderBy('rank')
      .orderBy('sort_key')
      .orderBy('contact_id')
      .limit(MAX_FOUND)
      .execute();
    return fitting(rows, false).map((row) => contactOf(row, false));
  }

  /**
   * Creates or replaces contacts, all of them or none.
   *
   * @throws {CanopyError} CONTACT_CHANGED - one does not have the expected revision
   * @throws {CanopyError} LIMIT_REACHED - too many, or too large
   */
  put(accountId: string, contacts: readonly NewContact[], nowMs = Date.now()): Promise<Contact[]> {
    return this.#change(accountId, async (db, firstRev) => {
      const rows: ContactRow[] = [];
      for (const part of withoutRepeats(contacts)) {
        rows.push(...(await this.#write(db, accountId, part, { firstRev: firstRev + rows.length, nowMs })));
      }
      await this.#checkLimits(db, accountId);
      return rows.map((row) => contactOf(row, false));
    });
  }

  /** Deletes a contact and remembers the deletion. Returns it as it was; undefined if there was none. */
  async delete(accountId: string, contactId: string, nowMs = Date.now()): Promise<Contact | undefined> {
    const [deleted] = await this.deleteAll(accountId, [contactId], nowMs);
    return deleted;
  }

  /** Deletes contacts, as far as they exist, and remembers that. Returns them as they were. */
  deleteAll(accountId: string, contactIds: readonly string[], nowMs = Date.now()): Promise<Contact[]> {
    return this.#change(accountId, async (db, firstRev) => {
      const known = await this.#rows(db, accountId, contactIds);
      const rows = [...known.values()].filter(({ deleted_at_ms }) => deleted_at_ms === null);
      for (const [index, { contact_id }] of rows.entries()) {
        await db
          .updateTable('contacts')
          .set({
            rev: firstRev + index,
            changed_at_ms: nowMs,
            deleted_at_ms: nowMs,
            rank: 1,
            sort_key: '',
            search: '',
            size: 0,
            data: '{}',
            vcard: '[]',
          })
          .where('account_id', '=', accountId)
          .where('contact_id', '=', contact_id)
          .execute();
      }
      if (rows.length > 0) {
        await this.#forgetKeys(db, accountId, contactIds);
        await this.#forgetDeletions(db, accountId);
      }
      return rows.map((row) => contactOf(row, true));
    });
  }

  /** What was changed or deleted after a revision, and the latest revision. */
  async changesSince(
    accountId: string,
    rev: number,
  ): Promise<{ rev: number; changes: Array<{ contactId: string; rev: number; isDeleted: boolean }> }> {
    const rows = await this.#store.db
      .selectFrom('contacts')
      .select(['contact_id', 'rev', 'deleted_at_ms'])
      .where('account_id', '=', accountId)
      .where('rev', '>', rev)
      .orderBy('rev')
      .execute();
    return {
      rev: Number(rows.at(-1)?.rev ?? rev),
      changes: rows.map((row) => ({
        contactId: row.contact_id,
        rev: Number(row.rev),
        isDeleted: row.deleted_at_ms !== null,
      })),
    };
  }

  /** Contacts by their ids, with their vCards. */
  async byIds(accountId: string, contactIds: readonly string[]): Promise<Map<string, Contact>> {
    if (contactIds.length === 0) {
      return new Map();
    }
    const rows = await this.#of(accountId)
      .where('contact_id', 'in', contactIds)
      .select([...SHORT_COLUMNS, 'vcard'])
      .execute();
    return new Map(rows.map((row) => [row.contact_id, contactOf(row, true)]));
  }

  /** Gives the contacts of an account to another one, unless that one has contacts already. */
  async replaceAccount(from: string, to: string): Promise<void> {
    await this.#store.transaction(
      async (db) => {
        const theirs = await db
          .selectFrom('contacts')
          .select('contact_id')
          .where('account_id', '=', to)
          .limit(1)
          .executeTakeFirst();
        if (!theirs) {
          const changes = { account_id: to };
          await db.updateTable('contact_keys').set(changes).where('account_id', '=', from).execute();
          await db.updateTable('contacts').set(changes).where('account_id', '=', from).execute();
        }
      },
      `contacts ${from}`,
      `contacts ${to}`,
    );
  }

  /** Deletes all contacts of an account, without a trace. */
  async forgetAccount(accountId: string): Promise<void> {
    await this.#store.transaction(async (db) => {
      await db.deleteFrom('contact_keys').where('account_id', '=', accountId).execute();
      await db.deleteFrom('contacts').where('account_id', '=', accountId).execute();
    }, `contacts ${accountId}`);
  }

  #of(accountId: string): SelectQueryBuilder<Tables, 'contacts', object> {
    return this.#store.db
      .selectFrom('contacts')
      .where('account_id', '=', accountId)
      .where('deleted_at_ms', 'is', null);
  }

  /** Much faster than LIKE in SQLite, which blocks this thread meanwhile. */
  #contains(part: string): RawBuilder<boolean> {
    return this.#store.engine === 'sqlite'
      ? sql`instr(search, ${part}) > 0`
      : sql`strpos(search, ${part}) > 0`;
  }

  /** Runs `work` in a transaction with the account's next revision. */
  #change<T>(accountId: string, work: (db: Transaction<Tables>, rev: number) => Promise<T>): Promise<T> {
    return this.#store.transaction(async (db) => {
      const { rev } = await db
        .selectFrom('contacts')
        .select(({ fn }) => fn.max('rev').as('rev'))
        .where('account_id', '=', accountId)
        .executeTakeFirstOrThrow();
      return work(db, Number(rev ?? 0) + 1);
    }, `contacts ${accountId}`);
  }

  async #rows(
    db: Transaction<Tables>,
    accountId: string,
    contactIds: readonly string[],
  ): Promise<Map<string, ContactRow>> {
    // PostgreSQL rejects an empty list.
    if (contactIds.length === 0) {
      return new Map();
    }
    const rows = await db
      .selectFrom('contacts')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('contact_id', 'in', contactIds)
      .execute();
    return new Map(rows.map((row) => [row.contact_id, row]));
  }

  /** Writes different contacts, with one statement of a kind: thousands come at once from an address book. */
  async #write(
    db: Transaction<Tables>,
    accountId: string,
    contacts: readonly NewContact[],
    { firstRev, nowMs }: { firstRev: number; nowMs: number },
  ): Promise<ContactRow[]> {
    const ids = contacts.map(({ contactId }) => contactId);
    const known = await this.#rows(db, accountId, ids);
    const rows = contacts.map(({ contactId, ifRev, vcard, ...fields }, index) => {
      const row = known.get(contactId);
      const current = row?.deleted_at_ms === null ? row : undefined;
      if (ifRev !== undefined && ifRev !== Number(current?.rev ?? 0)) {
        throw new CanopyError('CONTACT_CHANGED', `contact ${contactId}`);
      }
      const columns = columnsOf(fields, vcard ?? (current ? JSON.parse(current.vcard) : []));
      if (columns.size > this.#limits.bytesEach) {
        throw new CanopyError('LIMIT_REACHED', `a contact may have ${this.#limits.bytesEach} bytes`);
      }
      return {
        account_id: accountId,
        contact_id: contactId,
        ...columns,
        rev: firstRev + index,
        changed_at_ms: nowMs,
        deleted_at_ms: null,
      };
    });
    await db
      .insertInto('contacts')
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(['account_id', 'contact_id']).doUpdateSet(({ ref }) => ({
          rev: ref('excluded.rev'),
          changed_at_ms: ref('excluded.changed_at_ms'),
          deleted_at_ms: ref('excluded.deleted_at_ms'),
          rank: ref('excluded.rank'),
          sort_key: ref('excluded.sort_key'),
          search: ref('excluded.search'),
          size: ref('excluded.size'),
          data: ref('excluded.data'),
          vcard: ref('excluded.vcard'),
        })),
      )
      .execute();
    await this.#forgetKeys(db, accountId, ids);
    const keys = contacts.flatMap(({ contactId, ...fields }) =>
      keysOf(fields).map((key) => ({ account_id: accountId, key, contact_id: contactId })),
    );
    for (let at = 0; at < keys.length; at += BATCH) {
      await db
        .insertInto('contact_keys')
        .values(keys.slice(at, at + BATCH))
        .execute();
    }
    return rows;
  }

  async #checkLimits(db: Transaction<Tables>, accountId: string): Promise<void> {
    const { contacts, bytes } = this.#limits;
    const kept = await db
      .selectFrom('contacts')
      .select(({ fn }) => [fn.countAll().as('contacts'), fn.sum('size').as('bytes')])
      .where('account_id', '=', accountId)
      .where('deleted_at_ms', 'is', null)
      .executeTakeFirstOrThrow();
    if (Number(kept.contacts) > contacts) {
      throw new CanopyError('LIMIT_REACHED', `an account may have ${contacts} contacts`);
    }
    if (Number(kept.bytes ?? 0) > bytes) {
      throw new CanopyError('LIMIT_REACHED', `the contacts of an account may have ${bytes} bytes`);
    }
  }

  async #forgetKeys(
    db: Transaction<Tables>,
    accountId: string,
    contactIds: readonly string[],
  ): Promise<void> {
    await db
      .deleteFrom('contact_keys')
      .where('account_id', '=', accountId)
      .where('contact_id', 'in', contactIds)
      .execute();
  }

  /** Forgets the oldest deletions beyond the limit. The latest revision is never among them. */
  async #forgetDeletions(db: Transaction<Tables>, accountId: string): Promise<void> {
    const tooOld = await db
      .selectFrom('contacts')
      .select('rev')
      .where('account_id', '=', accountId)
      .where('deleted_at_ms', 'is not', null)
      .orderBy('rev', 'desc')
      .offset(this.#limits.deletions)
      .limit(BATCH)
      .execute();
    const [latest] = tooOld;
    if (latest) {
      await db
        .deleteFrom('contacts')
        .where('account_id', '=', accountId)
        .where('deleted_at_ms', 'is not', null)
        .where('rev', '<=', latest.rev)
        .execute();
    }
  }
}

/** Parts of a list, none of which has a contact twice; each is written with one statement. */
function withoutRepeats(contacts: readonly NewContact[]): NewContact[][] {
  const parts: NewContact[][] = [];
  let ids = new Set<string>();
  for (const contact of contacts) {
    const part = parts.at(-1);
    if (!part || ids.has(contact.contactId) || part.length === WRITTEN_AT_ONCE) {
      parts.push([contact]);
      ids = new Set();
    } else {
      part.push(contact);
    }
    ids.add(contact.contactId);
  }
  return parts;
}

/** The first rows, up to a size in bytes; at least one. */
function fitting<R extends { data: string; vcard?: string | undefined }>(rows: R[], full: boolean): R[] {
  let bytes = 0;
  const end = rows.findIndex(({ data, vcard = '' }, index) => {
    bytes += Buffer.byteLength(full ? data + vcard : data);
    return index > 0 && bytes > MAX_PAGE_BYTES;
  });
  return end === -1 ? rows : rows.slice(0, end);
}
