import type { Participant, RtpCapabilities } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import { Connection, type ConnectionOptions, type ConnectionState } from '../connection.ts';
import { Emitter } from '../emitter.ts';
import { Reconciler } from '../reconciler.ts';
import type { Snapshot } from '../room-entry.ts';
import { ROOM_SESSION_EVENTS, RoomSession } from '../room-session.ts';
import type { BridgeEvents } from './bridge-events.ts';
import { type BridgeMedia, BridgeParticipant, type NewParticipant } from './bridge-participant.ts';
import { AUDIO_LEVEL, type BridgeSource, BridgeSources } from './bridge-sources.ts';

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

/**
 * A room as a bridge sees it: it hosts participants, sends a stream for each, and hears everybody else, over one UDP socket. What it was
 * asked for comes back by itself after a lost connection or a re-homing; the host only follows `media` events.
 */
export class BridgeSession extends Emitter<BridgeEvents> {
  readonly roomId: string;
  readonly #connection: Connection;
  readonly #session: RoomSession;
  readonly #hosted = new Set<BridgeParticipant>();
  readonly #sources: BridgeSources;
  readonly #opening: Reconciler;
  #capabilities: RtpCapabilities = {};
  #openOptions: BridgeOpenOptions | undefined;
  #media: BridgeMedia | undefined;
  /** Counts homes and seats: transports of an earlier one are gone. */
  #home = 0;

  private constructor({ roomId, ...options }: BridgeOptions) {
    super();
    this.roomId = roomId;
    this.#connection = new Connection(options);
    this.#opening = new Reconciler({ pass: () => this.#open(), failed: (error) => this.#failed(error) });
    this.#sources = new BridgeSources({
      connection: this.#connection,
      media: () => this.#media,
      started: (source) => this.emit('source', source),
      ended: (source) => this.emit('source-ended', source),
      updated: (source) => this.emit('source-updated', source),
      failed: (error) => this.#failed(error),
    });
    this.#session = new RoomSession({
      roomId,
      connection: this.#connection,
      othersOnly: true,
      dropMedia: () => this.#dropMedia(),
      renewMedia: () => this.#dropMedia(),
      entered: (snapshot, { isSame }) => this.#entered(snapshot, isSame),
      closed: () => this.#closed(),
    });
    this.relay(this.#session, ROOM_SESSION_EVENTS);
    this.#listen();
  }

  /** Connects and enters the room. Rejects as connect() and Client.join() do. */
  static async join(options: BridgeOptions): Promise<BridgeSession> {
    const session = new BridgeSession(options);
    // When it cannot be opened, it closes, and the session with it.
    await session.#connection.open();
    await session.#session.enter();
    return session;
  }

  get state(): ConnectionState {
    return this.#session.state;
  }

  /** Participants that others host, by id. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#session.roster.participants;
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
    return this.#session.roster.speaker;
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
    if (this.#media) {
      return this.#media;
    }
    // The connection is away: the transports are opened on its return.
    const { promise, resolve, reject } = Promise.withResolvers<BridgeMedia>();
    const off = [
      this.once('media', resolve),
      this.on('state', (state, error) => {
        if (state === 'closed') {
          reject(error ?? new CanopyError('ROOM_NOT_JOINED'));
        }
      }),
    ];
    return promise.finally(() => {
      for (const unlisten of off) {
        unlisten();
      }
    });
  }

  /** Brings a participant in. Rejects with FORBIDDEN, LIMIT_REACHED, BAD_REQUEST (the name). */
  async addParticipant(participant: NewParticipant): Promise<BridgeParticipant> {
    if (this.state === 'closed') {
      throw new CanopyError('ROOM_NOT_JOINED');
    }
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
      if (hosted.removed) {
        throw new CanopyError('ROOM_NOT_JOINED');
      }
      return hosted;
    } catch (error) {
      this.#hosted.delete(hosted);
      throw error;
    }
  }

  /** Leaves the room with all participants and closes the connection. Never rejects. */
  async leave(): Promise<void> {
    if (this.state === 'closed') {
      return;
    }
    await this.#session.sayGoodbye();
    this.#session.close();
  }

  /** Drops the connection and makes it anew at once. */
  reconnect(): void {
    this.#connection.reconnect();
  }

  #closed(): void {
    this.#opening.stop();
    this.#connection.close();
    this.#dropMedia();
    this.#sources.close();
    for (const hosted of this.hosted) {
      hosted.lost('lost');
    }
  }

  #listen(): void {
    const on: RoomSession['onServerEvent'] = (name, apply) => this.#session.onServerEvent(name, apply);
    on('participant.action', ({ participantId, action, by }) => {
      const hosted = this.hosted.find((each) => each.participantId === participantId);
      if (!hosted) {
        return;
      }
      hosted.act(action);
      this.emit('action', hosted, action, by);
    });
    on('hand.lowered', ({ participantId, by }) => {
      if (by === participantId) {
        return;
      }
      this.hosted.find((each) => each.participantId === participantId)?.handLowered();
    });
    on('producer.added', ({ producer }) => {
      const isOwn = this.hosted.some(({ participantId }) => participantId === producer.participantId);
      if (!isOwn) {
        this.#sources.add(producer);
      }
    });
    on('producer.paused', ({ producerId }) => this.#sources.setPaused(producerId, true));
    on('producer.resumed', ({ producerId }) => this.#sources.setPaused(producerId, false));
    on('producer.closed', ({ producerId }) => this.#sources.remove(producerId));
    on('consumer.closed', ({ consumerId }) => this.#sources.consumerClosed(consumerId));
  }

  #entered(snapshot: Snapshot, sameSeat: boolean): void {
    this.#capabilities = snapshot.routerRtpCapabilities as RtpCapabilities;
    const { transportIds, producerIds, consumerIds } = snapshot.own;
    const media = this.#media;
    const whole =
      media && transportIds.includes(media.send.transportId) && transportIds.includes(media.recv.transportId);
    if (media && !whole) {
      this.#dropMedia();
      // A lone one is of no use, and would be in the way of the next pair.
      for (const transportId of transportIds) {
        this.#connection.request('transport.close', { transportId }).catch(() => {});
      }
    }
    this.#applyHosted(snapshot, sameSeat);
    this.#sources.reset(snapshot.producers, consumerIds);
    for (const hosted of this.hosted) {
      hosted.keepProducerOf(producerIds);
      hosted.sync();
    }
    this.#opening.poke();
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
      if (participantId === undefined) {
        continue;
      }
      if (own.delete(participantId)) {
        const { hands } = snapshot.parts;
        if (!hands.some((hand) => hand.participantId === participantId)) {
          hosted.handLowered();
        }
      } else if (sameSeat) {
        this.#kicked(hosted);
      } else {
        hosted.unseat();
      }
    }
    // When not resumed, answers that were on their way are void: what they brought in is brought in again.
    if (snapshot.resumed) {
      return;
    }
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
    if (!options || this.#media || this.state === 'closed') {
      return;
    }
    const home = this.#home;
    let media: BridgeMedia;
    try {
      media = await this.#connection.request('bridge.open', {
        address: options.address,
        port: options.port,
        rtpCapabilities: options.rtpCapabilities ?? hearing(this.#capabilities),
      });
    } catch (error) {
      if (home === this.#home) {
        throw error;
      }
      return;
    }
    if (home !== this.#home) {
      return;
    }
    this.#media = media;
    this.emit('media', media);
    this.#sources.sync();
    for (const hosted of this.hosted) {
      hosted.sync();
    }
  }

  #dropMedia(): void {
    this.#home += 1;
    if (!this.#media) {
      return;
    }
    this.#media = undefined;
    this.#sources.drop();
    this.emit('media-lost');
  }

  #failed(error: CanopyError): void {
    if (this.state !== 'closed' && error.code !== 'CONNECTION_LOST') {
      this.emit('error', error);
    }
  }
}

/** The room's Opus and audio levels, and nothing else. */
function hearing({ codecs = [], headerExtensions = [] }: RtpCapabilities): RtpCapabilities {
  return {
    codecs: codecs.filter(({ mimeType }) => mimeType.toLowerCase() === 'audio/opus'),
    headerExtensions: headerExtensions.filter(({ kind, uri }) => kind === 'audio' && uri === AUDIO_LEVEL),
  };
}
