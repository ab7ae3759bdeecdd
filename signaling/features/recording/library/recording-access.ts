import { CanopyError } from '../../../../base/index.ts';
import {
  AccountRate,
  demand,
  holderOf,
  type Kernel,
  may,
  type PeerPrincipal,
  type RoomRecord,
  requirePrincipal,
  type Session,
  seatIn,
  type Visitor,
} from '../../../kernel/index.ts';
import type { RecordingRecords } from '../recording-records.ts';
import type { RecordingRow } from '../tables.ts';

type Host = Pick<Kernel, 'accounts' | 'demandAccess' | 'entry' | 'rooms' | 'roomsOf'>;

/** From how many rooms recordings are listed together. */
const MAX_ROOMS = 100;

/** Someone who may see the recordings of a room. */
export interface Viewer {
  principal: PeerPrincipal;
  room: RoomRecord;
}

/** Who may see the recordings of a room, and who may do more. */
export class RecordingAccess {
  readonly #kernel: Host;
  readonly #records: RecordingRecords;
  readonly #rate = new AccountRate('requests for recordings', { perSecond: 5, burst: 100 });

  constructor(kernel: Host, records: RecordingRecords) {
    this.#kernel = kernel;
    this.#records = records;
  }

  /**
   * Someone who asks, inside the room or outside.
   *
   * @throws {CanopyError} AUTH_REQUIRED, RATE_LIMITED, FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED, ROOM_LOCKED, PIN_REQUIRED
   */
  async viewer(session: Session, roomId: string): Promise<Viewer> {
    const principal = requirePrincipal(session);
    this.#rate.take(principal);
    return this.#viewer(session, principal, roomId);
  }

  /**
   * Someone who asks for the recordings of the rooms that they have to do with: by the rooms that have any, and whose recordings they may see. At
   * most 100 rooms.
   *
   * @throws {CanopyError} AUTH_REQUIRED, RATE_LIMITED
   */
  async viewers(session: Session): Promise<Map<string, Viewer>> {
    const principal = requirePrincipal(session);
    this.#rate.take(principal);
    const known = await this.#kernel.roomsOf(principal.accountId);
    const viewers = new Map<string, Viewer>();
    for (const roomId of await this.#records.recordedRooms(known, MAX_ROOMS)) {
      const viewer = await this.#viewer(session, principal, roomId).catch(unlessRefused);
      if (viewer) {
        viewers.set(roomId, viewer);
      }
    }
    return viewers;
  }

  /** Checks once more the account that a URL was given to. @throws {CanopyError} as viewer() */
  async recheck(accountId: string, roomId: string): Promise<{ principal: Visitor; room: RoomRecord }> {
    const account = await this.#kernel.accounts.find(accountId);
    const holder = account && holderOf(account);
    if (holder?.kind !== 'device') {
      throw new CanopyError('FORBIDDEN');
    }
    const room = await this.#kernel.rooms.record(roomId);
    demand(holder, 'recording.view', room);
    await this.#demandFromOutside(holder, room);
    return { principal: holder, room };
  }

  /** A recording, of this room if one is given. @throws {CanopyError} RECORDING_UNKNOWN */
  async find(recordingId: string, roomId?: string): Promise<RecordingRow> {
    const row = await this.#records.find(recordingId);
    if (!row || (roomId !== undefined && row.room_id !== roomId)) {
      throw new CanopyError('RECORDING_UNKNOWN');
    }
    return row;
  }

  /** Whether someone may delete a recording. */
  canManage({ principal, room }: Viewer, row: RecordingRow): boolean {
    return row.account_id === principal.accountId || may(principal, 'recording.manage', room);
  }

  /** @throws {CanopyError} FORBIDDEN */
  demandManaging(viewer: Viewer, row: RecordingRow): void {
    if (!this.canManage(viewer, row)) {
      demand(viewer.principal, 'recording.manage', viewer.room);
    }
  }

  async #viewer(session: Session, principal: PeerPrincipal, roomId: string): Promise<Viewer> {
    const seat = seatIn(session, roomId);
    const room = seat?.room.record ?? (await this.#kernel.rooms.record(roomId));
    demand(principal, 'recording.view', room);
    if (!seat) {
      await this.#demandFromOutside(principal, room);
    }
    return { principal, room };
  }

  async #demandFromOutside(visitor: Visitor, room: RoomRecord): Promise<void> {
    await this.#kernel.demandAccess(visitor, room);
    this.#kernel.entry.checkLock(visitor, room);
    this.#kernel.entry.checkKnowsPin(visitor, room);
  }
}

/** A room that somebody may not look into is left out; other errors are thrown. */
function unlessRefused(error: unknown): undefined {
  if (CanopyError.from(error).retryable) {
    throw error;
  }
}
