import { LRUCache } from 'lru-cache';
import { CanopyError, type ErrorCode, type Logger } from '../../../base/index.ts';
import type {
  EncryptionPolicy,
  EntryData,
  EventData,
  EventName,
  LogEntry,
  LoggedEvent,
  LogPosition,
  MediaSource,
  Participant,
  ProducerInfo,
} from '../../../contract/index.ts';
import type { Sfu } from '../../../sfu/index.ts';
import type { IdentitySource } from '../../identity/index.ts';
import { factorOf, type NestedBudget } from '../budgets/index.ts';
import { MemoryRoomLog, type RoomLog } from '../log/index.ts';
import { isPhoneGateway, may, roomRoleOf } from '../policy/index.ts';
import { type PeerPrincipal, serverRoleOf } from '../principals/index.ts';
import type { MediaPath } from './media-paths.ts';
import type { Peer, PeerConnection } from './peer.ts';
import { PeerMedia, type PeerMediaOptions } from './peer-media.ts';
import type { RoomRecord } from './room-records.ts';

/** How many of the accounts that were inside a room remembers. */
const MAX_VISITORS = 10_000;

/** The room's media on one worker. A new generation begins when the worker dies. */
interface RoomMedia {
  generation: number;
  ready: Promise<{ workerId: string; routerRtpCapabilities: Record<string, unknown> }>;
}

export type LeaveReason = EventData<'participant.left'>['reason'];

/** An entry of a room's log, for features that follow it. */
export type RoomLogEntry = { [N in LoggedEvent]: { kind: N; data: EntryData<N> } }[LoggedEvent];

export interface RoomOptions {
  /** The room's owner and settings. */
  record: RoomRecord;
  encryption: EncryptionPolicy;
  sfu: Sfu;
  /** Options for the media of its peers. */
  media: PeerMediaOptions;
  log: Logger;
  maxPeers: number;
  /** Unless the settings have another number. */
  maxParticipants: number;
  /** The budget for seats. */
  seats: NestedBudget;
  /** How long the seat of a disconnected peer is kept, in milliseconds. */
  resumeMs: number;
  /** Whether the room may stay open with nobody inside. */
  mayLinger(): boolean;
  /** Creates the URL and ticket with which a peer rejoins after its media is lost. */
  rehomeTicket(room: Room, peer: Peer): Promise<{ url: string; ticket: string }>;
  /** Whether a feature keeps a participant from sending this at the moment. */
  isStopped(room: Room, participantId: string, source: MediaSource): boolean;
  /** An entry was added to the log. It may add further ones. */
  onEntry(room: Room, entry: RoomLogEntry): void;
  /** What this peer may do may have changed: its role, or the room's settings. */
  onRights(room: Room, peer: Peer): void;
  onEmpty(room: Room): void;
}

/**
 * A conference: its participants and what they send. Owns its peers and the media plane's room, and follows that room's events to know which
 * producers exist. Closes when the last peer leaves.
 */
export class Room {
  readonly roomId: string;
  readonly record: RoomRecord;
  /** Whether the room is end-to-end encrypted: as long as it is open, whatever happens to its settings. */
  readonly encryption: EncryptionPolicy;
  readonly peers = new Map<string, Peer>();
  readonly #options: RoomOptions;
  readonly #log: Logger;
  /** Everything that participants see happen, in order. */
  readonly #events: RoomLog = new MemoryRoomLog();
  /** Kinds of entries that bridges get without their data. */
  readonly #peopleOnly = new Set<string>();
  /** Entries that have yet to be sent. */
  readonly #outbox: Array<(peer: Peer) => void> = [];
  /** The media of each peer. */
  readonly #peerMedia = new Map<Peer, PeerMedia>();
  /** All producers, each with the id of its peer. */
  readonly #roster = new Map<string, { peerId: string; producer: ProducerInfo }>();
  #media: RoomMedia;
  #speakerProducerId: string | null = null;
  #speaker: string | null = null;
  #closed = false;
  /** How many holders keep the room open with nobody inside. */
  #holds = 0;
  /** Closes the room after it has been empty for a while. */
  #emptyTimer: NodeJS.Timeout | undefined;
  /** Accounts that have been inside, except for those that were removed. */
  readonly #visitors = new LRUCache<string, true>({ max: MAX_VISITORS });

  constructor(options: RoomOptions) {
    this.roomId = options.record.roomId;
    this.record = options.record;
    this.encryption = options.encryption;
    this.#options = options;
    this.#log = options.log.child({ roomId: this.roomId });
    this.#media = this.#openMedia(1);
  }

  get generation(): number {
    return this.#media.generation;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether people or phones are in it, and not only programs such as the recorder. */
  get hasParticipants(): boolean {
    return [...this.peers.values()].some(({ participants }) => participants.size > 0);
  }

  /** Refuses what takes media that the server can read. @throws {CanopyError} ENCRYPTED_ROOM */
  requireClear(): void {
    if (this.encryption !== 'off') {
      throw new CanopyError('ENCRYPTED_ROOM');
    }
  }

  /** Refuses phones where they may not have the keys. @throws {CanopyError} ENCRYPTED_ROOM */
  requirePhonesAllowed(): void {
    if (this.encryption === 'required') {
      throw new CanopyError('ENCRYPTED_ROOM', 'this room excludes phones');
    }
  }

  /** The dominant speaker's participant. */
  get speaker(): string | null {
    return this.#speaker;
  }

  /** Whether the account has been inside since the room opened, and was not removed. */
  wasInside(accountId: string): boolean {
    return this.#visitors.has(accountId);
  }

  /** Whether the room stays open for a while although nobody is inside. */
  get lingers(): boolean {
    return this.#emptyTimer !== undefined || this.#holds > 0;
  }

  /** Keeps the room open with nobody inside until the returned function is called. */
  hold(): () => void {
    this.#holds += 1;
    let isHeld = true;
    return () => {
      if (isHeld) {
        isHeld = false;
        this.#holds -= 1;
        if (this.#holds === 0 && this.peers.size === 0 && !this.#closed) {
          this.#emptied();
        }
      }
    };
  }

  /** The router's capabilities, once a worker hosts the room. @throws {CanopyError} WORKER_UNAVAILABLE */
  async routerRtpCapabilities(): Promise<Record<string, unknown>> {
    return (await this.#media.ready).routerRtpCapabilities;
  }

  /**
   * What certifies the devices in an encrypted room: all of them have to be able to check each other's certificates. Whoever created the room
   * has decided that, or the first person inside; never a phone, which anyone may use to call in.
   */
  get certifiedBy(): IdentitySource | undefined {
    const { certifiedBy } = this.record;
    const people = [...this.peers.values()].filter(({ principal }) => !isPhoneGateway(principal));
    return certifiedBy ?? people.map(sourceOf).find((source) => source !== undefined);
  }

  /**
   * Seats a peer. A device has only one seat in a room: its previous seat is removed, and the connection of that one ends.
   *
   * @throws {CanopyError} ROOM_FULL; LIMIT_REACHED - the account has too many seats, or all accounts with its invitation together;
   * ENCRYPTION_UNTRUSTED - the devices inside cannot check the certificate of this one
   */
  add(peer: Peer): void {
    const [source, { certifiedBy }] = [sourceOf(peer), this];
    if (this.encryption !== 'off' && source && certifiedBy && source !== certifiedBy) {
      throw new CanopyError('ENCRYPTION_UNTRUSTED');
    }
    const replaced = [...this.peers.values()].filter(({ deviceId }) => deviceId === peer.deviceId);
    const evicted = replaced.length > 0 ? undefined : this.#seatToEvict(peer);
    for (const old of evicted ? [evicted] : replaced) {
      old.releaseSeat();
    }
    peer.releaseSeat = this.#options.seats.take(peer.holder, 1, factorOf(peer.principal));
    // Add it before removing the others, since a room without peers closes.
    this.peers.set(peer.peerId, peer);
    clearTimeout(this.#emptyTimer);
    this.#emptyTimer = undefined;
    this.#visitors.set(peer.accountId, true);
    this.#newMedia(peer);
    for (const old of replaced) {
      const { connection } = old;
      this.remove(old, connection ? 'left' : 'lost');
      if (connection !== peer.connection) {
        connection?.end('SESSION_REPLACED');
      }
    }
    if (evicted) {
      this.remove(evicted, 'lost');
    }
    this.#removeStrangers(peer);
    for (const [participantId, hosted] of peer.participants) {
      const participant = this.#withRoles(peer, hosted);
      peer.participants.set(participantId, participant);
      this.append('participant.joined', { participant });
    }
    peer.enteredSeq = this.#events.head;
    this.#log.info({ peerId: peer.peerId, accountId: peer.accountId, peers: this.peers.size }, 'peer joined');
  }

  /** The phone gateway leaves an encrypted room when a person comes whose device cannot check its certificate. */
  #removeStrangers({ principal }: Peer): void {
    const { certifiedBy } = this;
    if (this.encryption === 'off' || isPhoneGateway(principal) || certifiedBy === undefined) {
      return;
    }
    for (const other of [...this.peers.values()].filter((each) => isPhoneGateway(each.principal))) {
      if (sourceOf(other) !== certifiedBy) {
        const { connection } = other;
        this.remove(other, 'kicked');
        connection?.end('ENCRYPTION_UNTRUSTED');
      }
    }
  }

  /** Gives a returning peer its new connection, and ends the old one if that still seems alive. */
  attach(peer: Peer, principal: PeerPrincipal, connection: PeerConnection): void {
    clearTimeout(peer.graceTimer);
    const old = peer.connection;
    // Set it first, so that the end of the old connection does not detach the peer.
    peer.connection = connection;
    peer.principal = principal;
    if (old !== connection) {
      old?.end('SESSION_REPLACED');
    }
    this.#setConnected(peer, true);
    this.showRoles(peer);
  }

  /** Handles the loss of a peer's connection. The seat is kept for `resumeMs`. */
  detach(peer: Peer, connection: PeerConnection): void {
    if (peer.connection !== connection || this.peers.get(peer.peerId) !== peer) {
      return;
    }
    peer.connection = null;
    if (!peer.hadTransport) {
      this.remove(peer, 'lost');
      return;
    }
    this.#setConnected(peer, false);
    const { departureTimeout } = this.record;
    const graceMs = departureTimeout === undefined ? this.#options.resumeMs : departureTimeout * 1000;
    peer.graceTimer = setTimeout(() => this.remove(peer, 'lost'), graceMs);
  }

  /** Removes a peer with its participants and media. */
  remove(peer: Peer, reason: LeaveReason): void {
    if (!this.peers.delete(peer.peerId)) {
      return;
    }
    clearTimeout(peer.graceTimer);
    peer.releaseSeat();
    this.#options.sfu.closePeer(this.roomId, peer.peerId);
    this.#peerMedia.get(peer)?.end('ROOM_NOT_JOINED');
    this.#peerMedia.delete(peer);
    for (const participantId of peer.participants.keys()) {
      this.append('participant.left', { participantId, reason });
    }
    if (reason === 'kicked') {
      this.#visitors.delete(peer.accountId);
    }
    this.#updateSpeaker();
    this.#log.info({ peerId: peer.peerId, reason, peers: this.peers.size }, 'peer left');
    if (this.peers.size === 0) {
      this.#emptied();
    }
  }

  /** Closes the room if nobody is inside, even if it would stay open for longer. */
  endIfEmpty(): void {
    if (this.peers.size === 0) {
      clearTimeout(this.#emptyTimer);
      this.#emptyTimer = undefined;
      this.close();
      this.#options.onEmpty(this);
    }
  }

  /** Closes the room now or after its `emptyTimeout`. */
  #emptied(): void {
    const { emptyTimeout = 0 } = this.record;
    if (this.#holds > 0 && !this.#closed && this.#options.mayLinger()) {
      return;
    }
    if (emptyTimeout === 0 || this.#closed || !this.#options.mayLinger()) {
      this.endIfEmpty();
      return;
    }
    this.#emptyTimer = setTimeout(() => this.endIfEmpty(), emptyTimeout * 1000);
    this.#emptyTimer.unref();
  }

  /** Closes a peer's media but keeps the peer, which creates new transports and producers. */
  resetMedia(peer: Peer): void {
    this.#options.sfu.closePeer(this.roomId, peer.peerId);
    this.#peerMedia.get(peer)?.end('ROOM_REHOMING');
    this.#newMedia(peer);
  }

  /** The media of a peer of the room. @throws {CanopyError} ROOM_NOT_JOINED */
  mediaOf(peer: Peer): PeerMedia {
    const media = this.#peerMedia.get(peer);
    if (!media) {
      throw new CanopyError('ROOM_NOT_JOINED');
    }
    return media;
  }

  /** Adds a participant that a peer hosts. @throws {CanopyError} ROOM_FULL */
  addParticipant(peer: Peer, newcomer: Participant, { isModerator = false } = {}): void {
    if (this.#spaces < 1) {
      throw new CanopyError('ROOM_FULL', `at most ${this.#maxParticipants} people`);
    }
    if (isModerator) {
      peer.makeModerator(newcomer.participantId);
    }
    const participant = this.#withRoles(peer, newcomer);
    peer.addParticipant(participant);
    this.append('participant.joined', { participant });
  }

  /** Changes a hosted participant. */
  updateParticipant(peer: Peer, participant: Participant): void {
    peer.participants.set(participant.participantId, participant);
    this.append('participant.updated', { participant });
  }

  /** Renames a participant. */
  rename(peer: Peer, participantId: string, displayName: string): void {
    const participant = peer.participants.get(participantId);
    if (participant && participant.displayName !== displayName) {
      this.updateParticipant(peer, peer.renamed(participant, displayName));
    }
  }

  /** Announces the roles of a peer's participants if they changed. */
  showRoles(peer: Peer): void {
    for (const participant of peer.participants.values()) {
      const updated = this.#withRoles(peer, participant);
      if (updated.role !== participant.role || updated.roomRole !== participant.roomRole) {
        this.updateParticipant(peer, updated);
      }
    }
    this.#options.onRights(this, peer);
  }

  /** Applies changed settings: announces new roles, and pauses producers of people who may no longer send. Nobody loses a seat. */
  applySettings(): void {
    if (this.#emptyTimer !== undefined && !this.record.emptyTimeout && this.#holds === 0) {
      this.endIfEmpty();
      return;
    }
    for (const peer of this.peers.values()) {
      this.showRoles(peer);
    }
    for (const { peerId, producer } of this.#roster.values()) {
      const { participantId, producerId, source, paused } = producer;
      const peer = this.peers.get(peerId);
      if (peer && !paused && !may(peer.principalOf(participantId), 'media.send', this.record)) {
        if (source === 'microphone') {
          peer.send('participant.action', { participantId, action: 'mute', by: null });
        }
        this.mediaOf(peer)
          .pauseProducer(producerId)
          .catch((error: unknown) =>
            this.#log.warn({ err: error, producerId }, 'could not pause a producer'),
          );
      }
    }
  }

  /**
   * Removes the seats of an account and ends their connections with the code. Returns how many there were. Somebody `kicked` counts as a
   * newcomer from now on, even without a seat here.
   *
   * @param keeps a seat that stays
   */
  removeAccount(
    accountId: string,
    { code, reason, keeps }: { code: ErrorCode; reason: LeaveReason; keeps?: Peer },
  ): number {
    const seats = [...this.peers.values()].filter((peer) => peer !== keeps && peer.accountId === accountId);
    for (const seat of seats) {
      const { connection } = seat;
      this.remove(seat, reason);
      connection?.end(code);
    }
    if (reason === 'kicked') {
      this.#visitors.delete(accountId);
    }
    return seats.length;
  }

  /** Removes a hosted participant with its producers, but not the peer. Returns false if it has already left. */
  removeParticipant(peer: Peer, participantId: string, reason: LeaveReason): boolean {
    if (!peer.removeParticipant(participantId)) {
      return false;
    }
    this.#options.sfu.closeParticipant(this.roomId, peer.peerId, participantId);
    this.append('participant.left', { participantId, reason });
    this.#updateSpeaker();
    this.#log.info({ peerId: peer.peerId, participantId, reason }, 'participant left');
    return true;
  }

  /** The peer that hosts a participant. */
  hostOf(participantId: string): Peer | undefined {
    for (const peer of this.peers.values()) {
      if (peer.participants.has(participantId)) {
        return peer;
      }
    }
    return undefined;
  }

  /** Handles a new producer in the media plane. */
  producerOpened(peerId: string, producer: ProducerInfo): void {
    this.#roster.set(producer.producerId, { peerId, producer });
    this.append('producer.added', { producer });
  }

  /** Handles the pausing or resuming of a producer in the media plane. */
  producerPaused(producerId: string, paused: boolean): void {
    const entry = this.#roster.get(producerId);
    if (entry) {
      entry.producer = { ...entry.producer, paused };
      this.append(paused ? 'producer.paused' : 'producer.resumed', { producerId });
    }
  }

  /** Handles the closing of a producer in the media plane. */
  producerClosed(producerId: string): void {
    if (this.#roster.delete(producerId)) {
      this.append('producer.closed', { producerId });
    }
  }

  /**
   * Adds an entry to the room's log and sends it, with its position, to everyone in the room, including the peer that caused it. Everything
   * that participants see happen goes through here.
   *
   * @param peopleOnly bridges get only the position of entries of this kind. Default false.
   */
  append<N extends LoggedEvent>(kind: N, data: EntryData<N>, { peopleOnly = false } = {}): void {
    const seq = this.#events.append(kind, Buffer.from(JSON.stringify(data)));
    const log = { logId: this.#events.logId, seq };
    const event = { ...data, log } as unknown as EventData<N>;
    if (peopleOnly) {
      this.#peopleOnly.add(kind);
    }
    this.#outbox.push((peer) =>
      peer.send(kind, this.#hides(kind, peer) ? ({ log } as unknown as EventData<N>) : event),
    );
    // Sending may end the connection of a slow reader, which appends another entry. Everyone gets this one first.
    if (this.#outbox.length === 1) {
      this.#flush();
    }
    this.#options.onEntry(this, { kind, data } as unknown as RoomLogEntry);
  }

  /** Sends everyone an event that is not logged, since nobody needs it later. */
  broadcast<N extends Exclude<EventName, LoggedEvent>>(event: N, data: EventData<N>): void {
    for (const peer of this.peers.values()) {
      peer.send(event, data);
    }
  }

  /** Position of the last log entry. A snapshot taken now is the state after it. */
  get position(): LogPosition {
    return { logId: this.#events.logId, seq: this.#events.head };
  }

  /**
   * The entries that a peer missed since a position. Undefined if it needs a snapshot instead: the position is in another log, is no longer
   * kept, or precedes the peer's own entry.
   */
  missedBy(peer: Peer, since: LogPosition): LogEntry[] | undefined {
    if (since.logId !== this.#events.logId || since.seq < peer.enteredSeq) {
      return undefined;
    }
    const missed = this.#events.since(since.seq);
    if (missed === 'gone') {
      return undefined;
    }
    return missed.map(({ seq, kind, bytes }) => ({
      seq,
      kind,
      data: this.#hides(kind, peer) ? {} : JSON.parse(Buffer.from(bytes).toString()),
    }));
  }

  /** The producers of all other peers. */
  producersFor(peer: Peer): ProducerInfo[] {
    return [...this.#roster.values()].flatMap(({ peerId, producer }) =>
      peerId === peer.peerId ? [] : [producer],
    );
  }

  /** A producer in the room; undefined once it has closed. */
  producer(producerId: string): ProducerInfo | undefined {
    return this.#roster.get(producerId)?.producer;
  }

  /** A participant's producers of these sources. */
  producersOf(participantId: string, ...sources: readonly MediaSource[]): ProducerInfo[] {
    return [...this.#roster.values()].flatMap(({ producer }) =>
      producer.participantId === participantId && sources.includes(producer.source) ? [producer] : [],
    );
  }

  /** Whether a feature keeps a participant from sending this at the moment, e.g. because a moderator stopped it. */
  isStopped(participantId: string, source: MediaSource): boolean {
    return this.#options.isStopped(this, participantId, source);
  }

  /** Handles a change of the dominant speaker in the media plane. */
  setSpeaker(producerId: string | null): void {
    this.#speakerProducerId = producerId;
    this.#updateSpeaker();
  }

  /** Moves the room to another worker after its media was lost, and asks the peers to rejoin. */
  rehome(reason: 'worker-died' | 'drain'): void {
    if (this.#closed) {
      return;
    }
    this.#media = this.#openMedia(this.generation + 1);
    this.#roster.clear();
    this.#speakerProducerId = null;
    this.#updateSpeaker();
    this.#log.warn({ reason, generation: this.generation, peers: this.peers.size }, 're-homing room');
    for (const peer of this.peers.values()) {
      this.#peerMedia.get(peer)?.end('ROOM_REHOMING');
      void this.#askToRejoin(peer, reason);
    }
    this.append('room.mediaLost', {});
  }

  async #askToRejoin(peer: Peer, reason: 'worker-died' | 'drain'): Promise<void> {
    try {
      const { url, ticket } = await this.#options.rehomeTicket(this, peer);
      peer.send('room.rehome', { roomId: this.roomId, url, ticket, reason });
    } catch (error) {
      this.#log.error({ err: error, peerId: peer.peerId }, 'could not re-home a peer');
    }
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    clearTimeout(this.#emptyTimer);
    for (const peer of [...this.peers.values()]) {
      this.remove(peer, 'closed');
    }
    this.#options.sfu.closeRoom(this.roomId);
    this.#log.info('room closed');
  }

  /** Whether a peer gets entries of a kind without their data. */
  #hides(kind: string, { principal }: Peer): boolean {
    return principal.kind === 'bridge' && this.#peopleOnly.has(kind);
  }

  /** The seat of a disconnected peer that a newcomer gets if none is free. @throws {CanopyError} ROOM_FULL, LIMIT_REACHED */
  #seatToEvict(peer: Peer): Peer | undefined {
    const { maxPeers, seats } = this.#options;
    const waiting = [...this.peers.values()].filter(({ connection }) => connection === null);
    const scope = seats.exceeded(peer.holder, 1, factorOf(peer.principal));
    if (scope === 'account' || scope === 'invitation') {
      return waiting.find(({ holder }) => holder[scope] === peer.holder[scope]);
    }
    const isFull =
      this.#spaces < peer.participants.size && !may(peer.principal, 'room.configure', this.record);
    if (this.peers.size < maxPeers && !isFull) {
      return undefined;
    }
    // An account keeps its only seat: its owner is probably reconnecting.
    const seatsOf = ({ accountId }: Peer) => seats.used('account', accountId);
    const [most] = waiting.filter((one) => seatsOf(one) > 1).sort((a, b) => seatsOf(b) - seatsOf(a));
    if (!most) {
      const limit = isFull ? `${this.#maxParticipants} people` : `${maxPeers} peers`;
      throw new CanopyError('ROOM_FULL', `at most ${limit}`);
    }
    return most;
  }

  get #maxParticipants(): number {
    return this.record.maxParticipants ?? this.#options.maxParticipants;
  }

  /** How many more people and phones fit; negative if there are too many. */
  get #spaces(): number {
    const inside = [...this.peers.values()].reduce((sum, { participants }) => sum + participants.size, 0);
    return this.#maxParticipants - inside;
  }

  /** A participant with its current roles on the server and in the room. */
  #withRoles(peer: Peer, participant: Participant): Participant {
    const principal = peer.principalOf(participant.participantId);
    const roomRole = roomRoleOf(principal, this.record);
    return {
      ...participant,
      ...(principal.kind !== 'phone' && { role: serverRoleOf(principal) }),
      ...(roomRole !== undefined && { roomRole }),
      ...(this.encryption !== 'off' && { deviceId: peer.deviceId }),
    };
  }

  #openMedia(generation: number): RoomMedia {
    const ready = this.#options.sfu.openRoom(this.roomId).then(({ workerId, routerRtpCapabilities }) => ({
      workerId,
      routerRtpCapabilities: routerRtpCapabilities as Record<string, unknown>,
    }));
    // Joining clients get the error, but nobody may be waiting when it happens.
    ready.catch((error: unknown) => this.#log.error({ err: error }, 'no media worker for the room'));
    return { generation, ready };
  }

  #newMedia(peer: Peer): void {
    const media = new PeerMedia(this.#options.media, this, peer);
    media.paths.onChanged = (path, connected) => this.#mediaChanged(peer, path, connected);
    this.#peerMedia.set(peer, media);
  }

  /** Logs and announces that a peer's media has stopped or resumed getting through. */
  #mediaChanged(peer: Peer, { transportId, direction, iceCandidates }: MediaPath, connected: boolean): void {
    if (this.peers.get(peer.peerId) !== peer) {
      return;
    }
    const { peerId, accountId } = peer;
    const about = { peerId, accountId, transportId, direction };
    if (connected) {
      this.#log.info(about, 'media reconnected');
    } else {
      const candidates = iceCandidates.map(({ protocol, address, port }) => `${protocol} ${address}:${port}`);
      this.#log.warn({ ...about, candidates }, 'media cannot connect; a firewall may block these ports');
    }
    for (const { mediaConnected = true, ...participant } of peer.participants.values()) {
      if (mediaConnected !== this.mediaOf(peer).paths.connected) {
        const updated = mediaConnected ? { ...participant, mediaConnected: false } : participant;
        this.updateParticipant(peer, updated);
      }
    }
  }

  #setConnected(peer: Peer, connected: boolean): void {
    for (const participant of peer.participants.values()) {
      if (participant.connected !== connected) {
        this.updateParticipant(peer, { ...participant, connected });
      }
    }
  }

  #updateSpeaker(): void {
    const producerId = this.#speakerProducerId;
    const speaker =
      producerId === null ? null : (this.#roster.get(producerId)?.producer.participantId ?? null);
    if (speaker !== this.#speaker) {
      this.#speaker = speaker;
      // Not logged: it changes often, and the snapshot contains it.
      this.broadcast('room.speaker', { participantId: speaker });
    }
  }

  #flush(): void {
    for (let send = this.#outbox[0]; send; send = this.#outbox[0]) {
      for (const peer of this.peers.values()) {
        send(peer);
      }
      this.#outbox.shift();
    }
  }
}

/** What certifies a device; undefined: a stream, which has no certificate. */
function sourceOf({ principal }: Peer): IdentitySource | undefined {
  return principal.kind === 'stream' ? undefined : principal.device.source;
}
