import type { EventData, Participant, RtpCapabilities, SnapshotPart } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import { Connection, type ConnectionOptions, type ConnectionState } from '../connection.ts';
import { Emitter } from '../emitter.ts';
import { type FrameEncryption, RoomEncryption } from '../encryption/index.ts';
import type { Identity } from '../identity/index.ts';
import { type Layout, LayoutReporter } from '../layout.ts';
import { Reconciler } from '../reconciler.ts';
import { Restraints } from '../restraints.ts';
import type { Snapshot } from '../room-entry.ts';
import { ROOM_SESSION_EVENTS, RoomSession } from '../room-session.ts';
import { Spotlight } from '../spotlight.ts';
import type { BridgeEvents, Overhearing } from './bridge-events.ts';
import { type BridgeMedia, BridgeParticipant, type NewParticipant } from './bridge-participant.ts';
import { AUDIO_LEVEL, type BridgeSource, BridgeSources } from './bridge-sources.ts';

export interface BridgeOptions extends ConnectionOptions {
  roomId: string;
  /** Whether to receive video too. Default: audio only. */
  takesVideo?: boolean;
  /**
   * Encrypts what the hosted participants send, and decrypts what others send, in a room that allows it: it gets the keys of the room's
   * group. Without it, such rooms are refused with ENCRYPTION_REQUIRED.
   */
  encryption?: FrameEncryption;
}

export interface BridgeOpenOptions {
  /** Address of the bridge's UDP socket; must be a loopback address. */
  address: string;
  port: number;
  /** What the bridge can receive. Default: the room's Opus with audio levels; with `takesVideo`, everything. */
  rtpCapabilities?: RtpCapabilities;
}

/**
 * A room from a bridge's point of view: the bridge hosts participants, sends one stream for each, and receives what everyone else sends, over
 * one UDP socket. After a lost connection or a re-homing, participants, producers and transports are re-established automatically; the
 * caller only has to follow the `media` events.
 */
export class BridgeSession extends Emitter<BridgeEvents> {
  readonly roomId: string;
  readonly spotlight: Spotlight;
  /** The room's end-to-end encryption; undefined if this bridge cannot encrypt. */
  readonly encryption: RoomEncryption | undefined;
  readonly #connection: Connection;
  readonly #takesVideo: boolean;
  readonly #session: RoomSession;
  readonly #hosted = new Set<BridgeParticipant>();
  readonly #sources: BridgeSources;
  readonly #layout: LayoutReporter;
  readonly #restraints = new Restraints();
  readonly #opening: Reconciler;
  #capabilities: RtpCapabilities = {};
  #openOptions: BridgeOpenOptions | undefined;
  #media: BridgeMedia | undefined;
  #info: SnapshotPart<'room'> = { title: null, locked: false, hasPin: false, maxParticipants: null };
  #playable: ReadonlySet<string> = new Set();
  readonly #overheard = new Set<Overhearing>();
  /** The account that it is signed in to. */
  #accountId = '';
  /** Counts homes and seats, to recognise answers about transports of an earlier one. */
  #home = 0;

  private constructor({ roomId, takesVideo = false, encryption, ...options }: BridgeOptions) {
    super();
    this.roomId = roomId;
    this.#takesVideo = takesVideo;
    this.#connection = new Connection(options);
    this.#opening = new Reconciler({ pass: () => this.#open(), failed: (error) => this.#failed(error) });
    this.#sources = new BridgeSources({
      connection: this.#connection,
      takesVideo,
      media: () => this.#media,
      started: (source) => this.emit('source', source),
      ended: (source) => this.emit('source-ended', source),
      updated: (source) => this.emit('source-updated', source),
      failed: (error) => this.#failed(error),
    });
    this.#layout = new LayoutReporter({
      connection: this.#connection,
      producers: this.#sources.producers,
      shown: () => {},
      failed: (error) => this.#failed(error),
    });
    this.#session = new RoomSession({
      roomId,
      connection: this.#connection,
      othersOnly: true,
      encrypts: encryption !== undefined,
      dropMedia: () => this.#dropMedia(),
      renewMedia: () => this.#dropMedia(),
      entered: (snapshot, { isSame }) => this.#entered(snapshot, isSame),
      closed: () => this.#closed(),
    });
    this.spotlight = new Spotlight({
      connection: this.#connection,
      participants: this.participants,
      onServerEvent: (name, apply) => this.#session.onServerEvent(name, apply),
    });
    this.relay(this.#session, ROOM_SESSION_EVENTS);
    const { identity } = options;
    this.encryption =
      encryption &&
      new RoomEncryption({
        roomId,
        identity,
        frames: encryption,
        hasContent: false,
        session: this.#session,
        participants: () => [...this.participants.values(), ownSeat(identity, this.#accountId)],
        request: (name, data) => this.#connection.request(name, data),
      });
    this.#listen();
  }

  /** Connects and enters the room. @throws {CanopyError} as connect() and Client.join() do */
  static async join(options: BridgeOptions): Promise<BridgeSession> {
    const session = new BridgeSession(options);
    // If open() fails, the connection closes, and the session with it.
    session.#accountId = (await session.#connection.open())?.accountId ?? '';
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

  /** The participants hosted by this session. */
  get hosted(): BridgeParticipant[] {
    return [...this.#hosted];
  }

  /** The audio streams that are received. */
  get sources(): BridgeSource[] {
    return this.#sources.all;
  }

  /** Participant id of the current speaker. */
  get speaker(): string | null {
    return this.#session.roster.speaker;
  }

  /** The transports; undefined while there are none. */
  get media(): BridgeMedia | undefined {
    return this.#media;
  }

  /** What everyone in the room knows about it. */
  get info(): SnapshotPart<'room'> {
    return this.#info;
  }

  /**
   * Codecs of phones (`G722`, `PCMU`, `PCMA`) that everybody else in the room can play, if the room's settings permit to send them. Changes
   * with the event `playable`.
   */
  get playable(): ReadonlySet<string> {
    return this.#playable;
  }

  /** What happens with what is said in the room. Changes with the event `overheard`. */
  get overheard(): ReadonlySet<Overhearing> {
    return this.#overheard;
  }

  /** RTP capabilities of the room's router. */
  get routerRtpCapabilities(): RtpCapabilities {
    return this.#capabilities;
  }

  /**
   * Opens the pair of plain transports to the bridge's socket. Call it once: they are reopened automatically.
   *
   * @throws {CanopyError} BRIDGE_NOT_LOCAL, FORBIDDEN, MEDIA_REJECTED
   */
  async open(options: BridgeOpenOptions): Promise<BridgeMedia> {
    this.#openOptions = options;
    await this.#opening.run();
    if (this.#media) {
      return this.#media;
    }
    // The connection is lost: the transports are opened after reconnecting.
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

  /** Adds a participant to the room. @throws {CanopyError} FORBIDDEN; LIMIT_REACHED; BAD_REQUEST - the name is not allowed */
  async addParticipant(participant: NewParticipant): Promise<BridgeParticipant> {
    if (this.state === 'closed') {
      throw new CanopyError('ROOM_NOT_JOINED');
    }
    const hosted = new BridgeParticipant(
      {
        connection: this.#connection,
        roomId: this.roomId,
        media: () => this.#media,
        failed: (error) => this.#failed(error),
        restraint: (participantId) => this.#restraints.of(participantId),
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

  /** Sets which videos are received, and for which sizes. Without one, the server takes all of them to be equally large. */
  setLayout(layout: Layout): void {
    this.#layout.set(layout);
  }

  /** Asks the sender of a video for a key frame. @throws {CanopyError} CONSUMER_UNKNOWN - it has ended */
  async requestKeyFrame({ consumerId }: BridgeSource): Promise<void> {
    await this.#connection.request('consumer.requestKeyFrame', { consumerId });
  }

  /** Removes all hosted participants from the room and closes the connection. Never rejects. */
  async leave(): Promise<void> {
    if (this.state === 'closed') {
      return;
    }
    await this.#session.notifyLeave();
    this.#session.close();
  }

  /** Drops the connection and reconnects at once. */
  reconnect(): void {
    this.#connection.reconnect();
  }

  #closed(): void {
    this.encryption?.close();
    this.#opening.stop();
    this.#layout.close();
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
    on('participant.restrained', (restraint) => {
      this.#restraints.set(restraint);
      this.hosted.find((each) => each.participantId === restraint.participantId)?.restrain(restraint);
    });
    on('participant.left', ({ participantId }) => this.#restraints.drop(participantId));
    on('participant.asked', ({ participantId, source }) => {
      const hosted = this.hosted.find((each) => each.participantId === participantId);
      if (hosted && source === 'microphone') {
        this.emit('asked', hosted);
      }
    });
    on('breakout.movePhone', ({ participantId, roomId }) => {
      const hosted = this.hosted.find((each) => each.participantId === participantId);
      if (hosted) {
        this.emit('move', hosted, roomId);
      }
    });
    on('hand.lowered', ({ participantId, by }) => {
      if (by === participantId) {
        return;
      }
      this.hosted.find((each) => each.participantId === participantId)?.handLowered();
    });
    on('room.changed', ({ room }) => {
      this.#info = room;
    });
    on('room.playable', ({ codecs }) => this.#setPlayable(codecs));
    on('recording.changed', ({ recording }) => this.#setRecorded(recording));
    on('live.changed', ({ live }) => this.#setOverheard('streamed', live !== null));
    on('captions.changed', ({ captions }) => this.#setOverheard('captioned', captions !== null));
    on('call.failed', ({ callId, error }) => this.emit('call-failed', callId, CanopyError.fromBody(error)));
    on('producer.added', ({ producer }) => {
      const isOwn = this.hosted.some(({ participantId }) => participantId === producer.participantId);
      if (!isOwn) {
        this.#sources.add(producer);
        this.#layout.update();
      }
    });
    on('producer.paused', ({ producerId }) => this.#sources.setPaused(producerId, true));
    on('producer.resumed', ({ producerId }) => this.#sources.setPaused(producerId, false));
    on('producer.closed', ({ producerId }) => {
      this.#sources.remove(producerId);
      this.#layout.update();
    });
    on('consumer.closed', ({ consumerId }) => this.#sources.consumerClosed(consumerId));
  }

  #entered(snapshot: Snapshot, sameSeat: boolean): void {
    this.#checkEncryption(snapshot.parts.encryption);
    this.#capabilities = snapshot.routerRtpCapabilities as RtpCapabilities;
    this.#info = snapshot.parts.room;
    this.#setPlayable(snapshot.parts.playable);
    this.#setRecorded(snapshot.parts.recording.running);
    this.#setOverheard('streamed', snapshot.parts.live.running !== null);
    this.#setOverheard('captioned', snapshot.parts.captions.running !== null);
    this.spotlight.reset(snapshot.parts.spotlight);
    const { transportIds, producerIds, consumerIds } = snapshot.own;
    const media = this.#media;
    const isComplete =
      media && transportIds.includes(media.send.transportId) && transportIds.includes(media.recv.transportId);
    if (media && !isComplete) {
      this.#dropMedia();
      // A single transport is useless, and would prevent opening the next pair.
      for (const transportId of transportIds) {
        this.#connection.request('transport.close', { transportId }).catch(() => {});
      }
    }
    this.#reconcileHosted(snapshot, sameSeat);
    this.#sources.reset(snapshot.producers, consumerIds);
    this.#layout.reset();
    for (const hosted of this.hosted) {
      hosted.keepProducerOf(producerIds);
      hosted.sync();
    }
    this.#opening.poke();
  }

  /** Leaves a room that the server now says has another policy. */
  #checkEncryption(encryption: SnapshotPart<'encryption'>): void {
    try {
      this.encryption?.entered(encryption);
    } catch (cause) {
      this.#session.close(CanopyError.from(cause));
      throw cause;
    }
  }

  /** Compares the hosted participants with the snapshot's. */
  #reconcileHosted(snapshot: Snapshot, sameSeat: boolean): void {
    this.#restraints.reset(snapshot.parts.moderation.restraints);
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
        hosted.restrain(this.#restraints.of(participantId));
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
    // If not resumed, pending answers are discarded and their participants added again, so the first ones are removed.
    if (snapshot.resumed) {
      return;
    }
    for (const participantId of own) {
      this.#connection.request('participant.remove', { participantId }).catch(() => {});
    }
  }

  /** A moderator removed it while the connection was lost. */
  #kicked(hosted: BridgeParticipant): void {
    hosted.act('kick');
    this.emit('action', hosted, 'kick', null);
  }

  #setPlayable(codecs: readonly string[]): void {
    this.#playable = new Set(codecs);
    this.emit('playable', this.#playable);
  }

  /** A recording that is interrupted goes on by itself at any moment. */
  #setRecorded(running: EventData<'recording.changed'>['recording']): void {
    this.#setOverheard('recorded', running !== null && running.status !== 'paused');
  }

  /** A failed live stream or transcription still counts: it may resume at any moment. */
  #setOverheard(how: Overhearing, isOn: boolean): void {
    if (this.#overheard.has(how) !== isOn) {
      this.#overheard[isOn ? 'add' : 'delete'](how);
      this.emit('overheard', how, isOn);
    }
  }

  /** Opens the transports if there are none. */
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
        rtpCapabilities:
          options.rtpCapabilities ?? (this.#takesVideo ? withoutEstimation : audioOnly)(this.#capabilities),
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

/** The bridge itself as a participant, in whose name its phones are in the room's group. */
function ownSeat({ deviceId, displayName }: Identity, accountId: string): Participant {
  const ids = { participantId: deviceId, peerId: deviceId, accountId, deviceId };
  return { ...ids, displayName, kind: 'phone', role: 'bridge', connected: true };
}

/**
 * Everything that the room has, but no retransmissions, which the local host does not need, and no bandwidth estimation: it would wait for
 * feedback that a bridge does not send.
 */
function withoutEstimation({ codecs = [], headerExtensions = [] }: RtpCapabilities): RtpCapabilities {
  return {
    codecs: codecs
      .filter(({ mimeType }) => !mimeType.toLowerCase().endsWith('/rtx'))
      .map((codec) => ({
        ...codec,
        rtcpFeedback: codec.rtcpFeedback?.filter(
          ({ type }) => type !== 'transport-cc' && type !== 'goog-remb',
        ),
      })),
    headerExtensions: headerExtensions.filter(({ uri }) => !uri.includes('transport-wide-cc')),
  };
}

/** Opus and audio levels only. */
function audioOnly({ codecs = [], headerExtensions = [] }: RtpCapabilities): RtpCapabilities {
  return {
    codecs: codecs.filter(({ mimeType }) => mimeType.toLowerCase() === 'audio/opus'),
    headerExtensions: headerExtensions.filter(({ kind, uri }) => kind === 'audio' && uri === AUDIO_LEVEL),
  };
}
