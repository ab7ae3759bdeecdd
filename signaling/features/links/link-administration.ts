import type { LinkList, RoomLink } from '../../../contract/index.ts';
import {
  AccountRate,
  demand,
  type Kernel,
  type PeerPrincipal,
  type Principal,
  type RoomRecord,
} from '../../kernel/index.ts';
import { linkUrl } from './link-url.ts';
import type { Lobby } from './lobby.ts';
import type { RoomLinkRecord, RoomLinks } from './room-links.ts';

/** Validity of a link that is made for calendars, in seconds, and the most that is asked of an existing one, in milliseconds. */
const YEAR_SECONDS = 366 * 86_400;
const LONG_MS = 300 * 86_400_000;
/** Links that an account may make at once, and per hour after that: withdrawn ones are kept for a while. */
const MAX_AT_ONCE = 100;
const PER_HOUR = 60;

interface Limits {
  ttlSeconds: number;
  maxPeople?: number | null | undefined;
}

/** Makes, lists, renews and withdraws room links, for people who may invite to the room and for the operator. */
export class LinkAdministration {
  readonly #kernel: Kernel;
  readonly #links: RoomLinks;
  readonly #lobby: Lobby;
  readonly #rate = new AccountRate('new links', { perSecond: PER_HOUR / 3600, burst: MAX_AT_ONCE });

  constructor(kernel: Kernel, links: RoomLinks, lobby: Lobby) {
    this.#kernel = kernel;
    this.#links = links;
    this.#lobby = lobby;
  }

  /** @throws {CanopyError} FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED, LIMIT_REACHED, RATE_LIMITED */
  async create(principal: Principal, roomId: string, limits: Limits): Promise<RoomLink> {
    await this.#demandInviting(principal, await this.#kernel.rooms.record(roomId));
    this.#rate.take(principal);
    const link = await this.#links.create({ ...limits, roomId, createdBy: accountOf(principal) });
    this.#kernel.log.info({ roomId, linkId: link.linkId, by: accountOf(principal) }, 'room link created');
    return this.#shown(principal, link);
  }

  /** @throws {CanopyError} FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED */
  async list(principal: Principal, roomId: string): Promise<LinkList> {
    const record = await this.#kernel.rooms.record(roomId);
    await this.#demandInviting(principal, record);
    const links = await this.#links.list(roomId);
    return { links: links.map((link) => this.#shown(principal, link)), lobby: record.lobby ?? 'guests' };
  }

  /**
   * The address of a link to the room for calendars: one that is valid until this time, or for ten months; makes one for a year if
   * there is none.
   *
   * @param untilMs Unix time in milliseconds
   * @throws {CanopyError} FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED, LIMIT_REACHED, RATE_LIMITED
   */
  async obtain(principal: Principal, roomId: string, untilMs: number): Promise<string | undefined> {
    const { links } = await this.list(principal, roomId);
    const neededMs = Math.min(untilMs, Date.now() + LONG_MS);
    const lasting = links.findLast(({ url, expiresAtMs }) => url !== null && expiresAtMs >= neededMs);
    const { url } = lasting ?? (await this.create(principal, roomId, { ttlSeconds: YEAR_SECONDS }));
    return url ?? undefined;
  }

  /** @throws {CanopyError} LINK_UNKNOWN, LINK_EXPIRED, LINK_WITHDRAWN, FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED, RATE_LIMITED */
  async renew(principal: Principal, linkId: string, limits: Limits): Promise<RoomLink> {
    const { room_id } = await this.#links.byId(linkId);
    await this.#demandInviting(principal, await this.#kernel.rooms.record(room_id));
    this.#rate.take(principal);
    const link = await this.#links.renew(linkId, { ...limits, createdBy: accountOf(principal) });
    await this.#lobby.endLink(linkId);
    this.#kernel.log.info({ linkId, renewedAs: link.linkId, by: accountOf(principal) }, 'room link renewed');
    return this.#shown(principal, link);
  }

  /** @throws {CanopyError} LINK_UNKNOWN, LINK_EXPIRED, LINK_WITHDRAWN, FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED */
  async withdraw(principal: Principal, linkId: string): Promise<void> {
    const { room_id } = await this.#links.byId(linkId);
    await this.#demandInviting(principal, await this.#kernel.rooms.record(room_id));
    await this.#links.withdraw(linkId);
    await this.#lobby.endLink(linkId);
    this.#kernel.log.info({ linkId, by: accountOf(principal) }, 'room link withdrawn');
  }

  async #demandInviting(principal: Principal, room: RoomRecord): Promise<void> {
    if (isPeer(principal)) {
      // Otherwise people who may not enter could invite themselves.
      await this.#kernel.demandAccess(principal, room);
    }
    demand(principal, 'invite.create:guest');
    demand(principal, 'room.invite', room);
  }

  #shown(principal: Principal, { secret, ...link }: RoomLinkRecord): RoomLink {
    const { authority } = this.#kernel;
    const base = this.#kernel.linkOrigin(isPeer(principal) ? principal.origin : undefined);
    return { ...link, url: secret === undefined ? null : linkUrl(base, secret, authority.fingerprint) };
  }
}

function isPeer(principal: Principal): principal is PeerPrincipal {
  return 'accountId' in principal;
}

function accountOf(principal: Principal): string | undefined {
  return isPeer(principal) ? principal.accountId : undefined;
}
