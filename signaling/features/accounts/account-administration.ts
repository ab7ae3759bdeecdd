import { CanopyError } from '../../../base/index.ts';
import type { Role } from '../../../contract/index.ts';
import type { AccountRow, DeviceRow, Kernel } from '../../kernel/index.ts';
import type { AccountInfo } from './rest.ts';

/** Administers accounts and their devices for the operator: lists and revokes them, and changes roles. */
export class AccountAdministration {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Accounts with their devices, latest enrolment first. `after`: only those after this account in the list.
   *
   * @throws {CanopyError} IDENTITY_UNKNOWN
   */
  async list(page: { limit: number; after?: string | undefined }): Promise<AccountInfo[]> {
    const { accounts, devices } = this.#kernel;
    if (page.after !== undefined) {
      await this.#require(page.after);
    }
    await devices.save();
    const rows = await accounts.list(page);
    const theirs = Map.groupBy(
      await devices.of(rows.map(({ account_id }) => account_id)),
      ({ account_id }) => account_id,
    );
    return rows.map((row) => this.#describe(row, theirs.get(row.account_id) ?? []));
  }

  /**
   * Revokes an account until it is reinstated: its connections and seats end at once, and its unused invitations expire. Revoking twice is harmless.
   * Returns the number of connections ended.
   *
   * @throws {CanopyError} IDENTITY_UNKNOWN
   */
  async revokeAccount(accountId: string): Promise<{ connectionsEnded: number }> {
    await this.#require(accountId);
    return this.#kernel.revokeAccount(accountId);
  }

  /**
   * Deletes an account for good with everything that it left, and revokes it, so that its certificates are never accepted again. Of the
   * account only its id stays, in the list of revocations.
   *
   * @throws {CanopyError} IDENTITY_UNKNOWN; FORBIDDEN - it belongs to a bridge or the gateway
   * @throws {CanopyError} STORE_BUSY and the like - it goes on at the next start
   */
  async deleteAccount(accountId: string): Promise<{ connectionsEnded: number }> {
    await this.#kernel.accounts.requirePerson(accountId);
    const result = await this.revokeAccount(accountId);
    await this.#kernel.accountDeletions.delete(accountId);
    return result;
  }

  /** An account with its devices. @throws {CanopyError} IDENTITY_UNKNOWN */
  async describe(accountId: string): Promise<AccountInfo> {
    const { accounts, devices } = this.#kernel;
    await devices.save();
    const account = await accounts.find(accountId);
    if (!account) {
      throw new CanopyError('IDENTITY_UNKNOWN', `account ${accountId}`);
    }
    return this.#describe(account, await devices.of([accountId]));
  }

  /**
   * Revokes one device of an account until it is reinstated: its connections and seats end at once. The account's other devices stay.
   *
   * @throws {CanopyError} IDENTITY_UNKNOWN
   */
  async revokeDevice(accountId: string, deviceId: string): Promise<{ connectionsEnded: number }> {
    await this.#kernel.devices.require(accountId, deviceId);
    const result = await this.#kernel.revoke(deviceId);
    this.#kernel.log.info({ accountId, deviceId, ...result }, 'device revoked');
    return result;
  }

  /**
   * Takes back the revocation of an account: it may sign in again. Devices that were revoked themselves stay revoked, and invitations and
   * links that ended with the account stay ended. Harmless if it was not revoked.
   *
   * @throws {CanopyError} IDENTITY_UNKNOWN
   */
  async reinstateAccount(accountId: string): Promise<{ reinstated: boolean }> {
    await this.#require(accountId);
    return this.#reinstate(accountId, { accountId });
  }

  /** Takes back the revocation of one device. Harmless if it was not revoked. @throws {CanopyError} IDENTITY_UNKNOWN */
  async reinstateDevice(accountId: string, deviceId: string): Promise<{ reinstated: boolean }> {
    await this.#kernel.devices.require(accountId, deviceId);
    return this.#reinstate(deviceId, { accountId, deviceId });
  }

  /**
   * Changes a person's role, effective at once on their connections. They keep their seats, even in rooms that the new role could not enter.
   *
   * @throws {CanopyError} IDENTITY_UNKNOWN; FORBIDDEN - the account belongs to a bridge or the gateway
   */
  async setRole(accountId: string, role: Role): Promise<{ accountId: string; role: Role }> {
    await this.#kernel.accounts.setRole(accountId, role);
    this.#kernel.changeRole(accountId, role);
    this.#kernel.log.info({ accountId, role }, 'role changed');
    return { accountId, role };
  }

  async #reinstate(id: string, logged: object): Promise<{ reinstated: boolean }> {
    const reinstated = await this.#kernel.authority.revocation.reinstate(id);
    if (reinstated) {
      this.#kernel.log.info(logged, 'reinstated');
    }
    return { reinstated };
  }

  async #require(accountId: string): Promise<void> {
    if (!(await this.#kernel.accounts.find(accountId))) {
      throw new CanopyError('IDENTITY_UNKNOWN', `account ${accountId}`);
    }
  }

  #describe(account: AccountRow, devices: DeviceRow[]): AccountInfo {
    const { revocation } = this.#kernel.authority;
    return {
      accountId: account.account_id,
      displayName: account.display_name,
      role: account.role,
      source: account.source,
      enrolledAtMs: account.created_at_ms,
      lastSeenAtMs: account.last_seen_at_ms,
      revoked: revocation.isRevoked(account.account_id),
      devices: devices.map((device) => ({
        deviceId: device.device_id,
        name: device.name,
        firstSeenAtMs: device.first_seen_at_ms,
        lastSeenAtMs: device.last_seen_at_ms,
        userAgent: device.user_agent,
        revoked: revocation.isRevoked(device.device_id),
      })),
    };
  }
}
