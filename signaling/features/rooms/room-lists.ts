import type { RoomDescription } from '../../../contract/index.ts';
import {
  describeRoom,
  type Kernel,
  type PeerPrincipal,
  type RoomRecord,
  recordOf,
  roomRoleOf,
} from '../../kernel/index.ts';
import { latestFirst, type Page } from '../../store/index.ts';
import type { RoomSummary } from './contract.ts';
import { nextMeeting } from './meeting-times.ts';
import type { RoomVisits } from './room-visits.ts';

/** How many rooms that others own are searched for meetings. */
const MAX_SEARCHED = 200;

/** Lists of rooms: an account’s own, and all of them for the operator. */
export class RoomLists {
  readonly #kernel: Kernel;
  readonly #visits: RoomVisits;

  constructor(kernel: Kernel, visits: RoomVisits) {
    this.#kernel = kernel;
    this.#visits = visits;
  }

  /** Configured rooms that the account owns, and rooms in which it has a role; latest first. */
  async mine(principal: PeerPrincipal, page: Page): Promise<RoomSummary[]> {
    const { accountId } = principal;
    const query = this.#kernel.store.db
      .selectFrom('rooms')
      .selectAll()
      // Breakout rooms.
      .where('settings', 'not like', '%"parentId":%')
      .where(({ eb, and, or, exists, selectFrom }) =>
        or([
          and([
            eb('owner_id', '=', accountId),
            or([eb('settings', '!=', '{}'), eb('title', 'is not', null)]),
          ]),
          exists(
            selectFrom('room_roles')
              .select('account_id')
              .where('account_id', '=', accountId)
              .whereRef('room_roles.room_id', '=', 'rooms.room_id'),
          ),
        ]),
      );
    const rows = await latestFirst(query, 'rooms', 'room_id', page);
    return rows.map((row) => this.#summary(principal, recordOf(row)));
  }

  /** Ids of all rooms that an account owns, configured or not. */
  async ownedBy(accountId: string): Promise<string[]> {
    const rows = await this.#kernel.store.db
      .selectFrom('rooms')
      .select('room_id')
      .where('owner_id', '=', accountId)
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  /** Rooms whose settings give an account a role. */
  async naming(accountId: string): Promise<string[]> {
    const rows = await this.#kernel.store.db
      .selectFrom('room_roles')
      .select('room_id')
      .where('account_id', '=', accountId)
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  /** Ids of all rooms that an account owns, has a role in, or was in lately. */
  async of(accountId: string): Promise<string[]> {
    const [visits, ...others] = await Promise.all([
      this.#visits.of(accountId),
      this.naming(accountId),
      this.ownedBy(accountId),
    ]);
    return [...new Set([...visits.map(({ roomId }) => roomId), ...others.flat()])];
  }

  /** Those of them with a meeting to come, earliest first. */
  async upcoming(principal: PeerPrincipal, limit: number): Promise<RoomSummary[]> {
    const { accountId } = principal;
    const scheduled = this.#kernel.store.db
      .selectFrom('rooms')
      .selectAll()
      .where('settings', 'like', '%"schedule":%')
      .orderBy('created_at_ms', 'desc')
      .limit(MAX_SEARCHED);
    const [owned, others] = await Promise.all([
      scheduled.where('owner_id', '=', accountId).execute(),
      scheduled
        .where('room_id', 'in', ({ selectFrom }) =>
          selectFrom('room_roles').select('room_id').where('account_id', '=', accountId),
        )
        .execute(),
    ]);
    const rows = new Map([...owned, ...others].map((row) => [row.room_id, row]));
    return [...rows.values()]
      .map((row) => this.#summary(principal, recordOf(row)))
      .filter(({ nextStartMs }) => nextStartMs !== undefined)
      .sort((a, b) => (a.nextStartMs ?? 0) - (b.nextStartMs ?? 0))
      .slice(0, limit);
  }

  /** Rooms in which the account was, latest first. Titles only of rooms that it may still enter. */
  async recent(principal: PeerPrincipal, { limit, after }: Page): Promise<RoomSummary[]> {
    const visits = await this.#visits.of(principal.accountId);
    const from = after === undefined ? 0 : visits.findIndex(({ roomId }) => roomId === after) + 1;
    const page = after !== undefined && from === 0 ? [] : visits.slice(from, from + limit);
    return Promise.all(
      page.map(async ({ roomId, visitedAtMs }) => {
        const record = await this.#kernel.rooms.record(roomId);
        const mayEnter = await this.#kernel.demandAccess(principal, record).then(
          () => true,
          () => false,
        );
        const { schedule: _schedule, nextStartMs: _next, ...rest } = this.#summary(principal, record);
        const hidden = { title: null, participants: 0, locked: false };
        return { ...rest, ...(!mayEnter && hidden), visitedAtMs };
      }),
    );
  }

  /** All stored rooms, latest first. */
  async all({ ownerId, ...page }: Page & { ownerId?: string | undefined }): Promise<RoomDescription[]> {
    let query = this.#kernel.store.db.selectFrom('rooms').selectAll();
    if (ownerId !== undefined) {
      query = query.where('owner_id', '=', ownerId);
    }
    const rows = await latestFirst(query, 'rooms', 'room_id', page);
    return rows.map((row) => describeRoom(recordOf(row)));
  }

  #summary(principal: PeerPrincipal, record: RoomRecord): RoomSummary {
    const { roomId, title, locked = false, schedule: stored } = record;
    const inside = this.#kernel.rooms.find(roomId)?.peers.values() ?? [];
    const meeting = stored && !stored.isCancelled ? nextMeeting(stored, Date.now()) : undefined;
    const { sequence: _sequence, changedAtMs: _changed, isCancelled = false, ...schedule } = stored ?? {};
    return {
      roomId,
      title,
      role: roomRoleOf(principal, record) ?? 'viewer',
      participants: [...inside].reduce((sum, { participants }) => sum + participants.size, 0),
      locked,
      ...(stored && !isCancelled && { schedule: schedule as RoomSummary['schedule'] }),
      ...(meeting && { nextStartMs: meeting.startMs }),
    };
  }
}
