import { LRUCache } from 'lru-cache';
import { CanopyError } from '../../../base/index.ts';
import type { Holder } from '../budgets/index.ts';
import { isNamed, may, mayEnterLocked } from '../policy/index.ts';
import type { PeerPrincipal, Visitor } from '../principals/index.ts';
import { isPin } from './pin-hash.ts';
import { PinTries } from './pin-tries.ts';
import type { RoomRecord } from './room-records.ts';
import type { Rooms } from './rooms.ts';

/** Phones that are on their way to another room, and how long that may take, in milliseconds. */
const MAX_EXPECTED = 1000;
const EXPECTED_MS = 30_000;

/** Keeps newcomers out of locked rooms, and asks guests for the PIN of rooms that have one. */
export class EntryGuard {
  readonly #rooms: Pick<Rooms, 'find'>;
  readonly #tries = new PinTries();
  /** Phones on their way into a room from another one of the same meeting: `ROOM PARTICIPANT`. */
  readonly #expected = new LRUCache<string, true>({ max: MAX_EXPECTED, ttl: EXPECTED_MS });

  constructor(rooms: Pick<Rooms, 'find'>) {
    this.#rooms = rooms;
  }

  /**
   * Checks a newcomer. Whoever was inside since the room opened, and was not removed, is not new.
   *
   * @throws {CanopyError} ROOM_LOCKED, PIN_REQUIRED, PIN_WRONG, SERVER_BUSY; RATE_LIMITED - too many wrong PINs
   */
  async check(
    principal: PeerPrincipal,
    record: RoomRecord,
    { pin, holder }: { pin: string | undefined; holder: Holder },
  ): Promise<void> {
    const { roomId, pinHash } = record;
    const { accountId } = principal;
    this.checkLock(principal, record);
    if (pinHash === undefined || !this.#needsPin(principal, record)) {
      return;
    }
    if (pin === undefined) {
      throw new CanopyError('PIN_REQUIRED');
    }
    const attempt = this.#tries.begin({ account: accountId, address: holder.address, room: roomId });
    if (!attempt) {
      throw new CanopyError('RATE_LIMITED', 'too many wrong PINs; try again in an hour');
    }
    let isRight: boolean;
    try {
      isRight = await isPin(pin, pinHash);
    } catch (error) {
      attempt.right();
      throw error;
    }
    if (!isRight) {
      throw new CanopyError('PIN_WRONG');
    }
    attempt.right();
    // It may have been locked meanwhile.
    this.checkLock(principal, record);
  }

  /** Checks somebody who is outside. @throws {CanopyError} ROOM_LOCKED */
  checkLock(principal: Visitor, record: RoomRecord): void {
    if (record.locked && !this.#wasInside(principal, record) && !mayEnterLocked(principal, record)) {
      throw new CanopyError('ROOM_LOCKED');
    }
  }

  /** Checks somebody who wants to know how else to enter, e.g. by phone. @throws {CanopyError} PIN_REQUIRED */
  checkKnowsPin(principal: Visitor, record: RoomRecord): void {
    if (this.#needsPin(principal, record)) {
      throw new CanopyError('PIN_REQUIRED');
    }
  }

  /** Lets a phone, this participant of another room, into a room even if that is locked: it was in this meeting already. */
  expectPhone(roomId: string, participantId: string): void {
    this.#expected.set(`${roomId} ${participantId}`, true);
  }

  /**
   * Checks a phone that calls in.
   *
   * @param call `pinGiven`: whether the gateway asked the caller for a PIN of this room; `isModerator`: whether that was the PIN of
   *   moderators, who may enter a locked room; `movedFrom`: the participant that it was before
   * @throws {CanopyError} ROOM_LOCKED, PIN_REQUIRED
   */
  checkPhone(
    { roomId, locked, pinHash }: RoomRecord,
    {
      pinGiven,
      isModerator,
      movedFrom,
    }: { pinGiven: boolean; isModerator: boolean; movedFrom?: string | undefined },
  ): void {
    if (movedFrom !== undefined && this.#expected.delete(`${roomId} ${movedFrom}`)) {
      return;
    }
    if (locked && !isModerator) {
      throw new CanopyError('ROOM_LOCKED');
    }
    if (pinHash !== undefined && !pinGiven) {
      throw new CanopyError('PIN_REQUIRED');
    }
  }

  #needsPin(principal: Visitor, record: RoomRecord): boolean {
    return !(
      record.pinHash === undefined ||
      this.#wasInside(principal, record) ||
      isNamed(principal, record) ||
      may(principal, 'room.enterWithoutPin', record)
    );
  }

  #wasInside({ accountId }: Visitor, { roomId }: RoomRecord): boolean {
    return this.#rooms.find(roomId)?.wasInside(accountId) ?? false;
  }
}
