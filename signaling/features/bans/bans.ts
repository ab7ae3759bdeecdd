import { CanopyError, type Logger } from '../../../base/index.ts';
import {
  type AccountHolder,
  type Accounts,
  demand,
  holderOf,
  type Kernel,
  mainRoomOf,
  may,
  type Principal,
  type RoomRecord,
  type Rooms,
  type Visitor,
} from '../../kernel/index.ts';
import type { BanRecords } from './ban-records.ts';
import type { Ban } from './rest.ts';

/** Who bans or lifts a ban. */
export interface Moderator {
  principal: Principal;
  /** The moderator's name at this time; undefined for the operator. */
  displayName?: string;
}

/** Who can be banned. */
interface Bannable {
  accountId: string;
  displayName: string;
  /** The invitation that they came by. */
  invitation: string | null;
  holder: AccountHolder;
}

/** Bans accounts from rooms, and keeps them out. A ban in a breakout room is one from the whole meeting. */
export class Bans {
  readonly #records: BanRecords;
  readonly #accounts: Accounts;
  readonly #rooms: Rooms;
  readonly #log: Logger;
  readonly #banned: Kernel['accountBanned'];

  constructor(
    records: BanRecords,
    { accounts, rooms, log, accountBanned }: Pick<Kernel, 'accounts' | 'rooms' | 'log' | 'accountBanned'>,
  ) {
    this.#records = records;
    this.#accounts = accounts;
    this.#rooms = rooms;
    this.#log = log;
    this.#banned = accountBanned;
  }

  /** The room's bans, latest first. @throws {CanopyError} STORE_BUSY */
  async list(room: Pick<RoomRecord, 'roomId' | 'parentId'>): Promise<Ban[]> {
    return [...(await this.#records.of(mainRoomOf(room))).values()].map((row) => ({
      accountId: row.account_id,
      displayName: row.display_name,
      bannedBy:
        row.banned_by === null ? null : { accountId: row.banned_by, displayName: row.banned_by_name ?? '' },
      bannedAtMs: row.banned_at_ms,
      link: row.invitation !== null,
    }));
  }

  /** An account, or what stands for one: the key of a stream that is in a room. @throws {CanopyError} IDENTITY_UNKNOWN */
  async requireAccount(accountId: string): Promise<Bannable> {
    const account = await this.#accounts.find(accountId);
    if (account) {
      const { display_name: displayName, invitation } = account;
      return { accountId, displayName, invitation, holder: holderOf(account) };
    }
    const { principal } = this.#rooms.peers.find((peer) => peer.accountId === accountId) ?? {};
    if (principal?.kind !== 'stream') {
      throw new CanopyError('IDENTITY_UNKNOWN', `account ${accountId}`);
    }
    return { accountId, displayName: principal.displayName, invitation: null, holder: principal };
  }

  /**
   * Bans an account from a room, or from the main room of a breakout room, and removes it from all of them at once.
   *
   * @param options.link nobody new can enter who enrolled with the account's invitation
   * @param options.displayName the name in the list of bans if the account is not in the room
   * @throws {CanopyError} FORBIDDEN - the account is an admin's or a bridge's, or outranks the moderator
   * @throws {CanopyError} LIMIT_REACHED, STORE_BUSY, STORE_UNWRITABLE - the account is removed, but only barred for five minutes
   */
  async add(
    given: RoomRecord,
    { accountId, invitation, holder }: Bannable,
    { link, displayName = '' }: { link: boolean; displayName?: string | undefined },
    by: Moderator,
  ): Promise<void> {
    // A breakout room has the settings that its main room had when it was opened.
    const room = await this.#rooms.record(mainRoomOf(given));
    demand(by.principal, 'participant.kick', room);
    demand(by.principal, 'participant.ban', room, holder);
    const seat = this.#rooms
      .meetingOf(room)
      .flatMap(({ peers }) => [...peers.values()])
      .find((peer) => peer.accountId === accountId);
    this.#rooms.removeFromMeeting(room, accountId, 'BANNED');
    await this.#records.put({
      room_id: room.roomId,
      account_id: accountId,
      display_name: seat?.displayName ?? displayName,
      banned_by: accountOf(by),
      banned_by_name: by.displayName ?? null,
      banned_at_ms: Date.now(),
      invitation: link ? invitation : null,
    });
    await this.#banned.run({ accountId, roomId: room.roomId });
    this.#changed(room.roomId, 'account banned', accountId, by);
  }

  /** Lifts a ban, and a bar after a removal. Idempotent. @throws {CanopyError} STORE_BUSY, STORE_UNWRITABLE */
  async lift(room: Pick<RoomRecord, 'roomId' | 'parentId'>, accountId: string, by: Moderator): Promise<void> {
    const roomId = mainRoomOf(room);
    await this.#records.delete(roomId, accountId);
    this.#rooms.readmit(roomId, accountId);
    this.#changed(roomId, 'ban lifted', accountId, by);
  }

  /** @throws {CanopyError} BANNED */
  async check(principal: Visitor, room: RoomRecord): Promise<void> {
    const bans = await this.#records.of(room.roomId);
    if (bans.size === 0 || !('accountId' in principal) || may(principal, 'room.enterBarred', room)) {
      return;
    }
    if (
      bans.has(principal.accountId) ||
      (await this.#cameByBannedLink(principal.accountId, [...bans.values()]))
    ) {
      throw new CanopyError('BANNED');
    }
  }

  /** Checks a newcomer who comes by a link. @throws {CanopyError} BANNED - the link was banned */
  async checkLink(linkId: string, { roomId }: RoomRecord): Promise<void> {
    const bans = await this.#records.of(roomId);
    if ([...bans.values()].some(({ invitation }) => invitation === linkId)) {
      throw new CanopyError('BANNED');
    }
  }

  /** Whether an account enrolled with a link after the link was banned. */
  async #cameByBannedLink(
    accountId: string,
    bans: ReadonlyArray<{ invitation: string | null; banned_at_ms: number }>,
  ): Promise<boolean> {
    if (bans.every(({ invitation }) => invitation === null)) {
      return false;
    }
    const account = await this.#accounts.find(accountId);
    return (
      account?.invitation != null &&
      bans.some(
        ({ invitation, banned_at_ms }) =>
          invitation === account.invitation && Number(account.created_at_ms) >= banned_at_ms,
      )
    );
  }

  #changed(roomId: string, what: string, accountId: string, by: Moderator): void {
    this.#log.info({ roomId, accountId, by: accountOf(by) }, what);
    for (const room of this.#rooms.meetingOf({ roomId })) {
      for (const peer of room.peers.values()) {
        if (may(peer.principal, 'participant.readmit', room.record)) {
          peer.send('ban.changed', {});
        }
      }
    }
  }
}

function accountOf({ principal }: Moderator): string | null {
  return 'accountId' in principal ? principal.accountId : null;
}
