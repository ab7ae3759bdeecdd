import { createHash, randomBytes } from 'node:crypto';
import { CanopyError } from '../../base/index.ts';
import type { Role } from '../protocol/index.ts';
import type { InvitationRow } from './schema.ts';
import type { Store } from './store.ts';

export interface NewInvitation {
  role: Role;
  roomId?: string | undefined;
  displayName?: string | undefined;
  /** Account that invites, or START; left out for the command line and the API key. */
  createdBy?: string | undefined;
  ttlSeconds: number;
}

/** Who made the link that the server prints while nobody has enrolled. */
export const START = 'start';

/** One-time invitations. Only hashes of the secrets are stored. */
export class Invitations {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** Makes an invitation; its secret (24 random bytes, base64url) is returned this once. */
  async create(invitation: NewInvitation): Promise<{ secret: string; expiresAtMs: number }> {
    const secret = randomBytes(24).toString('base64url');
    const nowMs = this.#now();
    const expiresAtMs = nowMs + invitation.ttlSeconds * 1000;
    await this.#store.db
      .insertInto('invitations')
      .values({
        secret_hash: hash(secret),
        role: invitation.role,
        room_id: invitation.roomId ?? null,
        display_name: invitation.displayName ?? null,
        created_by: invitation.createdBy ?? null,
        created_at_ms: nowMs,
        expires_at_ms: expiresAtMs,
        used_at_ms: null,
        used_by: null,
      })
      .execute();
    return { secret, expiresAtMs };
  }

  /** @throws CanopyError INVITE_UNKNOWN, INVITE_USED, INVITE_EXPIRED */
  async check(secret: string): Promise<InvitationRow> {
    const row = await this.#store.db
      .selectFrom('invitations')
      .selectAll()
      .where('secret_hash', '=', hash(secret))
      .executeTakeFirst();
    if (!row) {
      throw new CanopyError('INVITE_UNKNOWN');
    }
    if (row.used_at_ms !== null) {
      throw new CanopyError('INVITE_USED');
    }
    if (row.expires_at_ms <= this.#now()) {
      throw new CanopyError('INVITE_EXPIRED');
    }
    return row;
  }

  /**
   * Uses an invitation up for an account; of two at once only one succeeds.
   *
   * @throws CanopyError as check() does
   */
  async use(secret: string, accountId: string): Promise<InvitationRow> {
    const nowMs = this.#now();
    const row = await this.#store.db
      .updateTable('invitations')
      .set({ used_at_ms: nowMs, used_by: accountId })
      .where('secret_hash', '=', hash(secret))
      .where('used_at_ms', 'is', null)
      .where('expires_at_ms', '>', nowMs)
      .returningAll()
      .executeTakeFirst();
    if (row) {
      await this.#store.sync();
      return row;
    }
    await this.check(secret);
    throw new CanopyError('INVITE_USED');
  }

  /** Lets the unused invitations end that an account made, or START. */
  async expireFrom(accountId: string): Promise<void> {
    const nowMs = this.#now();
    await this.#store.db
      .updateTable('invitations')
      .set({ expires_at_ms: nowMs })
      .where('created_by', '=', accountId)
      .where('used_at_ms', 'is', null)
      .where('expires_at_ms', '>', nowMs)
      .execute();
  }

  /** Whether nobody was ever admitted: then an invitation is printed at start. */
  async isFirstStart(): Promise<boolean> {
    const account = await this.#store.db
      .selectFrom('accounts')
      .select('account_id')
      // The phone gateway enrols by itself.
      .where('role', '!=', 'bridge')
      .limit(1)
      .executeTakeFirst();
    return account === undefined;
  }
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
