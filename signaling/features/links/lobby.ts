import { LRUCache } from 'lru-cache';
import { CanopyError, type ErrorCode } from '../../../base/index.ts';
import type { EventData, EventName, RequestResult } from '../../../contract/index.ts';
import {
  isAddressMark,
  type Kernel,
  may,
  mayEnterLocked,
  NEWCOMER,
  NetworkRate,
  type Peer,
  type PeerPrincipal,
  type Room,
  type RoomRecord,
  type Session,
  serverRoleOf,
} from '../../kernel/index.ts';
import { Denials } from './denials.ts';
import type { RoomLinks } from './room-links.ts';
import { type Progress, type Waiting, WaitingList, type WaitingPerson } from './waiting-list.ts';
import type { Way } from './way.ts';

/** Makes the one-time invitation with which an admitted person enrols. */
export interface Enrolment {
  create(invitation: {
    role: 'guest';
    roomId: string;
    displayName: string;
    ttlSeconds: number;
    linkId: string;
  }): Promise<{ secret: string }>;
  expireByLink(linkId: string): Promise<void>;
}

/** A knock that was checked. */
export interface Knock {
  roomId: string;
  /** A link, or for someone without an account the room's address. */
  way: Way | undefined;
  /** The account, or the key of a client without one. */
  key: string;
  /** The name that a newcomer chose; ignored for people with an account. */
  displayName: string;
}

type Admission = EventData<'lobby.admitted'>;
type Outcome = EventData<'lobby.gone'>['outcome'];

/** How long an admitted person has to enrol, and how long an answer that got lost can be fetched by knocking again. */
const ENROL_SECONDS = 120;
/** How often waiting people and moderators are brought up to date, in milliseconds. */
const TICK_MS = 1000;
const MAX_OUTCOMES = 10_000;
/** How often strangers may begin to wait, or be refused, per second and at once: each disturbs those who are asked to let them in. */
const STRANGERS_PER_NETWORK = { perSecond: 0.2, burst: 40 };
const STRANGERS_PER_SERVER = { perSecond: 10, burst: 200 };

/**
 * The lobbies of all rooms. Someone who waits costs a connection and a few hundred bytes: certificates and rows are made only once they are
 * admitted. Lobbies are in memory; after a restart, clients knock again.
 */
export class Lobby {
  readonly #kernel: Kernel;
  readonly #links: RoomLinks;
  readonly #enrolment: Enrolment;
  readonly #list = new WaitingList();
  readonly #denials = new Denials();
  readonly #strangers = new NetworkRate({
    perNetwork: STRANGERS_PER_NETWORK,
    perServer: STRANGERS_PER_SERVER,
    busy: 'too many people without an invitation ask to enter',
  });
  /** Where each connection waits. */
  readonly #sessions = new WeakMap<Session, Waiting>();
  /** Connections whose end is watched. */
  readonly #watched = new WeakSet<Session>();
  /** Admissions of the last minutes, by room and key, in case their message got lost. */
  readonly #outcomes = new LRUCache<string, { linkId: string; admission: Admission }>({
    max: MAX_OUTCOMES,
    ttl: ENROL_SECONDS * 1000,
  });
  /** The peers that have been sent the people who wait in their room. */
  readonly #informed = new WeakMap<Room, Set<Peer>>();
  /** The latest admission by each link. They run one at a time, so that none exceeds the link's limits. */
  readonly #admissions = new Map<string, Promise<unknown>>();
  readonly #counts = { admitted: 0, denied: 0, left: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor(kernel: Kernel, links: RoomLinks, enrolment: Enrolment) {
    this.#kernel = kernel;
    this.#links = links;
    this.#enrolment = enrolment;
  }

  /** How many people wait. */
  get size(): number {
    return this.#list.size;
  }

  /** How many people were admitted and denied, and left by themselves, since the start. */
  get counts(): Readonly<Record<Outcome, number>> {
    return this.#counts;
  }

  /** The people in a room's lobby that this peer may see, for a snapshot. */
  seenBy(room: Room, peer: Peer): WaitingPerson[] | undefined {
    if (!may(peer.principal, 'lobby.admit', room.record)) {
      return undefined;
    }
    this.#informedOf(room).add(peer);
    return this.#people(room.roomId);
  }

  /**
   * Lets someone in at once, or lets them wait on their connection. Knocking again keeps the place.
   *
   * @throws {CanopyError} FORBIDDEN, KICKED, LOBBY_DENIED, LOBBY_FULL, LINK_FULL, RATE_LIMITED, SERVER_BUSY
   */
  async knock(session: Session, knock: Knock): Promise<RequestResult<'lobby.knock'>> {
    const { roomId, key, way } = knock;
    const { principal } = session;
    const knocker = { roomId, key, network: session.holder.address ?? '' };
    const earlier = this.#outcomes.get(`${roomId} ${key}`);
    if (earlier) {
      return { status: 'admitted', ...earlier.admission };
    }
    const waits = this.#list.byKey(roomId, key) !== undefined;
    if (byAddress(way) && !waits) {
      this.#strangers.take(knocker.network);
    }
    const record = await this.#kernel.rooms.record(roomId);
    if (this.#denials.has(knocker) && !waits) {
      throw new CanopyError('LOBBY_DENIED');
    }
    const circumstances = this.#circumstances(record);
    const verdict = await this.#judge(principal, record, way);
    if (verdict !== 'wait') {
      const admission = verdict === 'enter' ? { roomId } : await this.#admit(principal?.accountId, knock);
      return { status: 'admitted', ...admission };
    }
    // No await from here on, so that the place belongs to this connection.
    if (session.closed) {
      throw new CanopyError('CONNECTION_LOST');
    }
    const waiting =
      this.#list.byKey(roomId, key) ??
      this.#enter({ ...knocker, way, circumstances, person: describe(principal, knock) }, session);
    this.#attach(waiting, session);
    const progress = this.#progressOf(waiting);
    waiting.told = JSON.stringify(progress);
    return { status: 'waiting', waitId: waiting.person.waitId, roomId, progress };
  }

  /** The connection's person stops waiting. */
  cancel(session: Session): void {
    const waiting = this.#sessions.get(session);
    if (waiting) {
      this.#remove(waiting, 'left', null);
    }
  }

  /**
   * Lets these people in, one after the other; skips those who no longer wait. Returns the ids of those admitted.
   *
   * @param by the participant who admits them; null: nobody in the room
   * @throws {CanopyError} LINK_FULL, STORE_BUSY, … - nobody could be admitted
   */
  async admit(roomId: string, waitIds: readonly string[], by: string | null): Promise<string[]> {
    const admitted: string[] = [];
    let failure: unknown;
    for (const waitId of waitIds) {
      const waiting = this.#list.find(roomId, waitId);
      if (!waiting || waiting.admitting) {
        continue;
      }
      try {
        if (await this.#letIn(waiting, by)) {
          admitted.push(waitId);
        }
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined && admitted.length === 0) {
      throw failure;
    }
    return admitted;
  }

  /** Turns these people away; skips those who no longer wait or are being let in. Returns the ids of those denied. */
  deny(roomId: string, waitIds: readonly string[], by: string | null): string[] {
    return waitIds.filter((waitId) => {
      const waiting = this.#list.find(roomId, waitId);
      if (!waiting || waiting.admitting) {
        return false;
      }
      this.#denials.add(waiting);
      this.#refuse(waiting, 'LOBBY_DENIED', 'denied', by);
      return true;
    });
  }

  /** Refuses everyone who came by a link, since it was withdrawn, and the invitations of people just admitted by it. */
  async endLink(linkId: string): Promise<void> {
    for (const waiting of this.#list.all) {
      if (waiting.way?.link_id === linkId) {
        this.#refuse(waiting, 'LINK_WITHDRAWN', 'left', null);
      }
    }
    for (const [key, outcome] of [...this.#outcomes.entries()]) {
      if (outcome.linkId === linkId) {
        this.#outcomes.delete(key);
      }
    }
    await this.#enrolment.expireByLink(linkId);
  }

  /** Refuses everyone who waits for a room, since it was deleted. */
  endRoom(roomId: string): void {
    for (const waiting of this.#list.in(roomId)) {
      this.#refuse(waiting, byAddress(waiting.way) ? 'ROOM_DELETED' : 'LINK_UNKNOWN', 'left', null);
    }
  }

  /** Removes a revoked account from all lobbies. */
  forgetAccount(accountId: string): void {
    for (const waiting of this.#list.all) {
      if (waiting.person.accountId === accountId) {
        this.#remove(waiting, 'left', null);
      }
    }
  }

  #enter(
    {
      person,
      ...place
    }: Pick<Waiting, 'roomId' | 'key' | 'network' | 'way' | 'circumstances'> & {
      person: Omit<WaitingPerson, 'waitId' | 'sinceMs'>;
    },
    session: Session,
  ): Waiting {
    const { budgets, config } = this.#kernel;
    const { roomId, way } = place;
    if (this.#list.in(roomId).length >= config.limits.waitingPerRoom) {
      throw new CanopyError('LOBBY_FULL');
    }
    const { address } = session.holder;
    const holder = {
      ...(person.accountId !== undefined && { account: person.accountId }),
      ...(way && { invitation: way.link_id }),
      ...(address !== undefined && { address }),
    };
    const releases = [budgets.waiting.take(holder)];
    if (byAddress(way)) {
      try {
        releases.push(budgets.strangers.take(holder));
      } catch (error) {
        releases[0]?.();
        throw error;
      }
    }
    const release = () => {
      for (const each of releases) {
        each();
      }
    };
    const waiting = this.#list.add({ ...place, person, session: null, release });
    this.#announce(roomId, 'lobby.waiting', { person: waiting.person });
    const { displayName, accountId = null } = waiting.person;
    this.#kernel.happenings.emit('lobby.waiting', { roomId, displayName, accountId });
    session.log.info({ roomId, waitId: waiting.person.waitId }, 'someone waits in the lobby');
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
    return waiting;
  }

  /** Lets them wait on this connection, and no longer on an earlier one. */
  #attach(waiting: Waiting, session: Session): void {
    const elsewhere = this.#sessions.get(session);
    if (elsewhere && elsewhere !== waiting) {
      this.#remove(elsewhere, 'left', null);
    }
    clearTimeout(waiting.graceTimer);
    const before = waiting.session;
    if (before && before !== session) {
      this.#detach(before);
      before.connection.send('lobby.refused', { error: new CanopyError('SESSION_REPLACED').toJSON() });
    }
    waiting.session = session;
    session.waiting = true;
    this.#sessions.set(session, waiting);
    if (!this.#watched.has(session)) {
      this.#watched.add(session);
      session.releases.push(() => this.#lost(session));
    }
  }

  #detach(session: Session): void {
    session.waiting = false;
    this.#sessions.delete(session);
  }

  /** The connection is gone. The place is kept for a while. */
  #lost(session: Session): void {
    const waiting = this.#sessions.get(session);
    if (waiting?.session !== session) {
      return;
    }
    this.#detach(session);
    waiting.session = null;
    const { resumeSeconds } = this.#kernel.config.limits;
    waiting.graceTimer = setTimeout(() => this.#remove(waiting, 'left', null), resumeSeconds * 1000).unref();
  }

  /**
   * Whether they may enter anyway, are admitted by the link, or have to wait. A room's address never admits anyone by itself.
   *
   * @throws {CanopyError} FORBIDDEN, KICKED, BANNED, ROOM_LOCKED
   */
  async #judge(
    principal: PeerPrincipal | null,
    record: RoomRecord,
    way: Way | undefined,
  ): Promise<'enter' | 'admit' | 'wait'> {
    const { rooms } = this.#kernel;
    const isOff =
      record.lobby === 'off' && !byAddress(way) && !(way && (await this.#isGuarded(record.roomId, way)));
    if (record.locked && (!principal || !mayEnterLocked(principal, record))) {
      throw new CanopyError('ROOM_LOCKED');
    }
    if (!principal) {
      const isBreakout = record.parentId !== undefined;
      if (!may(NEWCOMER, 'room.enter', record) || (byAddress(way) && isBreakout)) {
        throw new CanopyError('FORBIDDEN', 'guests may not enter this room');
      }
      if (way) {
        await this.#kernel.knocking.run({ linkId: way.link_id, room: record });
      }
      // A room that newcomers may not open begins when someone else opens it.
      const mayBegin = rooms.find(record.roomId) !== undefined || may(NEWCOMER, 'room.open', record);
      return isOff && mayBegin ? 'admit' : 'wait';
    }
    await this.#kernel.entering.run({ principal, room: record });
    if (rooms.isBarred(record.roomId, principal.accountId) && !may(principal, 'room.enterBarred', record)) {
      if (isOff || !way) {
        throw new CanopyError('KICKED');
      }
      return 'wait';
    }
    try {
      await this.#kernel.demandEntry(principal, record);
      return 'enter';
    } catch (error) {
      const { code } = CanopyError.from(error);
      // With the policy `tofu`, those who were not invited may wait instead.
      const isUninvited = code === 'FORBIDDEN' || (code === 'LOBBY_REQUIRED' && record.lobby !== 'everyone');
      if (isUninvited && way && may(principal, 'room.enter', record)) {
        // The link decides, as for someone without an account.
        await this.#kernel.knocking.run({ linkId: way.link_id, room: record });
        return isOff ? 'admit' : 'wait';
      }
      if (code === 'LOBBY_REQUIRED') {
        return 'wait';
      }
      throw error;
    }
  }

  /** Whether somebody who came by this link is barred from the room: they could return by it as somebody new, were the lobby off. */
  async #isGuarded(roomId: string, { link_id }: Way): Promise<boolean> {
    return this.#links.broughtAny(link_id, this.#kernel.rooms.barredFrom(roomId));
  }

  /** Gives them what they need to enter. @throws {CanopyError} LINK_FULL, LIMIT_REACHED */
  async #admit(accountId: string | undefined, { roomId, key, way, displayName }: Knock): Promise<Admission> {
    const { accounts, rooms } = this.#kernel;
    let admission: Admission = { roomId };
    if (accountId !== undefined) {
      await accounts.grant(accountId, roomId, Date.now());
      rooms.readmit(roomId, accountId);
    } else if (way) {
      const { secret } = await this.#inTurn(way.link_id, async () => {
        await this.#links.demandSpace(way);
        return this.#enrolment.create({
          role: 'guest',
          roomId,
          displayName,
          ttlSeconds: ENROL_SECONDS,
          linkId: way.link_id,
        });
      });
      admission = { roomId, secret };
      this.#outcomes.set(`${roomId} ${key}`, { linkId: way.link_id, admission });
    }
    return admission;
  }

  async #letIn(waiting: Waiting, by: string | null): Promise<boolean> {
    const { roomId, key, way, person } = waiting;
    waiting.admitting = true;
    let admission: Admission;
    try {
      if ((await this.#kernel.rooms.record(roomId)).locked) {
        throw new CanopyError('ROOM_LOCKED');
      }
      const { displayName } = person;
      admission = await this.#admit(person.accountId, { roomId, key, way, displayName });
    } catch (error) {
      waiting.admitting = false;
      throw error;
    }
    if (!this.#list.has(waiting)) {
      // They left, or their link was withdrawn meanwhile.
      this.#outcomes.delete(`${roomId} ${key}`);
      return false;
    }
    this.#denials.clear(waiting);
    waiting.session?.connection.send('lobby.admitted', admission);
    this.#remove(waiting, 'admitted', by);
    return true;
  }

  #refuse(waiting: Waiting, code: ErrorCode, outcome: Outcome, by: string | null): void {
    waiting.session?.connection.send('lobby.refused', { error: new CanopyError(code).toJSON() });
    this.#remove(waiting, outcome, by);
  }

  #remove(waiting: Waiting, outcome: Outcome, by: string | null): void {
    if (!this.#list.remove(waiting)) {
      return;
    }
    const { roomId, session, person } = waiting;
    if (session) {
      this.#detach(session);
    }
    waiting.session = null;
    this.#counts[outcome] += 1;
    this.#kernel.log.info({ roomId, waitId: person.waitId, outcome, by }, 'someone left the lobby');
    this.#announce(roomId, 'lobby.gone', { waitId: person.waitId, outcome, by });
    if (this.#list.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  /** Sends an event to everyone in the room who may admit people. */
  #announce<N extends 'lobby.waiting' | 'lobby.gone'>(roomId: string, event: N, data: EventData<N>): void {
    const room = this.#kernel.rooms.find(roomId);
    for (const peer of room?.peers.values() ?? []) {
      if (room && this.#informedOf(room).has(peer) && may(peer.principal, 'lobby.admit', room.record)) {
        send(peer, event, data);
      }
    }
  }

  /** Notifies everyone of changes. Rights, settings and rosters change in many places, so they are checked once a second. */
  #tick(): void {
    for (const roomId of this.#list.roomIds) {
      const room = this.#kernel.rooms.find(roomId);
      if (room) {
        this.#inform(room);
      }
      for (const waiting of this.#list.in(roomId)) {
        this.#tell(waiting);
        void this.#reconsider(waiting);
      }
    }
  }

  /** Sends the list to peers who gained the right to admit people, and an empty one to those who lost it. */
  #inform(room: Room): void {
    const informed = this.#informedOf(room);
    for (const peer of informed) {
      if (room.peers.get(peer.peerId) !== peer) {
        informed.delete(peer);
      }
    }
    for (const peer of room.peers.values()) {
      const isEntitled = may(peer.principal, 'lobby.admit', room.record);
      if (isEntitled === informed.has(peer)) {
        continue;
      }
      if (isEntitled) {
        informed.add(peer);
      } else {
        informed.delete(peer);
      }
      send(peer, 'lobby.list', { people: isEntitled ? this.#people(room.roomId) : [] });
    }
  }

  #tell(waiting: Waiting): void {
    const progress = this.#progressOf(waiting);
    const told = JSON.stringify(progress);
    if (waiting.session && told !== waiting.told) {
      waiting.told = told;
      waiting.session.connection.send('lobby.progress', progress);
    }
  }

  /** Lets someone in who need not wait any more, since the room's settings changed or it opened. */
  async #reconsider(waiting: Waiting): Promise<void> {
    const { roomId, way, session } = waiting;
    try {
      const record = await this.#kernel.rooms.record(roomId);
      const circumstances = this.#circumstances(record);
      if (circumstances === waiting.circumstances || waiting.admitting || !session) {
        return;
      }
      waiting.circumstances = circumstances;
      if ((await this.#judge(session.principal, record, way)) !== 'wait' && !waiting.admitting) {
        await this.#letIn(waiting, null);
      }
    } catch (error) {
      session?.log.debug({ err: error, roomId }, 'someone in the lobby could not be let in');
    }
  }

  #circumstances(record: RoomRecord): string {
    return `${record.lobby} ${this.#kernel.rooms.find(record.roomId) !== undefined}`;
  }

  #progressOf(waiting: Waiting): Progress {
    const everyone = this.#list.in(waiting.roomId);
    const room = this.#kernel.rooms.find(waiting.roomId);
    if (byAddress(waiting.way)) {
      // Whether a meeting takes place is nobody's business who only knows, or guesses, its name.
      return {
        ahead: everyone.indexOf(waiting),
        waiting: everyone.length,
        isOpen: false,
        hostPresent: false,
      };
    }
    const present = [...(room?.peers.values() ?? [])].filter(({ connection }) => connection !== null);
    return {
      ahead: everyone.indexOf(waiting),
      waiting: everyone.length,
      isOpen: room !== undefined,
      hostPresent: present.some(
        ({ principal }) => room !== undefined && may(principal, 'lobby.admit', room.record),
      ),
    };
  }

  #people(roomId: string): WaitingPerson[] {
    return this.#list.in(roomId).map(({ person }) => person);
  }

  #informedOf(room: Room): Set<Peer> {
    const informed = this.#informed.get(room) ?? new Set<Peer>();
    this.#informed.set(room, informed);
    return informed;
  }

  /** Runs admissions by one link one after the other. */
  async #inTurn<T>(linkId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#admissions.get(linkId);
    const mine = (before ?? Promise.resolve()).then(work);
    const settled = mine.catch(() => undefined);
    this.#admissions.set(linkId, settled);
    try {
      return await mine;
    } finally {
      if (this.#admissions.get(linkId) === settled) {
        this.#admissions.delete(linkId);
      }
    }
  }
}

function byAddress(way: Way | undefined): boolean {
  return isAddressMark(way?.link_id);
}

function send<N extends EventName>(peer: Peer, event: N, data: EventData<N>): void {
  peer.send(event, data);
}

/** How moderators see them: people with an account under their certified name. */
function describe(
  principal: PeerPrincipal | null,
  { displayName, way }: Knock,
): Omit<WaitingPerson, 'waitId' | 'sinceMs'> {
  return principal
    ? { displayName: principal.displayName, accountId: principal.accountId, role: serverRoleOf(principal) }
    : { displayName, ...(byAddress(way) && { uninvited: true as const }) };
}
