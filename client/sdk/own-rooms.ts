import type { RequestInput, RequestResult } from '../../contract/index.ts';
import type { Connection } from './connection.ts';

export type NewRoom = RequestInput<'room.create'>;
export type RoomChange = Omit<RequestInput<'room.configure'>, 'roomId'>;
/** A room with all settings, as its owners see it. */
export type RoomDescription = RequestResult<'room.configure'>;
export type RoomDefaults = RequestResult<'room.defaults'>;
/** A room in a list. */
export type RoomSummary = RequestResult<'room.list'>['rooms'][number];
export type RoomListing = Omit<RequestInput<'room.list'>, 'which'>;

/** The rooms of the signed-in account, whether or not it is inside: see Client.rooms. */
export class OwnRooms {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Creates a room that this account owns. Without a `roomId` it gets a readable name that cannot be guessed.
   *
   * @throws {CanopyError} FORBIDDEN - guests cannot create rooms; ROOM_EXISTS, LIMIT_REACHED, RATE_LIMITED
   */
  create(room: NewRoom = {}): Promise<RoomDescription> {
    return this.#connection.request('room.create', room);
  }

  /** Rooms that the account owns and has configured, or in which it has a role; latest first. */
  async mine(page: RoomListing = {}): Promise<RoomSummary[]> {
    return (await this.#connection.request('room.list', { which: 'mine', ...page })).rooms;
  }

  /** Those of them with a meeting to come, earliest first. */
  async upcoming(page: Pick<RoomListing, 'limit'> = {}): Promise<RoomSummary[]> {
    return (await this.#connection.request('room.list', { which: 'upcoming', ...page })).rooms;
  }

  /** Rooms in which the account was, latest first. */
  async recent(page: RoomListing = {}): Promise<RoomSummary[]> {
    return (await this.#connection.request('room.list', { which: 'recent', ...page })).rooms;
  }

  /** What applies where an owner has not chosen otherwise. */
  defaults(): Promise<RoomDefaults> {
    return this.#connection.request('room.defaults', {});
  }

  /** The settings of a room. For owners and admins. @throws {CanopyError} FORBIDDEN */
  settings(roomId: string): Promise<RoomDescription> {
    return this.#connection.request('room.configure', { roomId });
  }

  /**
   * Changes a room, effective immediately for people inside. Omitted fields stay unchanged; null resets a field.
   *
   * @throws {CanopyError} FORBIDDEN, LIMIT_REACHED, RATE_LIMITED, ROOM_DELETED
   */
  configure(roomId: string, change: RoomChange): Promise<RoomDescription> {
    return this.#connection.request('room.configure', { roomId, ...change });
  }

  /**
   * The invitation to a scheduled meeting as an iCalendar file (RFC 5545), or its cancellation.
   *
   * @throws {CanopyError} FORBIDDEN; NOT_FOUND - no meeting is scheduled
   */
  async invitation(roomId: string): Promise<string> {
    return (await this.#connection.request('room.invitation', { roomId })).ics;
  }

  /**
   * Where to download the settings of a room, its chat and the files in it as a ZIP file: a URL that is valid for a minute.
   *
   * @throws {CanopyError} FORBIDDEN, RATE_LIMITED
   */
  async export(roomId: string): Promise<string> {
    const { url } = await this.#connection.request('room.export', { roomId });
    return new URL(url, this.#connection.origin).href;
  }

  /**
   * Deletes a room with everything stored about it. People inside are disconnected with ROOM_DELETED. Resolves to the cancellation of a
   * meeting to come, as an iCalendar file.
   *
   * @throws {CanopyError} FORBIDDEN
   */
  async delete(roomId: string): Promise<string | undefined> {
    return (await this.#connection.request('room.delete', { roomId })).ics;
  }
}
