import { CanopyError, type Logger } from '../../../base/index.ts';
import { type Store, WriteBehind } from '../../store/index.ts';
import type { DeviceRow } from './tables.ts';

/** How many devices of an account are remembered. The holder of the account's key can create any number. */
const MAX_DEVICES = 64;

type DeviceChange = Partial<Pick<DeviceRow, 'name' | 'renewal_request' | 'renewed_certificate'>>;

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
  /** When the first unsaved one happened, Unix time in milliseconds. */
  firstMs: number;
}

/**
 * The devices that have signed in, by account. This is bookkeeping: a failed write does not prevent anyone from signing in.
 */
export class Devices {
  readonly #store: Store;
  readonly #signIns: WriteBehind<string, Unsaved>;

  constructor(store: Store, log?: Logger) {
    this.#store = store;
    this.#signIns = new WriteBehind({
      write: (batch) => this.#write(batch.map(([, signIn]) => signIn)),
      log,
      warning: 'cannot record when devices were last seen; trying again',
    });
  }

  /** Records that a device signed in. Of each account, only the 64 devices seen last are kept. */
  seen(signIn: SignIn): void {
    const key = `${signIn.accountId} ${signIn.deviceId}`;
    const firstMs = this.#signIns.unsaved.get(key)?.firstMs ?? signIn.nowMs;
    this.#signIns.put(key, { ...signIn, firstMs });
  }

  /** Tries to write unsaved sign-ins. Never rejects. */
  save(): Promise<void> {
    return this.#signIns.save();
  }

  /** The devices of these accounts, last seen first. */
  async of(accountIds: string[]): Promise<DeviceRow[]> {
    await this.save();
    if (accountIds.length === 0) {
      return [];
    }
    const rows = await this.#store.db
      .selectFrom('devices')
      .selectAll()
      .where('account_id', 'in', accountIds)
      .execute();
    const known = new Map(rows.map((row) => [`${row.account_id} ${row.device_id}`, row]));
    for (const [key, signIn] of this.#signIns.unsaved) {
      if (accountIds.includes(signIn.accountId)) {
        known.set(key, rowOf(signIn, known.get(key)));
      }
    }
    return [...known.values()].sort((a, b) => b.last_seen_at_ms - a.last_seen_at_ms);
  }

  /** One device of an account. @throws {CanopyError} IDENTITY_UNKNOWN */
  async require(accountId: string, deviceId: string): Promise<DeviceRow> {
    const found = (await this.of([accountId])).find(({ device_id }) => device_id === deviceId);
    if (!found) {
      throw new CanopyError('IDENTITY_UNKNOWN', 'no such device of this account');
    }
    return found;
  }

  /** Changes what is stored about a device; resolves once that is on disk. @throws {CanopyError} IDENTITY_UNKNOWN */
  async update(accountId: string, deviceId: string, change: DeviceChange): Promise<void> {
    await this.save();
    const { numUpdatedRows } = await this.#store.db
      .updateTable('devices')
      .set(change)
      .where('account_id', '=', accountId)
      .where('device_id', '=', deviceId)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) {
      throw new CanopyError('IDENTITY_UNKNOWN', 'no such device of this account');
    }
    await this.#store.sync();
  }

  /** Writes the remaining sign-ins. */
  close(): Promise<void> {
    return this.#signIns.close();
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
        if (account.numUpdatedRows === 0n) {
          continue;
        }
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
          .limit(MAX_DEVICES);
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
    name: before?.name ?? null,
    renewal_request: before?.renewal_request ?? null,
    renewed_certificate: before?.renewed_certificate ?? null,
  };
}
