import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { CanopyError } from '../../../../../base/index.ts';
import type { Store } from '../../../../store/index.ts';
import type { RecordingShareRow } from './tables.ts';

const DAY_MS = 86_400_000;
/** Length of a secret, in bytes. */
const SECRET_BYTES = 32;
/** Maximum number of valid links. */
const MAX_PER_RECORDING = 20;

/** Links to recordings. Only hashes of their secrets are stored; a link goes with its recording. */
export class Shares {
  readonly #store: Store;
  readonly #now: () => number;

  /** @param now Unix time in milliseconds */
  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** @throws {CanopyError} LIMIT_REACHED - the recording has too many valid links */
  async create(share: {
    recordingId: string;
    accountId: string;
    displayName: string;
    days: number;
  }): Promise<{ row: RecordingShareRow; secret: string }> {
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const nowMs = this.#now();
    const row: RecordingShareRow = {
      share_id: randomUUID(),
      recording_id: share.recordingId,
      secret_hash: hashOf(secret),
      account_id: share.accountId,
      display_name: share.displayName,
      created_at_ms: nowMs,
      expires_at_ms: nowMs + share.days * DAY_MS,
    };
    await this.#store.transaction(async (db) => {
      await db.deleteFrom('recording_shares').where('expires_at_ms', '<=', nowMs).execute();
      const { count } = await db
        .selectFrom('recording_shares')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('recording_id', '=', share.recordingId)
        .executeTakeFirstOrThrow();
      if (Number(count) >= MAX_PER_RECORDING) {
        throw new CanopyError('LIMIT_REACHED', `at most ${MAX_PER_RECORDING} links to a recording`);
      }
      await db.insertInto('recording_shares').values(row).execute();
    }, `recording links ${share.recordingId}`);
    return { row, secret };
  }

  /** The valid links to a recording, oldest first. */
  async of(recordingId: string): Promise<RecordingShareRow[]> {
    return this.#store.db
      .selectFrom('recording_shares')
      .selectAll()
      .where('recording_id', '=', recordingId)
      .where('expires_at_ms', '>', this.#now())
      .orderBy('created_at_ms')
      .orderBy('share_id')
      .execute();
  }

  /** The valid link with this secret. */
  find(secret: string): Promise<RecordingShareRow | undefined> {
    return this.#valid('secret_hash', hashOf(secret));
  }

  /** The valid link with this id. */
  byId(shareId: string): Promise<RecordingShareRow | undefined> {
    return this.#valid('share_id', shareId);
  }

  async withdraw(recordingId: string, shareId: string): Promise<void> {
    await this.#store.db
      .deleteFrom('recording_shares')
      .where('recording_id', '=', recordingId)
      .where('share_id', '=', shareId)
      .execute();
  }

  async replaceAccount(from: string, to: string): Promise<void> {
    await this.#store.db
      .updateTable('recording_shares')
      .set({ account_id: to })
      .where('account_id', '=', from)
      .execute();
  }

  /** Withdraws the links that an account made. */
  async forgetAccount(accountId: string): Promise<void> {
    await this.#store.db.deleteFrom('recording_shares').where('account_id', '=', accountId).execute();
  }

  #valid(column: 'secret_hash' | 'share_id', value: string): Promise<RecordingShareRow | undefined> {
    return this.#store.db
      .selectFrom('recording_shares')
      .selectAll()
      .where(column, '=', value)
      .where('expires_at_ms', '>', this.#now())
      .executeTakeFirst();
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
