import { CanopyError } from '../../../base/index.ts';
import type { Role } from '../../../contract/index.ts';
import type { VerifiedDevice } from '../../identity/index.ts';
import type { AccountRow, DeviceRow, Kernel } from '../../kernel/index.ts';
import type { AccountInfo } from './rest.ts';

/** What the operator may do with accounts and their devices: list and revoke them, and change roles. */
export class AccountAdministration {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Accounts with their devices, those that enrolled last first; `before`: those that come after this account.
   *
   * @throws {CanopyError} IDENTITY_UNKNOWN
   */
  async list(page: { limit: number; before?: string | undefined }): Promise<AccountInfo[]> {
    const { accounts, devices } = this.#kernel;
    if (page.before !== undefined) {
      await this.#require(page.before);
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
   * Revokes an account: whoever is connected by it is out at once, its seats and unused invitations are gone, and it never comes
   * back. To repeat it does no harm. Returns how many connections ended.
   *
   * @throws {CanopyError} IDENTITY_UNKNOWN
   */
  async revokeAccount(accountId: string): Promise<{ connectionsEnded: number }> {
    await this.#require(accountId);
    const result = await this.#revoke(accountId);
    await this.#kernel.accountRevoked.run(accountId);
    this.#kernel.log.info({ accountId, ...result }, 'account revoked');
    return result;
  }

  /**
   * Revokes one device of an account, as revokeAccount() does all of them; the account's other devices stay.
   *
   * @throws {CanopyError} IDENTITY_UNKNOWN
   */
  async revokeDevice(accountId: string, deviceId: string): Promise<{ connectionsEnded: number }> {
    const known = await this.#kernel.devices.of([accountId]);
    if (!known.some(({ device_id }) => device_id === deviceId)) {
      throw new CanopyError('IDENTITY_UNKNOWN', `device ${deviceId} of account ${accountId}`);
    }
    const result = await this.#revoke(deviceId);
    this.#kernel.log.info({ accountId, deviceId, ...result }, 'device revoked');
    return result;
  }

  /**
   * Gives a person another role, effective at once on their connections. They keep seats in rooms, even ones the new role could not take.
   *
   * @throws {CanopyError} IDENTITY_UNKNOWN; FORBIDDEN - the account belongs to a bridge or the gateway
   */
  async setRole(accountId: string, role: Role): Promise<{ accountId: string; role: Role }> {
    await this.#kernel.accounts.setRole(accountId, role);
    this.#kernel.changeRole(accountId, role);
    this.#kernel.log.info({ accountId, role }, 'role changed');
    return { accountId, role };
  }

  async #revoke(id: string): Promise<{ connectionsEnded: number }> {
    const { authority, rooms, trust } = this.#kernel;
    const isOut = ({ device }: { device: VerifiedDevice }) => trust.isRevoked(device);
    // It counts from here on; whether or not it can be written, those inside are put out.
    const written = authority.revocation.revoke(id);
    rooms.remove(isOut, 'kicked');
    const connectionsEnded = this.#kernel.sockets.endMatching(isOut, 'CERT_REVOKED');
    await written;
    return { connectionsEnded };
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
        firstSeenAtMs: device.first_seen_at_ms,
        lastSeenAtMs: device.last_seen_at_ms,
        userAgent: device.user_agent,
        revoked: revocation.isRevoked(device.device_id),
      })),
    };
  }
}
