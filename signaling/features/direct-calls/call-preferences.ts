import { CanopyError } from '../../../base/index.ts';
import { moveRows, type Store } from '../../store/index.ts';
import type { CallSettings } from './contract.ts';
import type { Forwarding } from './forwarding.ts';
import type { CallSettingsRow } from './tables.ts';

export interface Blocked {
  accountId: string;
  displayName: string;
}

const DEFAULTS: CallSettings = { callsFrom: 'everyone', doNotDisturb: false, historyDays: 90 };
/** Maximum number of accounts that one account has barred. */
const MAX_BLOCKED = 500;

/** Who may call each account, and the accounts that can be called by an alias. */
export class CallPreferences {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The settings of an account that is signed in. From its first time on, it can be called by its alias. */
  async open({ accountId, alias }: { accountId: string; alias: string }): Promise<CallSettings> {
    const row = await this.#read(accountId);
    const settings = settingsOf(row);
    if (row?.alias !== alias) {
      await this.#store.db
        .insertInto('call_settings')
        .values({ account_id: accountId, alias, ...columnsOf(settings) })
        .onConflict((conflict) => conflict.column('account_id').doUpdateSet({ alias }))
        .execute();
    }
    return settings;
  }

  async of(accountId: string): Promise<CallSettings> {
    return settingsOf(await this.#read(accountId));
  }

  /** The account with this alias; undefined if none or several have it. */
  async byAlias(alias: string): Promise<string | undefined> {
    const rows = await this.#store.db
      .selectFrom('call_settings')
      .select('account_id')
      .where('alias', '=', alias)
      .limit(2)
      .execute();
    return rows.length === 1 ? rows[0]?.account_id : undefined;
  }

  async change(
    account: { accountId: string; alias: string },
    change: { [Name in keyof CallSettings]?: CallSettings[Name] | undefined },
  ): Promise<CallSettings> {
    const settings = { ...(await this.open(account)) };
    Object.assign(
      settings,
      Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
    );
    await this.#store.db
      .updateTable('call_settings')
      .set(columnsOf(settings))
      .where('account_id', '=', account.accountId)
      .execute();
    return settings;
  }

  async isBlocked(accountId: string, callerId: string): Promise<boolean> {
    const row = await this.#store.db
      .selectFrom('call_blocks')
      .select('blocked_id')
      .where('account_id', '=', accountId)
      .where('blocked_id', '=', callerId)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** The accounts that this one has barred, latest first. */
  async blocked(accountId: string): Promise<Blocked[]> {
    const rows = await this.#store.db
      .selectFrom('call_blocks')
      .selectAll()
      .where('account_id', '=', accountId)
      .orderBy('blocked_at_ms', 'desc')
      .orderBy('blocked_id')
      .execute();
    return rows.map(({ blocked_id, blocked_name }) => ({ accountId: blocked_id, displayName: blocked_name }));
  }

  /** @throws {CanopyError} LIMIT_REACHED */
  async block(accountId: string, { accountId: blocked_id, displayName }: Blocked): Promise<void> {
    if ((await this.blocked(accountId)).length >= MAX_BLOCKED) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_BLOCKED} barred people`);
    }
    await this.#store.db
      .insertInto('call_blocks')
      .values({ account_id: accountId, blocked_id, blocked_name: displayName, blocked_at_ms: Date.now() })
      .onConflict((conflict) => conflict.columns(['account_id', 'blocked_id']).doNothing())
      .execute();
  }

  async unblock(accountId: string, blockedId: string): Promise<void> {
    await this.#store.db
      .deleteFrom('call_blocks')
      .where('account_id', '=', accountId)
      .where('blocked_id', '=', blockedId)
      .execute();
  }

  /** Gives the settings of an account and whom it has barred to another one, and bars that one where the first is barred. */
  async replaceAccount(from: string, to: string): Promise<void> {
    await this.#store.transaction(async (db) => {
      await moveRows(db, 'call_blocks', 'blocked_id', { from, to });
      const barring = await db.selectFrom('call_blocks').selectAll().where('blocked_id', '=', from).execute();
      for (const row of barring) {
        await db
          .insertInto('call_blocks')
          .values({ ...row, blocked_id: to })
          .onConflict((conflict) => conflict.columns(['account_id', 'blocked_id']).doNothing())
          .execute();
      }
      const settings = await db
        .selectFrom('call_settings')
        .selectAll()
        .where('account_id', '=', from)
        .executeTakeFirst();
      if (settings) {
        await db.deleteFrom('call_settings').where('account_id', 'in', [from, to]).execute();
        // The alias is that of the account's key: the new one's is not known before it signs in.
        await db
          .insertInto('call_settings')
          .values({ ...settings, account_id: to, alias: '' })
          .execute();
      }
    });
  }

  /** Deletes what is stored about an account. */
  async forgetAccount(accountId: string): Promise<void> {
    await this.#store.transaction(async (db) => {
      await db.deleteFrom('call_settings').where('account_id', '=', accountId).execute();
      await db
        .deleteFrom('call_blocks')
        .where(({ eb, or }) => or([eb('account_id', '=', accountId), eb('blocked_id', '=', accountId)]))
        .execute();
    });
  }

  #read(accountId: string): Promise<CallSettingsRow | undefined> {
    return this.#store.db
      .selectFrom('call_settings')
      .selectAll()
      .where('account_id', '=', accountId)
      .executeTakeFirst();
  }
}

function settingsOf(row: CallSettingsRow | undefined): CallSettings {
  return row === undefined
    ? DEFAULTS
    : {
        callsFrom: row.calls_from,
        doNotDisturb: row.do_not_disturb === 1,
        historyDays: row.history_days as CallSettings['historyDays'],
        ...(row.withhold_number === 1 && { withholdNumber: true }),
        ...(row.forwarding !== null && { forwarding: JSON.parse(row.forwarding) as Forwarding }),
      };
}

function columnsOf({ callsFrom, doNotDisturb, historyDays, withholdNumber, forwarding }: CallSettings) {
  return {
    calls_from: callsFrom,
    do_not_disturb: doNotDisturb ? 1 : 0,
    history_days: historyDays,
    withhold_number: withholdNumber ? 1 : 0,
    forwarding: forwarding && Object.keys(forwarding).length > 0 ? JSON.stringify(forwarding) : null,
  };
}
