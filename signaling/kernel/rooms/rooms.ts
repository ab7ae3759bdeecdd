import { EventEmitter, once } from 'node:events';
import type { Transaction } from 'kysely';
import { LRUCache } from 'lru-cache';
import { CanopyError, type ErrorCode, type Logger } from '../../../base/index.ts';
import { type EncryptionPolicy, isCallRoom, type Role } from '../../../contract/index.ts';
import type { Sfu } from '../../../sfu/index.ts';
import type { Tables } from '../../store/index.ts';
import { factorOf, type Holder, type NestedBudget } from '../budgets/index.ts';
import { demand, mayHaveKeys } from '../policy/index.ts';
import { changeServerRole, type SeatPrincipal } from '../principals/index.ts';
import type { Peer, PeerConnection } from './peer.ts';
import type { PeerMediaOptions } from './peer-media.ts';
import { type LeaveReason, Room, type RoomOptions } from './room.ts';
import type { RecordChange, RoomRecord, RoomRecords } from './room-records.ts';

export interface RoomsOptions {
  sfu: Sfu;
  /** Options for the media of peers. */
  media: Omit<PeerMediaOptions, 'sfu'>;
  log: Logger;
  records: RoomRecords;
  /** The budget for open rooms. */
  budget: NestedBudget;
  /** Creates the seat budget of a new room. */
  seats(): NestedBudget;
  maxPeersPerRoom: number;
  maxParticipantsPerRoom: number;
  /** Of rooms that were not created with a policy. */
  defaultEncryption: EncryptionPolicy;
  resumeMs: number;
  rehomeTicket: RoomOptions['rehomeTicket'];
  isStopped: RoomOptions['isStopped'];
  onEntry: RoomOptions['onEntry'];
  onOpened(room: Room): void;
  onClosed(room: Room): void;
  onRights: RoomOptions['onRights'];
  onRemoved(removal: Removal): void;
}

/** Somebody was removed from a meeting. */
export interface Removal {
  /** The main room. */
  roomId: string;
  accountId: string;
}

/** How often a join tries to open a room that closes or is re-homed meanwhile. */
const MAX_OPENINGS = 5;
/** How long an account removed from a room is barred, in milliseconds, and how many bans are remembered. */
const BAR_MS = 300_000;
const MAX_BARRED = 10_000;

/** All open rooms of this node. Routes the media plane's events to them. */
export class Rooms {
  readonly #rooms = new Map<string, Room>();
  /** Releases an open room's share of the budget. */
  readonly #releases = new Map<Room, () => void>();
  /** Accounts barred from rooms, as `room account`. */
  readonly #barred = new LRUCache<string, true>({ max: MAX_BARRED, ttl: BAR_MS });
  readonly #options: RoomsOptions;
  /** Whether empty rooms close at once, because the server is stopping. */
  #closing = false;
  readonly #events = new EventEmitter<{ empty: [] }>();
  /** The rooms of direct calls in progress. */
  readonly #callRooms = new Map<string, RoomRecord>();

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.#listen(options.sfu);
  }

  get size(): number {
    return this.#rooms.size;
  }

  get all(): Room[] {
    return [...this.#rooms.values()];
  }

  get peers(): Peer[] {
    return [...this.#rooms.values()].flatMap((room) => [...room.peers.values()]);
  }

  /** Whether a room is end-to-end encrypted when it opens. Direct calls are not. */
  encryptionOf({ encryption, parties }: RoomRecord): EncryptionPolicy {
    return parties ? 'off' : (encryption ?? this.#options.defaultEncryption);
  }

  find(roomId: string): Room | undefined {
    return this.#rooms.get(roomId);
  }

  /** A room's record, whether or not it is open. @throws {CanopyError} CALL_ENDED - it belonged to a direct call; STORE_BUSY */
  async record(roomId: string): Promise<RoomRecord> {
    if (isCallRoom(roomId)) {
      const record = this.#callRooms.get(roomId);
      if (!record) {
        throw new CanopyError('CALL_ENDED');
      }
      return record;
    }
    // With several nodes, the room's node would be looked up here.
    return this.#rooms.get(roomId)?.record ?? this.#options.records.load(roomId);
  }

  /**
   * Changes a room's settings, effective immediately for people inside.
   *
   * @param check called after all earlier changes were made; it may throw
   * @throws {CanopyError} LIMIT_REACHED, STORE_BUSY, STORE_UNWRITABLE
   */
  async configure(record: RoomRecord, change: RecordChange, check?: () => void): Promise<void> {
    await this.#options.records.configure(record, change, check);
    this.#rooms.get(record.roomId)?.applySettings();
  }

  /** Creates a room. @throws {CanopyError} ROOM_EXISTS, LIMIT_REACHED, STORE_BUSY, STORE_UNWRITABLE */
  async create(roomId: string, change: RecordChange): Promise<RoomRecord> {
    const record = await this.record(roomId);
    await this.#options.records.create(record, change);
    this.#rooms.get(roomId)?.applySettings();
    return record;
  }

  /**
   * Deletes a room; the connections in it end with ROOM_DELETED.
   *
   * @param check called after all earlier changes were made; it may throw
   * @param others deletes the rows of features, in the same transaction
   * @throws {CanopyError} STORE_BUSY, STORE_UNWRITABLE
   */
  async delete(
    record: RoomRecord,
    check: () => void,
    others: (db: Transaction<Tables>) => Promise<void>,
  ): Promise<void> {
    await this.#options.records.delete(record, check, others);
    const room = this.#rooms.get(record.roomId);
    if (room) {
      const connections = connectionsIn(room);
      room.endIfEmpty();
      room.close();
      // After the answer, since whoever deletes the room may be inside.
      setImmediate(() => {
        for (const connection of connections) {
          connection.end('ROOM_DELETED');
        }
      });
    }
  }

  /**
   * The room with this record. If it is not open, `opener` opens it, and it counts against `holder` until it closes.
   *
   * @throws {CanopyError} SERVER_BUSY, LIMIT_REACHED; ROOM_DELETED - since the record was read
   */
  open(record: RoomRecord, opener: SeatPrincipal, holder: Holder): Room {
    const { roomId } = record;
    if (this.#options.records.isDeleted(record)) {
      throw new CanopyError('ROOM_DELETED');
    }
    if (record.parties && this.#callRooms.get(roomId) !== record) {
      throw new CanopyError('CALL_ENDED');
    }
    const open = this.#rooms.get(roomId);
    if (open) {
      return open;
    }
    const release = this.#options.budget.take(holder, 1, factorOf(opener));
    const room = new Room({
      record,
      encryption: this.encryptionOf(record),
      sfu: this.#options.sfu,
      media: { sfu: this.#options.sfu, ...this.#options.media },
      log: this.#options.log,
      maxPeers: this.#options.maxPeersPerRoom,
      maxParticipants: this.#options.maxParticipantsPerRoom,
      seats: this.#options.seats(),
      resumeMs: this.#options.resumeMs,
      mayLinger: () => !this.#closing,
      rehomeTicket: this.#options.rehomeTicket,
      isStopped: this.#options.isStopped,
      onEntry: this.#options.onEntry,
      onRights: this.#options.onRights,
      onEmpty: (empty) => this.#forget(empty),
    });
    this.#rooms.set(roomId, room);
    this.#releases.set(room, release);
    this.#options.records.opened(record, opener);
    this.#options.onOpened(room);
    return room;
  }

  /**
   * Opens the room, if the principal may, and waits for its worker. Retries if the room closes or is re-homed meanwhile.
   *
   * @throws {CanopyError} FORBIDDEN - it is not open, and the principal may not open it
   * @throws {CanopyError} ENCRYPTED_ROOM - it is encrypted, and the principal may not have its keys
   * @throws {CanopyError} SERVER_BUSY, LIMIT_REACHED, ROOM_DELETED, WORKER_UNAVAILABLE, ROOM_REHOMING
   */
  async enter(
    record: RoomRecord,
    principal: SeatPrincipal,
    holder: Holder,
  ): Promise<{ room: Room; routerRtpCapabilities: Record<string, unknown> }> {
    const encryption = this.find(record.roomId)?.encryption ?? this.encryptionOf(record);
    if (encryption !== 'off' && !mayHaveKeys(principal, encryption)) {
      throw new CanopyError(
        'ENCRYPTED_ROOM',
        `${encryption === 'required' ? 'phones, ' : ''}recorders and other programs of the server have no keys`,
      );
    }
    for (let tries = 0; tries < MAX_OPENINGS; tries += 1) {
      if (!this.#rooms.has(record.roomId)) {
        demand(principal, 'room.open', record);
      }
      const room = this.open(record, principal, holder);
      const { generation } = room;
      try {
        const routerRtpCapabilities = await room.routerRtpCapabilities();
        if (!room.closed && room.generation === generation) {
          return { room, routerRtpCapabilities };
        }
      } catch (error) {
        if (!room.closed && room.generation === generation) {
          this.closeIfEmpty(room);
          throw error;
        }
      }
    }
    throw new CanopyError('ROOM_REHOMING');
  }

  /**
   * Lets these accounts, and nobody else, enter the room of a direct call until endCallRoom(). The room is not stored. `onPhone`: the
   * gateway brings a phone into it.
   */
  addCallRoom(roomId: string, parties: readonly string[], onPhone = false): void {
    this.#callRooms.set(roomId, {
      roomId,
      parties,
      onPhone,
      ownerId: null,
      title: null,
      permissions: {},
      roles: {},
    });
  }

  /** Closes the room of a direct call for good. Connections in it stay open. */
  endCallRoom(roomId: string): void {
    this.#callRooms.delete(roomId);
    const room = this.#rooms.get(roomId);
    if (room) {
      room.endIfEmpty();
      room.close();
    }
  }

  /** Closes a room that nobody is in. */
  closeIfEmpty(room: Room): void {
    if (room.peers.size === 0 && !room.closed && !room.lingers) {
      room.close();
      this.#forget(room);
    }
  }

  /** Closes a room and ends the connections in it with the code. Returns the number of connections ended. */
  end(room: Room, code: ErrorCode): number {
    const connections = connectionsIn(room);
    room.endIfEmpty();
    room.close();
    for (const connection of connections) {
      connection.end(code);
    }
    return connections.length;
  }

  /** Changes the role of an account in all its seats. */
  setRole(accountId: string, role: Role): void {
    for (const room of this.#rooms.values()) {
      for (const peer of room.peers.values()) {
        if (peer.principal.accountId === accountId) {
          changeServerRole(peer.principal, role);
          room.showRoles(peer);
        }
      }
    }
  }

  /** Removes the roles that an account was assigned, in all rooms. */
  async forgetAccount(accountId: string): Promise<void> {
    for (const roomId of await this.#options.records.naming(accountId)) {
      await this.configure(await this.record(roomId), { roles: { [accountId]: null } });
    }
  }

  /** Gives an account the rooms and the roles of another one, and keeps it out where that one is kept out. */
  async replaceAccount(from: string, to: string): Promise<void> {
    const { records } = this.#options;
    for (const roomId of await records.owned(from)) {
      const record = await this.record(roomId);
      if (record.ownerId === from) {
        await this.configure(record, { ownerId: to });
      }
    }
    for (const roomId of await records.naming(from)) {
      const record = await this.record(roomId);
      const role = record.roles[from];
      if (role !== undefined) {
        await this.configure(record, { roles: { [from]: null, [to]: role } });
      }
    }
    for (const key of [...this.#barred.keys()]) {
      const [roomId = '', accountId] = key.split(' ');
      if (accountId === from) {
        this.bar(roomId, to);
      }
    }
  }

  /** The open rooms of a meeting: the main room with its breakout rooms, given any of them. */
  meetingOf(record: Pick<RoomRecord, 'roomId' | 'parentId'>): Room[] {
    const mainId = mainRoomOf(record);
    return this.all.filter((room) => mainRoomOf(room.record) === mainId);
  }

  /** Removes an account from all rooms of a meeting at once, given any of them, and bars it for five minutes. */
  removeFromMeeting(
    record: Pick<RoomRecord, 'roomId' | 'parentId'>,
    accountId: string,
    code: 'KICKED' | 'BANNED',
  ): void {
    const roomId = mainRoomOf(record);
    // Bars those who are entering at this moment.
    this.bar(roomId, accountId);
    for (const room of this.meetingOf(record)) {
      room.removeAccount(accountId, { code, reason: 'kicked' });
    }
    this.#options.onRemoved({ roomId, accountId });
  }

  /** Bars an account from a room for five minutes. */
  bar(roomId: string, accountId: string): void {
    this.#barred.set(`${roomId} ${accountId}`, true);
  }

  /** The accounts barred from a room. */
  barredFrom(roomId: string): string[] {
    const prefix = `${roomId} `;
    return [...this.#barred.keys()].flatMap((key) =>
      key.startsWith(prefix) && this.#barred.has(key) ? [key.slice(prefix.length)] : [],
    );
  }

  /** Lets a barred account in again. */
  readmit(roomId: string, accountId: string): void {
    this.#barred.delete(`${roomId} ${accountId}`);
  }

  isBarred(roomId: string, accountId: string): boolean {
    return this.#barred.has(`${roomId} ${accountId}`);
  }

  /** Whether a device has a seat in any room. */
  hasSeat(deviceId: string): boolean {
    return this.peers.some((peer) => peer.deviceId === deviceId);
  }

  /** Removes all matching peers, connected or not. */
  remove(matches: (peer: Peer) => boolean, reason: LeaveReason): void {
    for (const room of [...this.#rooms.values()]) {
      for (const peer of [...room.peers.values()].filter(matches)) {
        room.remove(peer, reason);
      }
    }
  }

  /** Resolves when no rooms are open, or after this time in milliseconds. */
  async empty(milliseconds: number): Promise<void> {
    this.#closing = true;
    for (const room of this.all) {
      if (room.lingers) {
        // Nothing happens to those with people inside.
        room.endIfEmpty();
      }
    }
    if (this.#rooms.size > 0) {
      const over = AbortSignal.timeout(milliseconds);
      await Promise.race([once(this.#events, 'empty'), once(over, 'abort')]);
    }
  }

  close(): void {
    for (const room of [...this.#rooms.values()]) {
      room.close();
    }
    this.#rooms.clear();
  }

  #forget(room: Room): void {
    this.#options.records.used(room.record);
    if (this.#rooms.delete(room.roomId)) {
      this.#options.onClosed(room);
    }
    this.#releases.get(room)?.();
    this.#releases.delete(room);
    if (this.#rooms.size === 0) {
      this.#events.emit('empty');
    }
  }

  #listen(sfu: Sfu): void {
    const peerOf = ({ roomId, peerId }: { roomId: string; peerId: string }) =>
      this.#rooms.get(roomId)?.peers.get(peerId);
    const pathsOf = (event: { roomId: string; peerId: string }) => {
      const peer = peerOf(event);
      return peer && this.#rooms.get(event.roomId)?.mediaOf(peer).paths;
    };
    sfu.on('roomlost', ({ roomId }) => this.#rooms.get(roomId)?.rehome('worker-died'));
    sfu.on('speaker', ({ roomId, producerId }) => this.#rooms.get(roomId)?.setSpeaker(producerId));
    sfu.on('produceropened', ({ roomId, peerId, producer }) =>
      this.#rooms.get(roomId)?.producerOpened(peerId, producer),
    );
    sfu.on('producerpaused', ({ roomId, producerId, paused }) =>
      this.#rooms.get(roomId)?.producerPaused(producerId, paused),
    );
    sfu.on('producerclosed', ({ roomId, producerId }) => this.#rooms.get(roomId)?.producerClosed(producerId));
    sfu.on('consumerclosed', (event) => {
      peerOf(event)?.send('consumer.closed', { consumerId: event.consumerId });
    });
    sfu.on('consumerlayers', (event) => {
      peerOf(event)?.send('consumer.layers', { consumerId: event.consumerId, layers: event.layers });
    });
    sfu.on('producerwanted', ({ producerId, spatialLayers, ...event }) => {
      peerOf(event)?.send('producer.wanted', { producerId, spatialLayers });
    });
    sfu.on('allocation', ({ tiles, ...event }) => peerOf(event)?.send('room.allocation', { tiles }));
    sfu.on('transportstate', (event) => {
      peerOf(event)?.send('transport.state', { transportId: event.transportId, state: event.state });
      pathsOf(event)?.update(event.transportId, event.state);
    });
    sfu.on('transportclosed', (event) => pathsOf(event)?.remove(event.transportId));
  }
}

/** The main room of a meeting, given any of its rooms. Removals and bans apply to it. */
export function mainRoomOf({ roomId, parentId }: Pick<RoomRecord, 'roomId' | 'parentId'>): string {
  return parentId ?? roomId;
}

function connectionsIn(room: Room): PeerConnection[] {
  return [...room.peers.values()].flatMap(({ connection }) => connection ?? []);
}
