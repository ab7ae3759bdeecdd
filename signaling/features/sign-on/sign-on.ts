import { createHash } from 'node:crypto';
import { CanopyError } from '../../../base/index.ts';
import type { SignedOnResponse } from '../../../contract/index.ts';
import {
  type AccountRow,
  type EnrollingAccount,
  holderOf,
  type Kernel,
  type PersonRole,
} from '../../kernel/index.ts';
import type { SignedOn } from './claims.ts';
import type { ProviderPerson, SignOnRecords } from './sign-on-records.ts';

/** Makes the one-time invitation with which a person enrols after signing on. */
export interface Inviting {
  create(invitation: {
    role: PersonRole;
    displayName: string;
    ttlSeconds: number;
    createdBy: string;
  }): Promise<{ secret: string; invitationId: string }>;
}

/** A person who has signed on, and what their browser may do about it. */
export interface Ticket extends SignedOn {
  issuer: string;
  /** The page's address to which they go. */
  to?: string | undefined;
}

/** How long someone has to enrol after the sign-on, in seconds. */
const ENROL_SECONDS = 120;
/** Begins the creator of invitations that were made here. */
const CREATOR = 'sign-on ';

/** Turns people who signed on at the provider into accounts, by the same invitations as everyone else. */
export class SignOn {
  readonly #kernel: Kernel;
  readonly #records: SignOnRecords;
  readonly #inviting: Inviting;

  constructor(kernel: Kernel, records: SignOnRecords, inviting: Inviting) {
    this.#kernel = kernel;
    this.#records = records;
    this.#inviting = inviting;
  }

  /**
   * Invites the person to enrol, unless they have an account here and do not ask to replace it. An account whose certificate has expired is
   * replaced in any case.
   *
   * @throws {CanopyError} SIGN_ON_DENIED - the account was revoked; LIMIT_REACHED
   */
  async enter({ to, ...signedOn }: Ticket, replace: boolean): Promise<SignedOnResponse> {
    const { issuer, subject, displayName } = signedOn;
    const common = { displayName, ...(to !== undefined && { to }) };
    const account = await this.#accountOf({ issuer, subject });
    if (account && this.#kernel.authority.revocation.isRevoked(account.account_id)) {
      throw new CanopyError('SIGN_ON_DENIED', 'your account was revoked');
    }
    if (account && !replace && !hasExpired(account)) {
      return {
        ...common,
        known: {
          displayName: account.display_name,
          lastSeenAtMs: account.last_seen_at_ms === null ? null : Number(account.last_seen_at_ms),
        },
      };
    }
    const { secret, invitationId } = await this.#inviting.create({
      role: this.#roleOf(signedOn, account),
      displayName,
      ttlSeconds: ENROL_SECONDS,
      createdBy: `${CREATOR}${createHash('sha256').update(`${issuer} ${subject}`).digest('hex')}`,
    });
    await this.#records.invited({ issuer, subject }, invitationId);
    return { ...common, secret };
  }

  /** Binds the account that enrolls with an invitation made here to its person. @throws {CanopyError} INVITE_EXPIRED */
  async enrolling({ db, accountId, invitationId, invitedBy, committed }: EnrollingAccount): Promise<void> {
    if (!invitedBy?.startsWith(CREATOR)) {
      return;
    }
    const row = await this.#records.admit(db, invitationId, accountId);
    if (!row) {
      throw new CanopyError('INVITE_EXPIRED', 'you have signed on again since');
    }
    const { replacing } = row;
    if (replacing !== null) {
      committed.push(() => this.#replace(replacing, accountId));
    }
  }

  /** Completes what a crash interrupted. */
  async resume(): Promise<void> {
    for (const { replacing, account_id } of await this.#records.replacing()) {
      if (replacing !== null && account_id !== null) {
        await this.#replace(replacing, account_id);
      }
    }
  }

  /** The account that the person has here. */
  async #accountOf(person: ProviderPerson): Promise<AccountRow | undefined> {
    const row = await this.#records.find(person);
    return row && row.account_id !== null ? this.#kernel.accounts.find(row.account_id) : undefined;
  }

  /** The provider decides if it is asked about roles; otherwise people keep the role that they have here. */
  #roleOf({ role }: SignedOn, account: AccountRow | undefined): PersonRole {
    const decides = this.#kernel.config.oidc.roleClaim !== undefined;
    const holder = account && holderOf(account);
    return decides || holder?.kind !== 'device' ? role : holder.role;
  }

  async #replace(from: string, to: string): Promise<void> {
    await this.#kernel.accountReplaced.run({ from, to });
    await this.#kernel.revokeAccount(from);
    await this.#records.replaced(from);
    const account = await this.#kernel.accounts.find(to);
    this.#kernel.audit.record({
      actor: { kind: 'account', id: to, name: account?.display_name },
      action: 'account.replace',
      accountId: from,
      ...(account && { details: { role: account.role } }),
    });
    this.#kernel.log.info({ from, to }, 'account replaced after a sign-on in another browser');
  }
}

function hasExpired({ expires_at_ms }: AccountRow): boolean {
  return expires_at_ms !== null && Number(expires_at_ms) < Date.now();
}
