import { CanopyError } from '../../../base/index.ts';
import type { Store } from '../../store/index.ts';
import type { PushSubscriptionRow } from './tables.ts';

/** How many devices of an account are notified. */
const MAX_DEVICES = 16;

export interface Subscription {
  readonly deviceId: string;
  readonly accountId: string;
  readonly endpoint: string;
  readonly keys: { readonly p256dh: string; readonly auth: string };
}

/** Which devices are notified, and where. All are kept in memory, so that a call need not wait for the database. */
export class Subscriptions {
  readonly #store: Store;
  readonly #byAccount = new Map<string, Map<string, Subscription>>();

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {
    for (const row of await this.#store.db.selectFrom('push_subscriptions').selectAll().execute()) {
      const { device_id: deviceId, account_id: accountId, endpoint, p256dh, auth } = row;
      this.#keep({ deviceId, accountId, endpoint, keys: { p256dh, auth } });
    }
  }

  get size(): number {
    return [...this.#byAccount.values()].reduce((sum, { size }) => sum + size, 0);
  }

  of(accountId: string): Subscription[] {
    return [...(this.#byAccount.get(accountId)?.values() ?? [])];
  }

  /** Replaces the device's subscription. @throws {CanopyError} LIMIT_REACHED, STORE_BUSY, STORE_UNWRITABLE */
  async put(subscription: Subscription): Promise<void> {
    const { deviceId, accountId, endpoint, keys } = subscription;
    const devices = this.#byAccount.get(accountId);
    if (devices && !devices.has(deviceId) && devices.size >= MAX_DEVICES) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_DEVICES} devices of an account are notified`);
    }
    const row: Omit<PushSubscriptionRow, 'device_id'> = { account_id: accountId, endpoint, ...keys };
    await this.#store.db
      .insertInto('push_subscriptions')
      .values({ device_id: deviceId, ...row })
      .onConflict((conflict) => conflict.column('device_id').doUpdateSet(row))
      .execute();
    this.#keep(subscription);
  }

  async remove({ accountId, deviceId }: Pick<Subscription, 'accountId' | 'deviceId'>): Promise<void> {
    const devices = this.#byAccount.get(accountId);
    devices?.delete(deviceId);
    if (devices?.size === 0) {
      this.#byAccount.delete(accountId);
    }
    await this.#store.db.deleteFrom('push_subscriptions').where('device_id', '=', deviceId).execute();
  }

  async removeAccount(accountId: string): Promise<void> {
    this.#byAccount.delete(accountId);
    await this.#store.db.deleteFrom('push_subscriptions').where('account_id', '=', accountId).execute();
  }

  #keep(subscription: Subscription): void {
    const { accountId, deviceId } = subscription;
    const devices = this.#byAccount.get(accountId) ?? new Map<string, Subscription>();
    devices.set(deviceId, subscription);
    this.#byAccount.set(accountId, devices);
  }
}
