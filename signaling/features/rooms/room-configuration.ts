import { CanopyError } from '../../../base/index.ts';
import type { RoomChange, RoomDescription } from '../../../contract/index.ts';
import {
  AccountRate,
  demand,
  describeRoom,
  hashPin,
  isNamed,
  type Kernel,
  may,
  mayOwn,
  type Principal,
  type RecordChange,
  type Room,
  type RoomRecord,
} from '../../kernel/index.ts';
import type { RoomInfo } from './contract.ts';

/** How many changes of one account may wait for the store; all rooms share one queue. */
const MAX_WAITING = 8;
/** PINs that an account may set at once, and per second after that: hashing one costs tens of milliseconds. */
const PINS_AT_ONCE = 10;
const PINS_PER_SECOND = 0.2;

/** Reads and changes the settings of rooms. */
export class RoomConfiguration {
  readonly #kernel: Kernel;
  /** By account. */
  readonly #waiting = new Map<string, number>();
  /** What the people in a room know about it, as JSON. */
  readonly #announced = new WeakMap<Room, string>();
  readonly #pins = new AccountRate('new PINs', { perSecond: PINS_PER_SECOND, burst: PINS_AT_ONCE });

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @throws {CanopyError} STORE_BUSY */
  async read(roomId: string): Promise<RoomDescription> {
    return describeRoom(await this.#kernel.rooms.record(roomId));
  }

  /** @throws {CanopyError} FORBIDDEN, LIMIT_REACHED, RATE_LIMITED, ROOM_DELETED, STORE_BUSY, STORE_UNWRITABLE */
  async change(principal: Principal, roomId: string, change: RoomChange): Promise<RoomDescription> {
    const { rooms, log } = this.#kernel;
    const room = await rooms.record(roomId);
    const changed = Object.entries(change).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    const check = () => {
      if (changed.length === 1 && changed[0] === 'locked') {
        this.#demandLock(principal, room);
        return;
      }
      demand(principal, 'room.configure', room);
      if (change.ownerId !== undefined) {
        demand(principal, 'room.setOwner', room);
      }
    };
    check();
    if (typeof change.pin === 'string') {
      this.#pins.take(principal);
    }
    if (changed.length > 0) {
      await this.configure(principal, room, await recordChange(change), check);
      log.info({ roomId, by: nameOf(principal), changed }, 'room settings changed');
    }
    return describeRoom(room);
  }

  /**
   * Makes someone inside a room its owner, and the owner a moderator.
   *
   * @throws {CanopyError} FORBIDDEN, PARTICIPANT_UNKNOWN, LIMIT_REACHED, RATE_LIMITED, STORE_BUSY, STORE_UNWRITABLE
   */
  async handOver(principal: Principal, room: Room, participantId: string): Promise<void> {
    const { record } = room;
    const heir = room.hostOf(participantId);
    if (!heir) {
      throw new CanopyError('PARTICIPANT_UNKNOWN');
    }
    if (heir.participantId !== participantId || !mayOwn(heir.principal)) {
      throw new CanopyError('FORBIDDEN', 'guests and phones cannot own rooms');
    }
    const { accountId } = heir.principal;
    const { ownerId } = record;
    if (ownerId === accountId) {
      return;
    }
    const roles = { ...(ownerId !== null && { [ownerId]: 'moderator' as const }), [accountId]: null };
    const check = () => demand(principal, 'room.handOver', record);
    await this.configure(principal, record, { ownerId: accountId, roles }, check);
    this.#kernel.log.info(
      { roomId: record.roomId, by: nameOf(principal), ownerId: accountId },
      'room handed over',
    );
  }

  /** Changes a room and tells the people inside. The queue of each account is short. */
  async configure(
    principal: Principal,
    record: RoomRecord,
    change: RecordChange,
    check: () => void,
  ): Promise<void> {
    this.#watch(record);
    const work = () => this.#kernel.rooms.configure(record, change, check);
    await this.queued(principal, work);
    this.announce(record);
  }

  /**
   * Limits how many changes of an account wait at once. The operator trusts their own programs.
   *
   * @throws {CanopyError} RATE_LIMITED
   */
  async queued<T>(principal: Principal, work: () => Promise<T>): Promise<T> {
    if (principal.kind === 'token') {
      return work();
    }
    const by = nameOf(principal);
    const waiting = this.#waiting.get(by) ?? 0;
    if (waiting >= MAX_WAITING) {
      throw new CanopyError('RATE_LIMITED', `at most ${MAX_WAITING} changes at once`);
    }
    this.#waiting.set(by, waiting + 1);
    try {
      return await work();
    } finally {
      const left = (this.#waiting.get(by) ?? 1) - 1;
      if (left > 0) {
        this.#waiting.set(by, left);
      } else {
        this.#waiting.delete(by);
      }
    }
  }

  /** Tells the people inside what changed. */
  announce(record: RoomRecord): void {
    const room = this.#kernel.rooms.find(record.roomId);
    const info = infoOf(record);
    if (room && this.#announced.get(room) !== JSON.stringify(info)) {
      this.#announced.set(room, JSON.stringify(info));
      room.append('room.changed', { room: info });
    }
  }

  /** Remembers what the people inside know, before the first change. */
  #watch(record: RoomRecord): void {
    const room = this.#kernel.rooms.find(record.roomId);
    if (room && !this.#announced.has(room)) {
      this.#announced.set(room, JSON.stringify(infoOf(record)));
    }
  }

  #isBarred(principal: Principal, { roomId }: RoomRecord): boolean {
    return 'accountId' in principal && this.#kernel.rooms.isBarred(roomId, principal.accountId);
  }

  /** Takes away the role that a banned account was given in a room. */
  async dropRole(roomId: string, accountId: string): Promise<void> {
    const record = await this.#kernel.rooms.record(roomId);
    if (Object.hasOwn(record.roles, accountId)) {
      await this.#kernel.rooms.configure(record, { roles: { [accountId]: null } });
    }
  }

  /** Moderators may lock and unlock, but only from inside: otherwise they would let themselves in. */
  #demandLock(principal: Principal, record: RoomRecord): void {
    if (may(principal, 'room.configure', record)) {
      return;
    }
    demand(principal, 'room.lock', record);
    const inside = this.#kernel.rooms.find(record.roomId)?.peers.values() ?? [];
    const isInside =
      principal.kind === 'phone' ||
      ('accountId' in principal &&
        [...inside].some(({ principal: { accountId } }) => accountId === principal.accountId));
    // A removed moderator comes back after five minutes, and has no say until then.
    const hasRole = isNamed(principal, record) && !this.#isBarred(principal, record);
    if (!isInside && !hasRole) {
      throw new CanopyError('FORBIDDEN', 'only people inside can lock or unlock this room');
    }
  }
}

/** What everyone in a room knows about it. */
export function infoOf(record: RoomRecord): RoomInfo {
  const { title, locked = false, pinHash, maxParticipants, phoneAnnouncements = 'off' } = record;
  return {
    title,
    locked,
    hasPin: pinHash !== undefined,
    maxParticipants: maxParticipants ?? null,
    ...(phoneAnnouncements !== 'off' && { phoneAnnouncements }),
  };
}

/** The change with the PIN hashed. */
export async function recordChange({ pin, ...change }: RoomChange): Promise<RecordChange> {
  return {
    ...change,
    ...(pin !== undefined && { pinHash: pin === null ? null : await hashPin(pin) }),
  };
}

/** The account, or what kind of principal it is. */
export function nameOf(principal: Principal): string {
  return 'accountId' in principal ? principal.accountId : principal.kind;
}
