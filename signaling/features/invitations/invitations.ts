import { createHash, randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import { CanopyError } from '../../../base/index.ts';
import type { InvitationInfo, Role } from '../../../contract/index.ts';
import { GATEWAY_UNIT } from '../../../contract/x509/index.ts';
import { type EnrollingAccount, Hook, isAddressMark } from '../../kernel/index.ts';
import { latestFirst, type Page, type Store, type Tables } from '../../store/index.ts';
import type { InvitationRow } from './tables.ts';

export interface NewInvitation {
  role: Role;
  roomId?: string | undefined;
  displayName?: string | undefined;
  /** The inviting account, START, or a feature’s own mark; omitted for the command line and the API key. */
  createdBy?: string | undefined;
  ttlSeconds: number;
  /** Whether it is for the server's own phone gateway. Default false. */
  isGateway?: boolean;
  /** The room link through which this person was admitted, or the addressMark() of the room. */
  linkId?: string;
}

/** Maximum number of open invitations per account, and of used or expired ones that are kept. */
const MAX_OPEN = 100;
const MAX_FINISHED = 1000;

/** How long an account can repeat its enrolment with an invitation, in milliseconds. The first answer may have been lost. */
const RETRY_MS = 600_000;

/** Roles that an invitation may raise, lowest first. A bridge is not a person and keeps its role. */
const RANK: readonly Role[] = ['guest', 'member', 'admin'];

/** What an invitation grants to an account. */
export interface Admission {
  role: Role;
  roomId: string | null;
  /** Name chosen by the inviter. */
  displayName: string | null;
  /** The inviting account; null for the command line and the API key. */
  invitedBy: string | null;
  /** Whether it is for someone who came by a room's address, uninvited. */
  byAddress: boolean;
  /** The organizational unit in the account's certificate: the phone gateway's. */
  unit: string | undefined;
}

/** The creator of the link that the server prints while nobody has enrolled. */
export const START = 'start';

/** One-time invitations. Only hashes of the secrets are stored. */
export class Invitations {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #enrolling: Hook<EnrollingAccount>;

  constructor(store: Store, now: () => number = Date.now, enrolling = new Hook<EnrollingAccount>()) {
    this.#store = store;
    this.#now = now;
    this.#enrolling = enrolling;
  }

  /**
   * Creates an invitation. Its secret (24 random bytes, base64url) is returned only here.
   *
   * @throws {CanopyError} LIMIT_REACHED - the inviting account has 100 open ones
   */
  async create(
    invitation: NewInvitation,
  ): Promise<{ secret: string; invitationId: string; expiresAtMs: number }> {
    const secret = randomBytes(24).toString('base64url');
    const nowMs = this.#now();
    const expiresAtMs = nowMs + invitation.ttlSeconds * 1000;
    await this.#store.transaction(
      async (db) => {
        if (invitation.createdBy !== undefined) {
          await makeSpace(db, invitation.createdBy, nowMs);
        }
        await db
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
            is_gateway: invitation.isGateway ? 1 : 0,
            link_id: invitation.linkId ?? null,
          })
          .execute();
      },
      `inviter ${invitation.createdBy ?? ''}`,
    );
    return { secret, invitationId: hash(secret), expiresAtMs };
  }

  /**
   * What an invitation would grant to an account, without using it. An account that enrolled with it within the last ten minutes may do so
   * again.
   *
   * @throws {CanopyError} INVITE_UNKNOWN, INVITE_USED, INVITE_EXPIRED; FORBIDDEN - it is not for this kind of account, or for newcomers only
   */
  async check(secret: string, accountId: string): Promise<Admission> {
    return this.#check(this.#store.db, secret, accountId, RETRY_MS).then(({ admission }) => admission);
  }

  /**
   * Atomically uses an invitation for an account and grants its rights. Of two concurrent accounts, only one succeeds; an enrolling account
   * gets the same result again for ten minutes, with `isRepeated`. Rights are only added, never removed.
   *
   * @param certifiedName name in the account's new certificate; undefined for an existing account that keeps its certificate
   * @param expiresAtMs when that certificate expires
   * @throws {CanopyError} see check()
   */
  async admit(
    secret: string,
    accountId: string,
    certifiedName?: string,
    expiresAtMs: number | null = null,
  ): Promise<Admission & { isRepeated: boolean }> {
    const nowMs = this.#now();
    const committed: EnrollingAccount['committed'] = [];
    const work = async (db: Transaction<Tables>) => {
      const retryMs = certifiedName === undefined ? 0 : RETRY_MS;
      const { row, admission } = await this.#check(db, secret, accountId, retryMs);
      await db
        .updateTable('invitations')
        .set({ used_at_ms: row.used_at_ms ?? nowMs, used_by: accountId })
        .where('secret_hash', '=', row.secret_hash)
        .execute();
      if (certifiedName !== undefined) {
        const certified = { display_name: certifiedName, expires_at_ms: expiresAtMs };
        await db
          .insertInto('accounts')
          .values({
            account_id: accountId,
            ...certified,
            role: admission.role,
            source: admission.byAddress ? 'tofu' : 'invite',
            created_at_ms: nowMs,
            last_seen_at_ms: null,
            // Everyone who came by the same link shares its budgets.
            invitation: row.link_id ?? row.secret_hash,
            is_gateway: row.is_gateway,
          })
          .onConflict((conflict) => conflict.column('account_id').doUpdateSet(certified))
          .execute();
      }
      await db
        .updateTable('accounts')
        .set({ role: admission.role, ...(row.is_gateway === 1 && { is_gateway: 1 }) })
        .where('account_id', '=', accountId)
        .execute();
      if (!admission.byAddress) {
        // Somebody answers for them now.
        await db
          .updateTable('accounts')
          .set({ source: 'invite' })
          .where('account_id', '=', accountId)
          .where('source', '=', 'tofu')
          .execute();
      }
      if (row.room_id !== null) {
        await db
          .insertInto('grants')
          .values({
            account_id: accountId,
            room_id: row.room_id,
            admitted_at_ms: row.link_id === null ? null : row.created_at_ms,
          })
          .onConflict((conflict) => conflict.columns(['account_id', 'room_id']).doNothing())
          .execute();
      }
      const { secret_hash: invitationId, created_by: invitedBy } = row;
      // The transaction may be repeated.
      committed.length = 0;
      await this.#enrolling.run({ db, accountId, invitationId, invitedBy, committed });
      return { ...admission, isRepeated: row.used_at_ms !== null };
    };
    const keys = [`invitation ${hash(secret)}`, `account ${accountId}`];
    const admission = await this.#store.transaction(work, ...keys);
    await this.#store.sync();
    for (const act of committed) {
      await act();
    }
    return admission;
  }

  /** Expires the unused invitations made by an account, or by START. `roomId`: only those to this room. */
  async expireFrom(accountId: string, roomId?: string): Promise<void> {
    const nowMs = this.#now();
    let expired = this.#store.db
      .updateTable('invitations')
      .set({ expires_at_ms: nowMs })
      .where('created_by', '=', accountId)
      .where('used_at_ms', 'is', null)
      .where('expires_at_ms', '>', nowMs);
    if (roomId !== undefined) {
      expired = expired.where('room_id', '=', roomId);
    }
    await expired.execute();
  }

  /** Expires the unused invitations of people admitted through a room link. */
  async expireByLink(linkId: string): Promise<void> {
    const nowMs = this.#now();
    await this.#store.db
      .updateTable('invitations')
      .set({ expires_at_ms: nowMs })
      .where('link_id', '=', linkId)
      .where('used_at_ms', 'is', null)
      .where('expires_at_ms', '>', nowMs)
      .execute();
  }

  /** Deletes the right of guests to enter a room, and makes open invitations for guests to it unusable. */
  async forgetRoom(db: Transaction<Tables>, roomId: string): Promise<void> {
    const nowMs = this.#now();
    await db.deleteFrom('grants').where('room_id', '=', roomId).execute();
    await db
      .updateTable('invitations')
      .set({ expires_at_ms: nowMs })
      .where('room_id', '=', roomId)
      .where('role', '=', 'guest')
      .where('used_at_ms', 'is', null)
      .where('expires_at_ms', '>', nowMs)
      .execute();
  }

  /** Deletes the invitations that an account has used or made. */
  async forgetAccount(accountId: string): Promise<void> {
    await this.#store.db
      .deleteFrom('invitations')
      .where(({ eb, or }) => or([eb('used_by', '=', accountId), eb('created_by', '=', accountId)]))
      .execute();
  }

  /** Deletes the finished invitations of people admitted through room links, older than this Unix time in milliseconds. */
  async forgetByLink(beforeMs: number): Promise<void> {
    await this.#store.db
      .deleteFrom('invitations')
      .where('link_id', 'is not', null)
      .where('expires_at_ms', '<', beforeMs)
      .execute();
  }

  /** Invitations that can still be used, latest first. */
  async open(page: Page): Promise<InvitationInfo[]> {
    const query = this.#store.db
      .selectFrom('invitations')
      .selectAll()
      .where('used_at_ms', 'is', null)
      .where('link_id', 'is', null)
      .where('expires_at_ms', '>', this.#now());
    const rows = await latestFirst(query, 'invitations', 'secret_hash', page);
    return rows.map((row) => ({
      invitationId: row.secret_hash,
      role: row.role,
      roomId: row.room_id,
      displayName: row.display_name,
      createdBy: row.created_by,
      createdAtMs: row.created_at_ms,
      expiresAtMs: row.expires_at_ms,
    }));
  }

  /** Expires one open invitation, by the id from open(); false if there is none. */
  async withdraw(invitationId: string): Promise<boolean> {
    const nowMs = this.#now();
    const { numUpdatedRows } = await this.#store.db
      .updateTable('invitations')
      .set({ expires_at_ms: nowMs })
      .where('secret_hash', '=', invitationId)
      .where('used_at_ms', 'is', null)
      .where('expires_at_ms', '>', nowMs)
      .executeTakeFirst();
    await this.#store.sync();
    return numUpdatedRows > 0n;
  }

  /** Whether nobody has enrolled yet; if so, the server prints an invitation at the start. */
  async isFirstStart(): Promise<boolean> {
    const account = await this.#store.db
      .selectFrom('accounts')
      .select('account_id')
      // The phone gateway enrols automatically.
      .where('role', '!=', 'bridge')
      .limit(1)
      .executeTakeFirst();
    return account === undefined;
  }

  async #check(
    db: Db,
    secret: string,
    accountId: string,
    retryMs: number,
  ): Promise<{ row: InvitationRow; admission: Admission }> {
    const nowMs = this.#now();
    const row = await db
      .selectFrom('invitations')
      .selectAll()
      .where('secret_hash', '=', hash(secret))
      .executeTakeFirst();
    if (!row) {
      throw new CanopyError('INVITE_UNKNOWN');
    }
    if (row.used_at_ms !== null && (row.used_by !== accountId || nowMs - row.used_at_ms >= retryMs)) {
      throw new CanopyError('INVITE_USED');
    }
    if (row.used_at_ms === null && row.expires_at_ms <= nowMs) {
      throw new CanopyError('INVITE_EXPIRED');
    }
    const account = await db
      .selectFrom('accounts')
      .select('role')
      .where('account_id', '=', accountId)
      .executeTakeFirst();
    const byAddress = isAddressMark(row.link_id);
    if (byAddress && account && row.used_at_ms === null) {
      // Otherwise the certificate request of somebody else, sent once more, would rename their account.
      throw new CanopyError('FORBIDDEN', 'this key has an account already');
    }
    const admission = {
      role: raised(account?.role, row.role),
      roomId: row.room_id,
      displayName: row.display_name,
      invitedBy: row.created_by,
      byAddress,
      unit: row.is_gateway === 1 ? GATEWAY_UNIT : undefined,
    };
    return { row, admission };
  }
}

type Db = Pick<Store['db'], 'selectFrom' | 'insertInto' | 'updateTable' | 'deleteFrom'>;

/** @throws {CanopyError} FORBIDDEN - one role is a bridge's and the other a person's */
function raised(role: Role | undefined, offered: Role): Role {
  if (role === undefined || role === offered) {
    return offered;
  }
  if (role === 'bridge' || offered === 'bridge') {
    throw new CanopyError('FORBIDDEN', `an account with role ${role} cannot become ${offered}`);
  }
  return RANK.indexOf(offered) > RANK.indexOf(role) ? offered : role;
}

/** Deletes an account's oldest finished invitations. @throws {CanopyError} LIMIT_REACHED */
async function makeSpace(db: Db, createdBy: string, nowMs: number): Promise<void> {
  const theirs = db.selectFrom('invitations').where('created_by', '=', createdBy);
  const { open } = await theirs
    .select(({ fn }) => fn.countAll<number>().as('open'))
    .where('used_at_ms', 'is', null)
    .where('expires_at_ms', '>', nowMs)
    .executeTakeFirstOrThrow();
  if (open >= MAX_OPEN) {
    throw new CanopyError('LIMIT_REACHED', `at most ${MAX_OPEN} open invitations per account`);
  }
  const finished = theirs
    .select('secret_hash')
    .where((where) => where.or([where('used_at_ms', 'is not', null), where('expires_at_ms', '<=', nowMs)]))
    .orderBy('created_at_ms', 'desc')
    .offset(MAX_FINISHED)
    .limit(MAX_OPEN + MAX_FINISHED);
  await db.deleteFrom('invitations').where('secret_hash', 'in', finished).execute();
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
