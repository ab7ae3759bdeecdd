import type { LobbyMode, RoomLink } from '../../contract/index.ts';
import type { Connection } from './connection.ts';

export interface LinkLimits {
  /** How long the link is valid, in seconds: an hour to a year. Default four weeks. */
  ttlSeconds?: number;
  /** How many guests whom it let in may have a valid account at a time. Default: no limit. */
  maxPeople?: number;
}

/** Links to rooms that any number of people can use. All methods need the right to invite to the room. */
export class RoomLinks {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @throws {CanopyError} FORBIDDEN; LIMIT_REACHED - the room has 20 valid links */
  create(roomId: string, limits: LinkLimits = {}): Promise<RoomLink> {
    return this.#connection.request('link.create', { roomId, ...limits });
  }

  /** The room's newest valid link; makes one if there is none. @throws {CanopyError} FORBIDDEN, LIMIT_REACHED */
  async obtain(roomId: string): Promise<RoomLink> {
    const { links } = await this.list(roomId);
    return links.at(-1) ?? this.create(roomId);
  }

  /** The room's valid links, oldest first, and who waits in its lobby. @throws {CanopyError} FORBIDDEN */
  list(roomId: string): Promise<{ links: RoomLink[]; lobby: LobbyMode }> {
    return this.#connection.request('link.list', { roomId });
  }

  /** Replaces a link by a new one, by default with the same limit of people. The old one is withdrawn. @throws {CanopyError} FORBIDDEN, LINK_UNKNOWN, LINK_EXPIRED, LINK_WITHDRAWN */
  renew(linkId: string, limits: { ttlSeconds?: number; maxPeople?: number | null } = {}): Promise<RoomLink> {
    return this.#connection.request('link.renew', { linkId, ...limits });
  }

  /** Withdraws a link. People who wait by it are refused. @throws {CanopyError} FORBIDDEN, LINK_UNKNOWN, LINK_EXPIRED, LINK_WITHDRAWN */
  async withdraw(linkId: string): Promise<void> {
    await this.#connection.request('link.withdraw', { linkId });
  }
}
