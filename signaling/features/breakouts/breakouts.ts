import { randomBytes, randomInt } from 'node:crypto';
import { CanopyError } from '../../../base/index.ts';
import {
  isPhoneGateway,
  type Kernel,
  may,
  type Peer,
  type PeerPrincipal,
  type Removal,
  type Room,
  type RoomRecord,
  type SeatPrincipal,
  type Visitor,
} from '../../kernel/index.ts';
import { BreakoutStore, type Plan } from './breakout-store.ts';
import type { BreakoutsState } from './contract.ts';

/** How long people have to come back, and how long their connections stay after that, in milliseconds. */
const CALL_BACK_MS = 10_000;
const GRACE_MS = 20_000;
/** Time between two events about the same breakout rooms, in milliseconds. */
const GATHER_MS = 300;
/** Open rooms that everybody has left end after this time, in milliseconds: whoever moves is nowhere for a moment. */
const ABANDONED_MS = 60_000;
/** Plans that nobody has changed for this long are forgotten, in milliseconds. */
const FORGET_AFTER_MS = 86_400_000;
const MAX_PLANS = 500;
const MAX_PLANS_OF_ACCOUNT = 20;
/** Maximum number of people in a plan. */
const MAX_PEOPLE = 1000;

/** The breakout rooms of a main room. */
interface Family {
  parentId: string;
  plan: Plan;
  changedAtMs: number;
  /** Until when everybody is being called back, as Unix time in milliseconds. */
  closingUntilMs?: number | undefined;
  /** Calls everybody back, and ends the rooms. */
  timer?: NodeJS.Timeout | undefined;
  abandoned?: NodeJS.Timeout | undefined;
  gathering?: NodeJS.Timeout | undefined;
  /** Keeps the main room open while everyone is elsewhere. */
  held?: { room: Room; release(): void } | undefined;
  /** The last change. Changes run one after another. */
  last: Promise<unknown>;
}

/** Someone in a main or breakout room. */
export interface Member {
  room: Room;
  peer: Peer;
  principal: PeerPrincipal;
}

/**
 * The breakout rooms of all main rooms. Each is an ordinary room with the settings of its main room; who may enter it is decided here. A
 * plan is stored, so that everyone comes back to their room after a restart of the server.
 */
export class Breakouts {
  readonly #kernel: Kernel;
  readonly #store: BreakoutStore;
  readonly #families = new Map<string, Family>();
  /** By breakout room. */
  readonly #byChild = new Map<string, Family>();
  readonly #loaded: Promise<void>;
  #closed = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#store = new BreakoutStore(kernel.store);
    this.#loaded = this.#load();
    // Those who need it get the error.
    this.#loaded.catch((error: unknown) => kernel.log.error({ err: error }, 'cannot read breakout rooms'));
  }

  /** Judges whether somebody may enter a breakout room. Other rooms are not affected. @throws {CanopyError} BREAKOUT_UNKNOWN, FORBIDDEN, KICKED, and as for the main room */
  async admit(principal: Visitor, { roomId, ...record }: RoomRecord): Promise<void> {
    await this.#loaded;
    const family = this.#byChild.get(roomId);
    const parentId = record.parentId ?? family?.parentId;
    if (parentId === undefined) {
      return;
    }
    if (family?.plan.status !== 'open') {
      throw new CanopyError('BREAKOUT_UNKNOWN');
    }
    const { rooms, entering, entry } = this.#kernel;
    const parent = await rooms.record(parentId);
    if (isPhoneGateway(principal)) {
      // It brings phones that were in the main room, or that somebody inside calls.
      return;
    }
    // Bans of the main room.
    await entering.run({ principal, room: parent });
    if (rooms.isBarred(parentId, principal.accountId) && !may(principal, 'room.enterBarred', parent)) {
      throw new CanopyError('KICKED');
    }
    if (assignedTo(family, principal.accountId) === roomId) {
      return;
    }
    if (!may(principal, 'breakout.manage', parent)) {
      throw new CanopyError('FORBIDDEN', 'you are not assigned to this breakout room');
    }
    await this.#kernel.demandEntry(principal, parent);
    entry.checkLock(principal, parent);
  }

  /** What a peer sees of the breakout rooms. */
  stateFor(room: Room, { principal }: Pick<Peer, 'principal'>): BreakoutsState {
    const family = this.#familyOf(room);
    const parentId = family?.parentId ?? room.roomId;
    const mayManage = this.#mayManage(room, principal);
    const nothing = { parentId, status: 'none', choice: false, rooms: [], own: null, people: [] } as const;
    if (!family || (family.plan.status === 'planned' && !family.closingUntilMs && !mayManage)) {
      return { ...nothing, rooms: [], people: [], mayManage };
    }
    const { plan, closingUntilMs } = family;
    const own = assignedTo(family, principal.accountId);
    const endsAtMs = closingUntilMs ?? plan.endsAtMs;
    return {
      parentId,
      status: closingUntilMs === undefined ? plan.status : 'closing',
      choice: plan.choice,
      ...(endsAtMs !== undefined && { endsAtMs }),
      rooms: plan.rooms
        .filter(({ roomId }) => mayManage || plan.choice || roomId === own || roomId === room.roomId)
        .map((each) => ({ ...each, count: peopleIn(this.#kernel.rooms.find(each.roomId)).size })),
      own,
      people: mayManage ? this.#people(family) : [],
      mayManage,
    };
  }

  /** @throws {CanopyError} FORBIDDEN, BREAKOUTS_OPEN, LIMIT_REACHED; BREAKOUT_UNKNOWN - it is a breakout room itself */
  async plan(
    member: Member,
    { names, assign }: { names: string[]; assign: 'even' | 'none' | 'choice' },
  ): Promise<void> {
    await this.#loaded;
    const { room, principal } = member;
    const { rooms } = this.#kernel;
    if (room.record.parentId !== undefined) {
      throw new CanopyError('BREAKOUT_UNKNOWN', 'plan breakout rooms in the main room');
    }
    await this.#forgetOld();
    const family = this.#families.get(room.roomId) ?? {
      parentId: room.roomId,
      plan: { status: 'planned', choice: false, rooms: [], people: {} },
      changedAtMs: Date.now(),
      last: Promise.resolve(),
    };
    if (!this.#families.has(room.roomId)) {
      this.#requireSpace(principal);
    }
    await this.#change(family, async () => {
      requirePlanned(family);
      const before = family.plan.rooms;
      const planned = names.map((name, index) => ({
        // A room keeps its chat when it is planned again.
        roomId: before[index]?.roomId ?? `breakout-${randomBytes(9).toString('hex')}`,
        name,
      }));
      const people: Plan['people'] = {};
      if (assign === 'even') {
        const others = shuffled([...peopleIn(room)].filter(([personId]) => personId !== principal.accountId));
        for (const [index, [personId, { displayName }]] of others.entries()) {
          const { roomId } = planned[index % planned.length] as { roomId: string };
          people[personId] = { displayName, roomId };
        }
      }
      const by = before.length === 0 ? principal.accountId : family.plan.by;
      await this.#save(family, {
        status: 'planned',
        choice: assign === 'choice',
        rooms: planned,
        people,
        ...(by !== undefined && { by }),
      });
      for (const { roomId } of before.slice(planned.length)) {
        this.#byChild.delete(roomId);
        await this.#deleteRoom(await rooms.record(roomId));
      }
      this.#add(family);
    });
  }

  /** @throws {CanopyError} BREAKOUT_UNKNOWN, PARTICIPANT_UNKNOWN, LIMIT_REACHED */
  async assign(room: Room, personId: string, roomId: string | null): Promise<void> {
    const family = await this.#require(room);
    await this.#change(family, async () => {
      const { plan } = family;
      const inside = this.#everyone(family).get(personId);
      const displayName = inside?.displayName ?? plan.people[personId]?.displayName;
      if (displayName === undefined) {
        throw new CanopyError('PARTICIPANT_UNKNOWN');
      }
      await this.#assign(family, personId, displayName, roomId);
      if (plan.status === 'open' && inside && !family.closingUntilMs) {
        this.#move(family, personId, roomId ?? family.parentId, 0);
      }
    });
  }

  /** Assigns somebody as they wish. @throws {CanopyError} BREAKOUT_UNKNOWN; FORBIDDEN - people do not choose */
  async choose({ room, peer, principal }: Member, roomId: string | null): Promise<void> {
    const family = await this.#require(room);
    await this.#change(family, async () => {
      if (family.plan.status !== 'open') {
        throw new CanopyError('BREAKOUT_UNKNOWN');
      }
      if (!family.plan.choice) {
        throw new CanopyError('FORBIDDEN', 'moderators decide who goes where');
      }
      const displayName = peer.participants.get(peer.participantId ?? '')?.displayName ?? peer.displayName;
      await this.#assign(family, principal.accountId, displayName, roomId);
    });
  }

  /** @throws {CanopyError} BREAKOUT_UNKNOWN, BREAKOUTS_OPEN, and as for configuring rooms */
  async open(room: Room, seconds: number | undefined): Promise<void> {
    const family = await this.#require(room);
    const { rooms } = this.#kernel;
    await this.#change(family, async () => {
      requirePlanned(family);
      const parent = await rooms.record(family.parentId);
      for (const { roomId, name } of family.plan.rooms) {
        await rooms.configure(await rooms.record(roomId), inherited(parent, name));
      }
      const { endsAtMs: _before, ...plan } = family.plan;
      const endsAtMs = seconds === undefined ? undefined : Date.now() + seconds * 1000;
      await this.#save(family, { ...plan, status: 'open', ...(endsAtMs !== undefined && { endsAtMs }) });
      this.#hold(family);
      this.#schedule(family);
      for (const [personId, { roomId }] of Object.entries(family.plan.people)) {
        this.#move(family, personId, roomId, 0);
      }
    });
  }

  /** Calls everybody back. @throws {CanopyError} BREAKOUT_UNKNOWN - they are not open */
  async close(room: Room): Promise<void> {
    await this.#callBack(await this.#require(room));
  }

  /** @throws {CanopyError} BREAKOUT_UNKNOWN, BREAKOUTS_OPEN */
  async discard(room: Room): Promise<void> {
    const family = await this.#require(room);
    await this.#change(family, async () => {
      requirePlanned(family);
      await this.#store.delete(family.parentId);
      await this.#drop(family);
    });
  }

  /** @throws {CanopyError} BREAKOUT_UNKNOWN */
  async message(room: Room, text: string, from: string): Promise<void> {
    const family = await this.#require(room);
    for (const { peer } of this.#peers(family)) {
      peer.send('breakout.message', { text, from });
    }
  }

  /** Asks the moderators for help. @throws {CanopyError} BREAKOUT_UNKNOWN - this is not an open breakout room */
  async help({ room, peer }: Member, from: string): Promise<void> {
    const family = await this.#require(room);
    if (room.roomId === family.parentId || family.plan.status !== 'open') {
      throw new CanopyError('BREAKOUT_UNKNOWN');
    }
    for (const each of this.#peers(family)) {
      if (each.peer !== peer && this.#mayManage(each.room, each.peer.principal)) {
        each.peer.send('breakout.help', { roomId: room.roomId, from });
      }
    }
  }

  /** Whether somebody in a main or breakout room may plan, open and close them. */
  mayManage({ room, principal }: Member): boolean {
    return this.#mayManage(room, principal);
  }

  /** Somebody came into a room or left it. */
  moved(room: Room): void {
    const family = this.#familyOf(room);
    if (!family) {
      return;
    }
    if (family.plan.status === 'open') {
      this.#hold(family);
      const isEmpty = this.#everyone(family).size === 0;
      clearTimeout(family.abandoned);
      family.abandoned = undefined;
      if (isEmpty && !this.#closed) {
        family.abandoned = setTimeout(() => void this.#end(family), ABANDONED_MS);
        family.abandoned.unref();
      }
    }
    const isElsewhere = [...this.#everyone(family).values()].some(({ at }) => at !== family.parentId);
    if (family.closingUntilMs !== undefined && !isElsewhere) {
      // Everybody is back.
      void this.#end(family);
    }
    this.#changed(family);
  }

  /** A main room is being deleted: forgets its plan, and what the returned function deletes afterwards. */
  async parentDeleted(db: Parameters<BreakoutStore['delete']>[1], parentId: string): Promise<() => void> {
    const family = this.#families.get(parentId);
    await this.#store.delete(parentId, db);
    return () => {
      if (family) {
        this.#drop(family).catch((error: unknown) =>
          this.#kernel.log.warn({ err: error, parentId }, 'cannot delete breakout rooms'),
        );
      }
    };
  }

  /** Assigns an account where another one is assigned, and makes its plans those of the new one. */
  async replaceAccount(from: string, to: string): Promise<void> {
    await this.#loaded;
    for (const family of this.#families.values()) {
      if (Object.hasOwn(family.plan.people, from) || family.plan.by === from) {
        await this.#change(family, async () => {
          const { [from]: theirs, ...others } = family.plan.people;
          await this.#save(family, {
            ...family.plan,
            people: { ...others, ...(theirs && { [to]: theirs }) },
            ...(family.plan.by === from && { by: to }),
          });
        });
      }
    }
  }

  /** Somebody was removed from a meeting: once they are no longer barred, they are a newcomer to it. */
  removed({ roomId, accountId }: Removal): void {
    const family = this.#families.get(roomId);
    if (family && assignedTo(family, accountId) !== null) {
      this.#change(family, () => this.#assign(family, accountId, '', null)).catch((error: unknown) =>
        this.#kernel.log.warn({ err: error, roomId }, 'cannot take somebody out of a breakout room'),
      );
    }
  }

  /** Forgets who was assigned, and who planned. */
  async forgetAccount(accountId: string): Promise<void> {
    await this.#loaded;
    for (const family of this.#families.values()) {
      if (Object.hasOwn(family.plan.people, accountId)) {
        await this.#change(family, () => this.#assign(family, accountId, '', null));
      }
      if (family.plan.by === accountId) {
        await this.#change(family, async () => {
          const { by: _by, ...plan } = family.plan;
          await this.#save(family, plan);
        });
      }
    }
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#closed = true;
    await this.#loaded.catch(() => {});
    for (const family of this.#families.values()) {
      clearTimers(family);
      await family.last;
    }
  }

  async #load(): Promise<void> {
    for (const [parentId, { plan, changedAtMs }] of await this.#store.load()) {
      const family: Family = { parentId, plan, changedAtMs, last: Promise.resolve() };
      this.#add(family);
      this.#schedule(family);
    }
  }

  #add(family: Family): void {
    this.#families.set(family.parentId, family);
    for (const { roomId } of family.plan.rooms) {
      this.#byChild.set(roomId, family);
    }
  }

  /** @throws {CanopyError} LIMIT_REACHED */
  #requireSpace({ accountId }: PeerPrincipal): void {
    if (this.#families.size >= MAX_PLANS) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_PLANS} meetings with breakout rooms`);
    }
    const own = [...this.#families.values()].filter(({ plan }) => plan.by === accountId).length;
    if (own >= MAX_PLANS_OF_ACCOUNT) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_PLANS_OF_ACCOUNT} meetings of one person`);
    }
  }

  /** Stores a plan, then applies it. */
  async #save(family: Family, plan: Plan): Promise<void> {
    const nowMs = Date.now();
    await this.#store.save(family.parentId, plan, nowMs);
    family.plan = plan;
    family.changedAtMs = nowMs;
  }

  async #assign(family: Family, personId: string, displayName: string, roomId: string | null): Promise<void> {
    const { [personId]: _before, ...others } = family.plan.people;
    if (roomId !== null && this.#byChild.get(roomId) !== family) {
      throw new CanopyError('BREAKOUT_UNKNOWN');
    }
    if (roomId !== null && Object.keys(others).length >= MAX_PEOPLE) {
      throw new CanopyError('LIMIT_REACHED', `at most ${MAX_PEOPLE} people`);
    }
    const people = roomId === null ? others : { ...others, [personId]: { displayName, roomId } };
    await this.#save(family, { ...family.plan, people });
  }

  /** The breakout rooms that belong to a room. @throws {CanopyError} BREAKOUT_UNKNOWN */
  async #require(room: Room): Promise<Family> {
    await this.#loaded;
    const family = this.#familyOf(room);
    if (!family) {
      throw new CanopyError('BREAKOUT_UNKNOWN');
    }
    return family;
  }

  #familyOf({ roomId }: Room): Family | undefined {
    return this.#families.get(roomId) ?? this.#byChild.get(roomId);
  }

  #mayManage(room: Room, principal: SeatPrincipal): boolean {
    const { parentId } = room.record;
    const parent = parentId === undefined ? room : this.#kernel.rooms.find(parentId);
    // A breakout room has the settings that its main room had when it was opened.
    return may(principal, 'breakout.manage', (parent ?? room).record);
  }

  /** Runs the changes of a plan one after another, and announces them. */
  async #change<T>(family: Family, work: () => Promise<T>): Promise<T> {
    const done = family.last.then(work);
    family.last = done.catch(() => undefined);
    const result = await done;
    this.#changed(family);
    return result;
  }

  /** Tells everyone how things stand: gathered, so that a move of everybody costs a few messages. */
  #changed(family: Family): void {
    family.gathering ??= setTimeout(() => {
      family.gathering = undefined;
      for (const { room, peer } of this.#peers(family)) {
        peer.send('breakout.changed', { breakouts: this.stateFor(room, peer) });
      }
    }, GATHER_MS);
    family.gathering.unref();
  }

  /** The main room and the breakout rooms, as far as they are open. */
  #rooms({ parentId, plan }: Family): Room[] {
    return [parentId, ...plan.rooms.map(({ roomId }) => roomId)].flatMap(
      (roomId) => this.#kernel.rooms.find(roomId) ?? [],
    );
  }

  /** The people's devices in the main room and the breakout rooms. */
  #peers(family: Family): Array<{ room: Room; peer: Peer }> {
    return this.#rooms(family).flatMap((room) =>
      [...room.peers.values()].flatMap((peer) => (peer.participantId === undefined ? [] : [{ room, peer }])),
    );
  }

  /** Everyone in the main room and the breakout rooms, phones included. */
  #everyone(family: Family): Map<string, Person & { at: string }> {
    const everyone = new Map<string, Person & { at: string }>();
    for (const room of this.#rooms(family)) {
      for (const [personId, person] of peopleIn(room)) {
        everyone.set(personId, { ...person, at: room.roomId });
      }
    }
    return everyone;
  }

  #people(family: Family): BreakoutsState['people'] {
    const { people } = family.plan;
    const inside = this.#everyone(family);
    // A phone that has moved or hung up is no longer this participant.
    const away = Object.keys(people).filter((personId) => !isPhone(personId));
    return [...new Set([...inside.keys(), ...away])].map((personId) => {
      const person = inside.get(personId);
      const at = person?.at ?? null;
      const moved = person?.kind === 'phone' && at !== family.parentId ? at : null;
      return {
        personId,
        kind: person?.kind ?? 'user',
        displayName: person?.displayName ?? people[personId]?.displayName ?? '',
        assigned: moved ?? assignedTo(family, personId),
        at,
      };
    });
  }

  /** Asks the devices of an account to move, or the gateway to move a phone. */
  #move(family: Family, personId: string, roomId: string, inSeconds: number): void {
    if (isPhone(personId)) {
      const room = this.#rooms(family).find((each) => each.hostOf(personId));
      if (room && room.roomId !== roomId) {
        this.#movePhone(room, personId, roomId);
      }
      return;
    }
    for (const { room, peer } of this.#peers(family)) {
      if (peer.principal.accountId === personId && room.roomId !== roomId) {
        peer.send('breakout.move', { roomId, inSeconds });
      }
    }
  }

  #movePhone(room: Room, participantId: string, roomId: string): void {
    // Phones that come back are not new, even if the main room is locked.
    this.#kernel.entry.expectPhone(roomId, participantId);
    room.hostOf(participantId)?.send('breakout.movePhone', { participantId, roomId });
  }

  /** Keeps the main room open, with its lock and its list of who was inside, while the breakout rooms are. */
  #hold(family: Family): void {
    const room = this.#kernel.rooms.find(family.parentId);
    if (room && family.held?.room !== room) {
      family.held = { room, release: room.hold() };
    }
  }

  #schedule(family: Family): void {
    const { endsAtMs, status } = family.plan;
    clearTimeout(family.timer);
    if (status === 'open' && endsAtMs !== undefined && !this.#closed) {
      family.timer = setTimeout(
        () =>
          this.#callBack(family).catch((error: unknown) =>
            this.#kernel.log.warn({ err: error }, 'cannot close breakout rooms'),
          ),
        Math.max(0, endsAtMs - CALL_BACK_MS - Date.now()),
      );
      family.timer.unref();
    }
  }

  async #callBack(family: Family): Promise<void> {
    await this.#change(family, async () => {
      if (family.plan.status !== 'open') {
        throw new CanopyError('BREAKOUT_UNKNOWN');
      }
      clearTimers(family);
      family.closingUntilMs = Date.now() + CALL_BACK_MS;
      for (const { room, peer } of this.#peers(family)) {
        if (room.roomId !== family.parentId) {
          peer.send('breakout.move', { roomId: family.parentId, inSeconds: CALL_BACK_MS / 1000 });
        }
      }
      for (const room of this.#rooms(family).filter(({ roomId }) => roomId !== family.parentId)) {
        for (const [personId, { kind }] of peopleIn(room)) {
          if (kind === 'phone') {
            this.#movePhone(room, personId, family.parentId);
          }
        }
      }
      family.timer = setTimeout(() => void this.#end(family), CALL_BACK_MS);
    });
  }

  /** Nobody may enter the breakout rooms any more; those who do not move are disconnected a little later. */
  async #end(family: Family): Promise<void> {
    try {
      await this.#change(family, async () => {
        const { endsAtMs: _before, ...plan } = family.plan;
        if (plan.status === 'planned') {
          return;
        }
        clearTimers(family);
        family.closingUntilMs = undefined;
        await this.#save(family, { ...plan, status: 'planned' });
        family.timer = setTimeout(() => this.#disconnect(family), GRACE_MS);
        family.timer.unref();
      });
    } catch (error) {
      this.#kernel.log.warn({ err: error }, 'cannot record that breakout rooms are closed');
    }
  }

  #disconnect(family: Family): void {
    if (family.plan.status === 'open' || this.#closed) {
      return;
    }
    for (const { roomId } of family.plan.rooms) {
      const room = this.#kernel.rooms.find(roomId);
      if (room) {
        this.#kernel.rooms.end(room, 'ROOM_CLOSED');
      }
    }
    this.#release(family);
  }

  #release(family: Family): void {
    family.held?.release();
    family.held = undefined;
  }

  /** Forgets a plan, and deletes its rooms. */
  async #drop(family: Family): Promise<void> {
    clearTimers(family);
    family.closingUntilMs = undefined;
    const { rooms } = family.plan;
    family.plan = { status: 'planned', choice: false, rooms: [], people: {} };
    this.#families.delete(family.parentId);
    this.#release(family);
    const parent = this.#kernel.rooms.find(family.parentId);
    for (const peer of parent?.peers.values() ?? []) {
      if (parent && peer.participantId !== undefined) {
        peer.send('breakout.changed', { breakouts: this.stateFor(parent, peer) });
      }
    }
    for (const { roomId } of rooms) {
      this.#byChild.delete(roomId);
      await this.#deleteRoom(await this.#kernel.rooms.record(roomId));
    }
  }

  async #deleteRoom(record: RoomRecord): Promise<void> {
    const { rooms, roomDeleted } = this.#kernel;
    if (record.parentId === undefined) {
      return;
    }
    const { roomId } = record;
    const committed: Array<() => void> = [];
    await rooms.delete(
      record,
      () => {},
      (db) => roomDeleted.run({ roomId, db, committed }),
    );
    for (const act of committed) {
      act();
    }
  }

  async #forgetOld(): Promise<void> {
    const beforeMs = Date.now() - FORGET_AFTER_MS;
    for (const family of [...this.#families.values()]) {
      if (family.changedAtMs < beforeMs && this.#peers(family).length === 0) {
        await this.#store.delete(family.parentId);
        await this.#drop(family);
      }
    }
  }
}

/** The room that an account is assigned to. */
function assignedTo({ plan }: Family, accountId: string): string | null {
  return Object.hasOwn(plan.people, accountId) ? (plan.people[accountId]?.roomId ?? null) : null;
}

/** @throws {CanopyError} BREAKOUTS_OPEN */
function requirePlanned({ plan, closingUntilMs }: Family): void {
  if (plan.status === 'open' || closingUntilMs !== undefined) {
    throw new CanopyError('BREAKOUTS_OPEN');
  }
}

/** What a breakout room takes over from its main room. Its owner decides there what a moderator decides. */
function inherited(parent: RoomRecord, name: string) {
  const { roomId, ownerId, permissions, roles, chatHistory, chatDays, departureTimeout } = parent;
  const { encryption, certifiedBy } = parent;
  return {
    title: name,
    ownerId: null,
    parentId: roomId,
    encryption,
    certifiedBy,
    permissions: { moderator: null, speaker: null, viewer: null, ...permissions },
    roles: { ...roles, ...(ownerId !== null && { [ownerId]: 'moderator' as const }) },
    lobby: 'off' as const,
    chatHistory: chatHistory ?? null,
    chatDays: chatDays ?? null,
    departureTimeout: departureTimeout ?? null,
  };
}

/** Somebody in a room. */
interface Person {
  displayName: string;
  kind: 'user' | 'phone';
}

/** Everyone in a room: people by account, phones by participant. Streams stay where their key leads. */
function peopleIn(room: Room | undefined): Map<string, Person> {
  const people = new Map<string, Person>();
  for (const { participants, principal } of room?.peers.values() ?? []) {
    for (const { participantId, displayName, kind } of participants.values()) {
      if (kind !== 'stream') {
        people.set(kind === 'phone' ? participantId : principal.accountId, { displayName, kind });
      }
    }
  }
  return people;
}

/** Participants have UUIDs, accounts have hashes. */
function isPhone(personId: string): boolean {
  return personId.includes('-');
}

function shuffled<T>(list: readonly T[]): T[] {
  const left = [...list];
  return list.map(() => left.splice(randomInt(left.length), 1)[0] as T);
}

function clearTimers(family: Family): void {
  clearTimeout(family.timer);
  clearTimeout(family.abandoned);
  family.timer = undefined;
  family.abandoned = undefined;
}
