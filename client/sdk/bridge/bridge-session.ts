import type { EventData, Participant, RtpCapabilities } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import { Connection, type ConnectionOptions, type ConnectionState } from '../connection.ts';
import { Emitter } from '../emitter.ts';
import { RoomEntry, type Snapshot } from '../room-entry.ts';
import { Roster } from '../roster.ts';
import type { BridgeEvents, BridgeMedia } from './bridge-events.ts';
import { BridgeParticipant, type NewParticipant } from './bridge-participant.ts';
import { AUDIO_LEVEL, type BridgeSource, BridgeSources } from './bridge-sources.ts';
import { SyncLoop } from './sync-loop.ts';

export interface BridgeOptions extends ConnectionOptions {
  roomId: string;
}

export interface BridgeOpenOptions {
  /** Address of the bridge's UDP socket, on loopback. */
  address: string;
  port: number;
  /** What it can receive. Default: the room's Opus with audio levels. */
  rtpCapabilities?: RtpCapabilities;
}

/** How long leave() waits for the server's answer, in milliseconds. */
const LEAVE_MS = 2000;

/**
 * A room as a bridge sees it: it hosts participants, sends a stream for each, and hears everybody else, over one UDP socket. What it was
 * asked for comes back by itself after a lost connection or a re-homing; the host only follows `media` events.
 */
export class BridgeSession extends Emitter<BridgeEvents> {
  readonly roomId: string;
  readonly #connection: Connection;
  readonly #entry: RoomEntry;
  readonly #roster: Roster;
  readonly #hosted = new Set<BridgeParticipant>();
  readonly #sources: BridgeSources;
  readonly #opening: SyncLoop;
  readonly #unlisten: Array<() => void> = [];
  #state: ConnectionState = 'connecting';
  #peerId: string | undefined;
  #capabilities: RtpCapabilities = {};
  #openOptions: BridgeOpenOptions | undefined;
  #media: BridgeMedia | undefined;
  /** Counts homes and seats: transports of an earlier one are gone. */
  #home = 0;

  private constructor({ roomId, ...options }: BridgeOptions) {
    super();
    this.roomId = roomId;
    this.#connection = new Connection(options);
    this.#roster = new Roster({
      joined: (participant) => this.emit('participant-joined', participant),
      updated: (participant) => this.emit('participant-updated', participant),
      left: (participant, reason) => this.emit('participant-left', participant, reason),
      speaker: (participantId) => this.emit('speaker', participantId),
    });
    this.#opening = new SyncLoop(() => this.#open());
    this.#sources = new BridgeSources({
      connection: this.#connection,
      media: () => this.#media,
      started: (source) => this.emit('source', source),
      ended: (source) => this.emit('source-ended', source),
      updated: (source) => this.emit('source-updated', source),
      failed: (error) => this.#failed(error),
    });
    this.#entry = new RoomEntry({
      roomId,
      displayName: undefined,
      connection: this.#connection,
      prepare: async (snapshot) => () => this.#apply(snapshot),
      hopeless: (error) => this.#close(error),
    });
    this.#listen();
  }

  /** Connects and enters the room. Rejects as connect() and Client.join() do. */
  static async join(options: BridgeOptions): Promise<BridgeSession> {
    const session = new BridgeSession(options);
    try {
      await session.#connection.open();
      await session.#entry.enter();
      session.#setState('connected');
      return session;
    } catch (error) {
      session.#close(CanopyError.from(error));
      throw error;
    }
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Participants that others host, by id. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#roster.participants;
  }

  /** The participants that are hosted here. */
  get hosted(): BridgeParticipant[] {
    return [...this.#hosted];
  }

  /** The voices that come in. */
  get sources(): BridgeSource[] {
    return this.#sources.all;
  }

  /** The participant who speaks, by id. */
  get speaker(): string | null {
    return this.#roster.speaker;
  }

  /** The transports; undefined while there are none. */
  get media(): BridgeMedia | undefined {
    return this.#media;
  }

  /** What the room's router supports. */
  get routerRtpCapabilities(): RtpCapabilities {
    return this.#capabilities;
  }

  /**
   * Opens the pair of plain transports towards the bridge's socket. Once; they come back by themselves. Rejects with BRIDGE_NOT_LOCAL,
   * FORBIDDEN, MEDIA_REJECTED.
   */
  async open(options: BridgeOpenOptions): Promise<BridgeMedia> {
    this.#openOptions = options;
    await this.#opening.run();
    if (this.#media) return this.#media;
    // The connection is away: the transports are opened on its return.
    const { promise, resolve, reject } = Promise.withResolvers<BridgeMedia>();
    const off = [
      this.once('media', resolve),
      this.on('state', (state, error) => {
        if (state === 'closed') reject(error ?? new CanopyError('ROOM_NOT_JOINED'));
      }),
    ];
    return promise.finally(() => {
      for (const unlisten of off) unlisten();
    });
  }

  /** Brings a participant in. Rejects with FORBIDDEN, LIMIT_REACHED, BAD_REQUEST (the name). */
  async addParticipant(participant: NewParticipant): Promise<BridgeParticipant> {
    if (this.#state === 'closed') throw new CanopyError('ROOM_NOT_JOINED');
    const hosted = new BridgeParticipant(
      {
        connection: this.#connection,
        media: () => this.#media,
        failed: (error) => this.#failed(error),
        gone: (gone) => this.#hosted.delete(gone),
        vanished: (vanished) => this.#kicked(vanished),
      },
      participant,
    );
    this.#hosted.add(hosted);
    try {
      await hosted.enter();
      if (hosted.removed) throw new CanopyError('ROOM_NOT_JOINED');
      return hosted;
    } catch (error) {
      this.#hosted.delete(hosted);
      throw error;
    }
  }

  /** Leaves the room with all participants and closes the connection. Never rejects. */
  async leave(): Promise<void> {
    if (this.#state === 'closed') return;
    const answered = this.#connection.requestNow('room.leave', {}).catch(() => {});
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LEAVE_MS);
    await Promise.race([answered, late]);
    clearTimeout(timer);
    this.#close();
  }

  /** Drops the connection and makes it anew at once. */
  reconnect(): void {
    this.#connection.reconnect();
  }

  #close(error?: CanopyError): void {
    if (this.#state === 'closed') return;
    this.#setState('closed', error);
    this.#entry.close();
    this.#opening.stop();
    for (const unlisten of this.#unlisten) unlisten();
    this.#connection.close();
    this.#dropMedia();
    this.#sources.close();
    for (const hosted of this.hosted) hosted.lost('lost');
  }

  #listen(): void {
    const connection = this.#connection;
    connection.onReturn = () => this.#entry.enter();
    const on: RoomEntry['on'] = (name, apply) => this.#entry.on(name, apply);
    this.#unlisten.push(
      connection.on('state', (state, error) => {
        if (state === 'closed') this.#close(error ?? new CanopyError('CONNECTION_LOST'));
        else if (this.#state === 'connecting') return;
        else if (state === 'connected') this.#setState(this.#entry.pending ? 'reconnecting' : 'connected');
        else this.#setState('reconnecting');
      }),
      // Not held back: it decides how the room is entered.
      connection.on('room.rehome', (data) => this.#rehome(data)),
    );
    on('server.closing', (data) => this.emit('server-closing', data));
    on('room.speaker', ({ participantId }) => this.#roster.setSpeaker(participantId));
    on('participant.joined', ({ participant }) => this.#setOther(participant));
    on('participant.updated', ({ participant }) => this.#setOther(participant));
    on('participant.left', ({ participantId, reason }) => this.#roster.remove(participantId, reason));
    on('participant.action', ({ participantId, action, by }) => {
      const hosted = this.hosted.find((each) => each.participantId === participantId);
      if (!hosted) return;
      hosted.act(action);
      this.emit('action', hosted, action, by);
    });
    on('hand.lowered', ({ participantId, by }) => {
      if (by === participantId) return;
      this.hosted.find((each) => each.participantId === participantId)?.handLowered();
    });
    on('producer.added', ({ producer }) => {
      const isOwn = this.hosted.some(({ participantId }) => participantId === producer.participantId);
      if (!isOwn) this.#sources.add(producer);
    });
    on('producer.paused', ({ producerId }) => this.#sources.setPaused(producerId, true));
    on('producer.resumed', ({ producerId }) => this.#sources.setPaused(producerId, false));
    on('producer.closed', ({ producerId }) => this.#sources.remove(producerId));
    on('consumer.closed', ({ consumerId }) => this.#sources.consumerClosed(consumerId));
  }

  #setOther(participant: Participant): void {
    if (participant.peerId !== this.#peerId) this.#roster.set(participant);
  }

  #rehome({ roomId, url, ticket, reason }: EventData<'room.rehome'>): void {
    if (roomId !== this.roomId || this.#state === 'closed') return;
    this.#entry.useTicket(ticket);
    this.#dropMedia();
    this.#setState('reconnecting');
    this.emit('rehome', reason);
    this.#entry.follow(url, () => this.#setState('connected'));
  }

  #apply(snapshot: Snapshot): void {
    const sameSeat = snapshot.peerId === this.#peerId;
    this.#peerId = snapshot.peerId;
    this.#capabilities = snapshot.routerRtpCapabilities as RtpCapabilities;
    const { transportIds, producerIds, consumerIds } = snapshot.own;
    const media = this.#media;
    const whole =
      media && transportIds.includes(media.send.transportId) && transportIds.includes(media.recv.transportId);
    if (!snapshot.resumed) {
      this.#dropMedia();
    } else if (media && !whole) {
      this.#dropMedia();
      // A lone one is of no use, and would be in the way of the next pair.
      for (const transportId of transportIds) {
        this.#connection.request('transport.close', { transportId }).catch(() => {});
      }
    }
    this.#applyHosted(snapshot, sameSeat);
    const others = snapshot.participants.filter(({ peerId }) => peerId !== snapshot.peerId);
    this.#roster.reset(others, snapshot.speaker);
    this.#sources.reset(snapshot.producers, consumerIds);
    for (const hosted of this.hosted) {
      hosted.keepProducerOf(producerIds);
      hosted.sync();
    }
    this.#opening.runSoon((error) => this.#failed(error));
  }

  /** Compares the hosted participants with those of the snapshot. */
  #applyHosted(snapshot: Snapshot, sameSeat: boolean): void {
    const own = new Set(
      snapshot.participants
        .filter(({ peerId }) => peerId === snapshot.peerId)
        .map(({ participantId }) => participantId),
    );
    for (const hosted of this.hosted) {
      const { participantId } = hosted;
      if (participantId === undefined) continue;
      if (own.delete(participantId)) {
        const { hands } = snapshot.parts;
        if (!hands.some((hand) => hand.participantId === participantId)) hosted.handLowered();
      } else if (sameSeat) {
        this.#kicked(hosted);
      } else {
        hosted.unseat();
      }
    }
    // When not resumed, answers that were on their way are void: what they brought in is brought in again.
    if (snapshot.resumed) return;
    for (const participantId of own) {
      this.#connection.request('participant.remove', { participantId }).catch(() => {});
    }
  }

  /** A moderator removed it, unheard while the connection was away. */
  #kicked(hosted: BridgeParticipant): void {
    hosted.act('kick');
    this.emit('action', hosted, 'kick', null);
  }

  /** Opens the transports unless there are some. */
  async #open(): Promise<void> {
    const options = this.#openOptions;
    if (!options || this.#media || this.#peerId === undefined || this.#state === 'closed') return;
    const home = this.#home;
    let media: BridgeMedia;
    try {
      media = await this.#connection.request('bridge.open', {
        address: options.address,
        port: options.port,
        rtpCapabilities: options.rtpCapabilities ?? hearing(this.#capabilities),
      });
    } catch (error) {
      if (home === this.#home) throw error;
      return;
    }
    if (home !== this.#home) return;
    this.#media = media;
    this.emit('media', media);
    this.#sources.sync();
    for (const hosted of this.hosted) hosted.sync();
  }

  #dropMedia(): void {
    this.#home += 1;
    if (!this.#media) return;
    this.#media = undefined;
    this.#sources.drop();
    this.emit('media-lost');
  }

  #failed(error: CanopyError): void {
    if (this.#state !== 'closed' && error.code !== 'CONNECTION_LOST') this.emit('error', error);
  }

  #setState(state: ConnectionState, error?: CanopyError): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.emit('state', state, error);
  }
}

/** The room's Opus and audio levels, and nothing else. */
function hearing({ codecs = [], headerExtensions = [] }: RtpCapabilities): RtpCapabilities {
  return {
    codecs: codecs.filter(({ mimeType }) => mimeType.toLowerCase() === 'audio/opus'),
    headerExtensions: headerExtensions.filter(({ kind, uri }) => kind === 'audio' && uri === AUDIO_LEVEL),
  };
}
