import type { Logger } from '../../base/index.ts';
import type { DeviceRow } from './schema.ts';
import type { Store } from './store.ts';

/** How many devices of an account are remembered: who holds the account's key makes as many as they like. */
const MOST_DEVICES = 64;
/** Maximum number of unsaved sign-ins; beyond it, the oldest are dropped. */
const MOST_UNSAVED = 10_000;
/** Sign-ins written per transaction; a transaction blocks everybody. */
const BATCH = 100;
/** How long sign-ins are collected before they are written, and the delay after a failure, in milliseconds. */
const SAVE_MILLISECONDS = 1000;
const RETRY_MILLISECONDS = 10_000;

interface SignIn {
  accountId: string;
  deviceId: string;
  /** The client's self-reported name. */
  userAgent?: string | undefined;
  /** Unix time in milliseconds. */
  nowMs: number;
}

/** The latest unsaved sign-in of a device. */
interface Unsaved extends SignIn {
  /** When the first unsaved one happened, as Unix time in milliseconds. */
  firstMs: number;
}

/**
 * The devices that have signed in, by account. This is bookkeeping: writes are batched, a failed write (e.g. on a full disk) is retried
 * later, and nobody is kept out because of it.
 */
export class Devices {
  readonly #store: Store;
  readonly #log: Logger | undefined;
  readonly #unsaved = new Map<string, Unsaved>();
  #saving: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failing = false;

  constructor(store: Store, log?: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Notes that a device signed in. Forgets those of the account that were seen longest ago where there are over 64. */
  seen(signIn: SignIn): void {
    const key = `${signIn.accountId} ${signIn.deviceId}`;
    const firstMs = this.#unsaved.get(key)?.firstMs ?? signIn.nowMs;
    // Re-inserted at the end of the map's order.
    this.#unsaved.delete(key);
    this.#unsaved.set(key, { ...signIn, firstMs });
    if (this.#unsaved.size > MOST_UNSAVED) {
      const [oldest = ''] = this.#unsaved.keys();
      this.#unsaved.delete(oldest);
    }
    this.#saveSoon(SAVE_MILLISECONDS);
  }

  /** Writes unsaved sign-ins as far as possible. Never rejects. */
  save(): Promise<void> {
    this.#saving ??= this.#save().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  /** The devices of these accounts, those that were seen last first. */
  async of(accountIds: string[]): Promise<DeviceRow[]> {
    await this.save();
    if (accountIds.length === 0) return [];
    const rows = await this.#store.db
      .selectFrom('devices')
      .selectAll()
      .where('account_id', 'in', accountIds)
      .execute();
    const known = new Map(rows.map((row) => [`${row.account_id} ${row.device_id}`, row]));
    for (const [key, signIn] of this.#unsaved) {
      if (accountIds.includes(signIn.accountId)) known.set(key, rowOf(signIn, known.get(key)));
    }
    return [...known.values()].sort((a, b) => b.last_seen_at_ms - a.last_seen_at_ms);
  }

  /** Writes the remaining sign-ins. */
  async close(): Promise<void> {
    await this.save();
    clearTimeout(this.#timer);
  }

  #saveSoon(delayMs: number): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.save();
    }, delayMs);
    this.#timer.unref();
  }

  async #save(): Promise<void> {
    while (this.#unsaved.size > 0) {
      const batch = [...this.#unsaved].slice(0, BATCH);
      try {
        await this.#write(batch.map(([, signIn]) => signIn));
        this.#failing = false;
      } catch (error) {
        // Each period of failure is logged once.
        if (!this.#failing)
          this.#log?.warn({ err: error }, 'when devices were seen last cannot be written down');
        this.#failing = true;
        this.#saveSoon(RETRY_MILLISECONDS);
        return;
      }
      for (const [key, signIn] of batch) {
        if (this.#unsaved.get(key) === signIn) this.#unsaved.delete(key);
      }
      // Lets other work run in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #write(signIns: Unsaved[]): Promise<void> {
    await this.#store.db.transaction().execute(async (transaction) => {
      for (const signIn of signIns) {
        const { accountId, deviceId, nowMs } = signIn;
        const account = await transaction
          .updateTable('accounts')
          .set({ last_seen_at_ms: nowMs })
          .where('account_id', '=', accountId)
          .executeTakeFirstOrThrow();
        if (account.numUpdatedRows === 0n) continue;
        const row = rowOf(signIn);
        const { last_seen_at_ms, user_agent } = row;
        await transaction
          .insertInto('devices')
          .values(row)
          .onConflict((conflict) =>
            conflict.columns(['account_id', 'device_id']).doUpdateSet({ last_seen_at_ms, user_agent }),
          )
          .execute();
        const kept = transaction
          .selectFrom('devices')
          .select('device_id')
          .where('account_id', '=', accountId)
          .orderBy('last_seen_at_ms', 'desc')
          .limit(MOST_DEVICES);
        await transaction
          .deleteFrom('devices')
          .where('account_id', '=', accountId)
          .where('device_id', '!=', deviceId)
          .where('device_id', 'not in', kept)
          .execute();
      }
    });
  }
}

function rowOf({ accountId, deviceId, userAgent, nowMs, firstMs }: Unsaved, before?: DeviceRow): DeviceRow {
  return {
    account_id: accountId,
    device_id: deviceId,
    first_seen_at_ms: before?.first_seen_at_ms ?? firstMs,
    last_seen_at_ms: nowMs,
    user_agent: userAgent ?? null,
  };
}
