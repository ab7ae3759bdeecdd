import type { SavedRegistrations } from '../../../contract/index.ts';
import type { Store } from '../../store/index.ts';

/** Maximum number of phones on a page. */
const PAGE_PHONES = 100;
/** A page ends with the phone that exceeds this length, in characters. */
const PAGE_LENGTH = 100_000;

/** Registrations of phones and at trunks, saved by the gateway for its next start. There is at most one row per phone and trunk. */
export class SavedRegistrationStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Saves registrations. Ignores phones and trunks that do not exist, e.g. because they were deleted at the same time. */
  async save({ phones, trunks }: SavedRegistrations): Promise<void> {
    await this.#store.transaction(async (db) => {
      for (const { username, bindings } of phones) {
        const found = await db
          .selectFrom('sip_phones')
          .select('username')
          .where('username', '=', username)
          .executeTakeFirst();
        if (!found || bindings.length === 0) {
          await db.deleteFrom('saved_bindings').where('username', '=', username).execute();
          continue;
        }
        const row = {
          bindings: JSON.stringify(bindings),
          expires_at_ms: Math.max(...bindings.map(({ expiresAtMs }) => expiresAtMs)),
        };
        await db
          .insertInto('saved_bindings')
          .values({ username, ...row })
          .onConflict((conflict) => conflict.column('username').doUpdateSet(row))
          .execute();
      }
      for (const { trunk, registration } of trunks) {
        const found = await db
          .selectFrom('sip_trunks')
          .select('name')
          .where('name', '=', trunk)
          .executeTakeFirst();
        if (!found || !registration) {
          await db.deleteFrom('saved_trunk_registrations').where('trunk', '=', trunk).execute();
          continue;
        }
        const { instance, callId, sequence, addresses, expiresAtMs } = registration;
        const row = {
          instance,
          call_id: callId,
          sequence,
          addresses: JSON.stringify(addresses),
          expires_at_ms: expiresAtMs,
        };
        await db
          .insertInto('saved_trunk_registrations')
          .values({ trunk, ...row })
          .onConflict((conflict) => conflict.column('trunk').doUpdateSet(row))
          .execute();
      }
    }, 'saved registrations');
  }

  /** A page of the registrations that have not expired, phones by name; without `after` the first one, which has those at trunks. */
  async load(nowMs: number, after?: string): Promise<SavedRegistrations & { next: string | null }> {
    const { db } = this.#store;
    if (after === undefined) {
      await db.deleteFrom('saved_bindings').where('expires_at_ms', '<=', nowMs).execute();
    }
    const rows = await db
      .selectFrom('saved_bindings')
      .selectAll()
      .where('username', '>', after ?? '')
      .orderBy('username')
      .limit(PAGE_PHONES)
      .execute();
    let length = 0;
    let count = 0;
    while (count < rows.length && length < PAGE_LENGTH) {
      length += rows[count++]?.bindings.length ?? 0;
    }
    const page = rows.slice(0, count);
    const isLast = count === rows.length && rows.length < PAGE_PHONES;
    return {
      phones: page.map(({ username, bindings }) => ({ username, bindings: JSON.parse(bindings) })),
      trunks: after === undefined ? await this.#trunks() : [],
      next: isLast ? null : (page.at(-1)?.username ?? null),
    };
  }

  /** An expired registration is still of use: its Call-ID and CSeq are continued. */
  async #trunks(): Promise<SavedRegistrations['trunks']> {
    const rows = await this.#store.db
      .selectFrom('saved_trunk_registrations')
      .selectAll()
      .limit(500)
      .execute();
    return rows.map(({ trunk, instance, call_id, sequence, addresses, expires_at_ms }) => ({
      trunk,
      registration: {
        instance,
        callId: call_id,
        sequence,
        addresses: JSON.parse(addresses),
        expiresAtMs: expires_at_ms,
      },
    }));
  }
}
