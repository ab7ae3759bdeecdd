import type { DeviceRow } from './schema.ts';
import type { Store } from './store.ts';

/** How many devices of an account are remembered: who holds the account's key makes as many as they like. */
const MOST_DEVICES = 64;

/** The devices that have signed in, by account. */
export class Devices {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Notes that a device signed in. Forgets those of the account that were seen longest ago where there are over 64. */
  async seen({
    accountId,
    deviceId,
    nowMs,
  }: {
    accountId: string;
    deviceId: string;
    nowMs: number;
  }): Promise<void> {
    const { numUpdatedRows } = await this.#store.db
      .updateTable('devices')
      .set({ last_seen_at_ms: nowMs })
      .where('account_id', '=', accountId)
      .where('device_id', '=', deviceId)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows > 0n) {
      return;
    }
    const row = {
      account_id: accountId,
      device_id: deviceId,
      first_seen_at_ms: nowMs,
      last_seen_at_ms: nowMs,
    };
    await this.#store.db
      .insertInto('devices')
      .values(row)
      .onConflict((conflict) => conflict.columns(['account_id', 'device_id']).doNothing())
      .execute();
    const kept = this.#store.db
      .selectFrom('devices')
      .select('device_id')
      .where('account_id', '=', accountId)
      .orderBy('last_seen_at_ms', 'desc')
      .limit(MOST_DEVICES);
    await this.#store.db
      .deleteFrom('devices')
      .where('account_id', '=', accountId)
      .where('device_id', 'not in', kept)
      .execute();
  }

  /** The devices of these accounts, those that were seen last first. */
  async of(accountIds: string[]): Promise<DeviceRow[]> {
    return this.#store.db
      .selectFrom('devices')
      .selectAll()
      .where('account_id', 'in', accountIds)
      .orderBy('last_seen_at_ms', 'desc')
      .execute();
  }
}
