import type { types } from 'mediasoup-client';
import type { EventData, Participant } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { FrameTransforms } from './frame-transforms.ts';
import type { Identity } from './identity/index.ts';
import { type Layout, LayoutReporter } from './layout.ts';
import type { MediaConnectivity } from './media-connectivity.ts';
import { MediaSession } from './media-session.ts';
import { Publication, type PublishOptions } from './publication.ts';
import { type RaisedHand, RaisedHands } from './raised-hands.ts';
import type { RemoteSource, RemoteTrack } from './remote-track.ts';
import type { Snapshot } from './room-entry.ts';
import type { RoomEvents, RoomState } from './room-events.ts';
import { ROOM_SESSION_EVENTS, RoomSession } from './room-session.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Direction } from './transport-link.ts';

export interface JoinOptions {
  /** The name that others see here. Default: the identity's. */
  displayName?: string;
  /** Transforms of encoded frames, e.g. for end-to-end encryption. */
  transforms?: FrameTransforms;
}

export interface RoomOptions extends JoinOptions {
  roomId: string;
  connection: Connection;
  identity: Identity;
  createDevice(): Promise<types.Device>;
  onClosed(): void;
}

/** A conference as one peer sees it. Made by Client.join(). */
export class Room extends Emitter<RoomEvents> {
  readonly roomId: string;
  readonly #options: RoomOptions;
  readonly #session: RoomSession;
  readonly #hands: RaisedHands;
  readonly #publications = new Set<Publication>();
  readonly #subscriptions: Subscriptions;
  readonly #layout: LayoutReporter;
  /** Which spatial layers of own producers anybody wants, by producer id; the server may tell before it is known whose they are. */
  readonly #wanted = new Map<string, readonly boolean[]>();
  #participantId: string | undefined;
  #media: MediaSession | undefined;
  #device: { capabilities: string; device: types.Device } | undefined;

  constructor(options: RoomOptions) {
    super();
    this.#options = options;
    this.roomId = options.roomId;
    const { roomId, displayName, connection } = options;
    this.#session = new RoomSession({
      roomId,
      displayName,
      connection,
      prepare: (snapshot) => this.#loadDevice(snapshot.routerRtpCapabilities as types.RtpCapabilities),
      dropMedia: () => this.#dropMedia(),
      renewMedia: (snapshot) => this.#renewMedia(snapshot),
      entered: (snapshot) => this.#entered(snapshot),
      closed: () => this.#closed(),
    });
    this.relay(this.#session, ROOM_SESSION_EVENTS);
    this.#hands = new RaisedHands({
      raised: (participantId) => this.emit('hand-raised', participantId),
      lowered: (participantId, by) => this.emit('hand-lowered', participantId, by),
    });
    this.on('participant-left', ({ participantId }) => this.#hands.lower(participantId));
    const host = { connection: options.connection, media: () => this.#media };
    this.#subscriptions = new Subscriptions({
      ...host,
      participants: this.#session.roster.participants,
      started: (track) => this.emit('track', track),
      ended: (track) => this.emit('track-ended', track),
      updated: (track) => this.emit('track-updated', track),
      producersChanged: () => {
        this.#layout.update();
        this.emit('sources');
      },
      failed: (error) => this.#failed(error),
    });
    this.#layout = new LayoutReporter({
      connection: options.connection,
      producers: this.#subscriptions.producers,
      shown: (producerIds) => this.#subscriptions.show(producerIds),
      failed: (error) => this.#failed(error),
    });
    this.#listen();
  }

  get state(): RoomState {
    return this.#session.state;
  }

  /** Everybody in the room, oneself included, by participant id. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#session.roster.participants;
  }

  /** The own participant's id; undefined for a bridge, which hosts only others. */
  get participantId(): string | undefined {
    return this.#participantId;
  }

  /** The id of the participant who is speaking. */
  get speaker(): string | null {
    return this.#session.roster.speaker;
  }

  /** The hands that are up, the longest first. */
  get hands(): readonly RaisedHand[] {
    return this.#hands.list;
  }

  /** What others send, received or not: see setLayout(). */
  get sources(): RemoteSource[] {
    return [...this.#subscriptions.producers.values()].map(({ participantId, source, kind, paused }) => ({
      participantId,
      source,
      kind,
      muted: paused,
    }));
  }

  /** What others send and is received. */
  get tracks(): RemoteTrack[] {
    return this.#subscriptions.tracks;
  }

  /** Whether sent (`send`) and received (`recv`) media gets through, and over which server ports. */
  get media(): Readonly<Record<Direction, MediaConnectivity>> {
    return { send: this.#connectivity('send'), recv: this.#connectivity('recv') };
  }

  get publications(): Publication[] {
    return [...this.#publications];
  }

  /**
   * Sends a track. Resolves when the server has it (or, while the connection is away, at once: it is sent on return). Rejects with
   * CODEC_UNSUPPORTED, LIMIT_REACHED, FORBIDDEN, SERVER_UNVERIFIED, FINGERPRINT_UNSIGNED, MEDIA_REJECTED, MEDIA_ENDED. When the track ends by
   * itself, so does the publication, with MEDIA_ENDED.
   */
  async publish(track: MediaStreamTrack, options: PublishOptions = {}): Promise<Publication> {
    if (this.state === 'closed') {
      throw new CanopyError('ROOM_NOT_JOINED');
    }
    const publication = new Publication(
      {
        connection: this.#options.connection,
        media: () => this.#media,
        participantId: () => this.#participantId,
        wanted: (producerId) => this.#wanted.get(producerId),
        wasted: (error) => this.#failed(error),
        ended: (ended, error) => {
          this.#publications.delete(ended);
          if (ended.producerId) {
            this.#wanted.delete(ended.producerId);
          }
          this.emit('unpublished', ended, error);
          // A track that ends is no failure: its device was unplugged, or sharing was stopped.
          if (error && error.code !== 'MEDIA_ENDED') {
            this.#failed(error);
          }
        },
      },
      track,
      options,
    );
    this.#publications.add(publication);
    await publication.sync();
    return publication;
  }

  /**
   * Reports what the app shows, and at what size. From then on only these videos are received, in the layers that suit their size and the
   * available bandwidth; audio is received as before. Call it whenever the screen changes; the settled layout is sent. It stays in force as
   * people and their videos come and go. `track` fires when a video is shown for the first time, `track-ended` half a minute after it was
   * last shown.
   */
  setLayout(layout: Layout): void {
    if (this.state !== 'closed') {
      this.#layout.set(layout);
    }
  }

  /**
   * Silences somebody's microphone; `false` lets a phone speak again, while people unmute themselves. Rejects with FORBIDDEN,
   * PARTICIPANT_UNKNOWN.
   */
  async mute(participantId: string, muted = true): Promise<void> {
    await this.#options.connection.request('participant.mute', { participantId, muted });
  }

  /**
   * Removes somebody from the room for five minutes, on all their devices; a phone's call ends. Rejects with FORBIDDEN,
   * PARTICIPANT_UNKNOWN.
   */
  async kick(participantId: string): Promise<void> {
    await this.#options.connection.request('participant.kick', { participantId });
  }

  /** Readmits an account before its five minutes are over. Rejects with FORBIDDEN. */
  async readmit(accountId: string): Promise<void> {
    await this.#options.connection.request('participant.readmit', { accountId });
  }

  /**
   * Changes a name for as long as its participant is in the room, by default one's own. Rejects, for the name of somebody else, with
   * FORBIDDEN, PARTICIPANT_UNKNOWN.
   */
  async rename(displayName: string, participantId?: string): Promise<void> {
    await this.#options.connection.request('participant.rename', {
      displayName,
      ...(participantId !== undefined && { participantId }),
    });
  }

  /** Asks to speak. Idempotent: a hand that is up keeps its place. */
  async raiseHand(): Promise<void> {
    await this.#options.connection.request('hand.raise', {});
  }

  /**
   * Lowers a hand, by default one's own. Idempotent. Rejects, for the hand of somebody else, with FORBIDDEN, PARTICIPANT_UNKNOWN.
   */
  async lowerHand(participantId?: string): Promise<void> {
    await this.#options.connection.request(
      'hand.lower',
      participantId === undefined ? {} : { participantId },
    );
  }

  /**
   * Calls a phone into the room; it appears as a participant while it rings. If the call fails, `call-failed` carries the same call id.
   * Rejects with FORBIDDEN, CALL_REFUSED (the dial plan), GATEWAY_MISSING, RATE_LIMITED.
   *
   * @param target a number, or a `sip:` or `tel:` URI
   */
  async dial(target: string, { displayName }: { displayName?: string } = {}): Promise<{ callId: string }> {
    return this.#options.connection.request('call.dial', {
      target,
      ...(displayName !== undefined && { displayName }),
    });
  }

  /** Restarts ICE on all transports; happens by itself when they are disconnected. */
  async restartIce(): Promise<void> {
    await this.#media?.restartIce();
  }

  /** Leaves the room. The tracks go on. Never rejects. */
  async leave(): Promise<void> {
    if (this.state === 'closed') {
      return;
    }
    const answered = this.#session.sayGoodbye();
    this.close();
    await answered;
  }

  /** @internal Enters for the first time. */
  async enter(): Promise<void> {
    await this.#session.enter();
  }

  /** @internal */
  close(error?: CanopyError): void {
    this.#session.close(error);
  }

  #closed(): void {
    this.#layout.close();
    this.#subscriptions.close();
    this.#media?.close();
    this.#media = undefined;
    for (const publication of this.#publications) {
      publication.close();
    }
    this.#publications.clear();
    this.#options.onClosed();
  }

  #listen(): void {
    const on: RoomSession['onServerEvent'] = (name, apply) => this.#session.onServerEvent(name, apply);
    on('participant.action', (data) => this.#obey(data));
    on('call.failed', ({ callId, error }) =>
      this.emit('call-failed', { callId, error: CanopyError.fromBody(error) }),
    );
    on('hand.raised', ({ participantId, raisedAtMs }) => this.#hands.raise({ participantId, raisedAtMs }));
    on('hand.lowered', ({ participantId, by }) => this.#hands.lower(participantId, by));
    on('producer.added', ({ producer }) => {
      if (producer.participantId !== this.#participantId) {
        this.#subscriptions.add(producer);
      }
    });
    on('producer.paused', ({ producerId }) => this.#subscriptions.setMuted(producerId, true));
    on('producer.resumed', ({ producerId }) => this.#subscriptions.setMuted(producerId, false));
    on('producer.closed', ({ producerId }) => this.#subscriptions.remove(producerId));
    on('consumer.closed', ({ consumerId }) => this.#subscriptions.consumerClosed(consumerId));
    on('consumer.layers', ({ consumerId, layers }) => {
      const track = this.#subscriptions.byConsumer(consumerId);
      if (!track) {
        return;
      }
      track.setLayers(layers);
      this.emit('layers', track, layers);
    });
    on('room.allocation', ({ tiles }) => this.#subscriptions.allocate(tiles));
    on('producer.wanted', ({ producerId, spatialLayers }) => {
      this.#wanted.set(producerId, spatialLayers);
      this.#syncPublications((publication) => publication.producerId === producerId);
    });
    on('transport.state', ({ transportId, state }) => this.#media?.noticeServerState(transportId, state));
  }

  #renewMedia({ iceServers }: Snapshot): void {
    const device = this.#device?.device;
    if (!device) {
      throw new CanopyError('INTERNAL', 'the device is not loaded');
    }
    const { connection, identity, transforms = {} } = this.#options;
    this.#dropMedia();
    this.#wanted.clear();
    this.#media = new MediaSession({
      connection,
      identity,
      device,
      iceServers,
      transforms,
      onBroken: (direction) => this.#remake(direction),
      onConnectivity: (direction, connectivity) => this.emit('media', direction, connectivity),
    });
  }

  #entered({ participantId, own, producers, parts }: Snapshot): void {
    this.#participantId = participantId;
    this.#media?.reconcile(own.transportIds);
    for (const publication of this.#publications) {
      const { producerId } = publication;
      if (producerId && !own.producerIds.includes(producerId)) {
        publication.detach();
      }
    }
    this.#hands.reset(parts.hands);
    this.#subscriptions.reset(producers, own.consumerIds);
    this.#layout.reset();
    this.#syncPublications();
  }

  #connectivity(direction: Direction): MediaConnectivity {
    return this.#media?.connectivity(direction) ?? { state: 'idle', endpoints: [] };
  }

  /** One direction's transport broke: what went over it is made again. */
  #remake(direction: Direction): void {
    if (this.state === 'closed') {
      return;
    }
    if (direction === 'send') {
      this.#syncPublications();
    } else {
      this.#subscriptions.drop();
      this.#subscriptions.sync();
    }
  }

  #syncPublications(which: (publication: Publication) => boolean = () => true): void {
    for (const publication of [...this.#publications].filter(which)) {
      // `unpublished` reports a failure, and so does publish() to its caller.
      publication.sync().catch(() => {});
    }
  }

  #dropMedia(): void {
    this.#media?.close();
    this.#media = undefined;
    this.#subscriptions.drop();
  }

  async #loadDevice(routerRtpCapabilities: types.RtpCapabilities): Promise<void> {
    const capabilities = JSON.stringify(routerRtpCapabilities);
    if (this.#device?.capabilities === capabilities) {
      return;
    }
    const device = await this.#options.createDevice();
    await device.load({ routerRtpCapabilities });
    this.#device = { capabilities, device };
  }

  /** A moderator's action. Removal arrives as the connection's end. */
  #obey({ participantId, action, by }: EventData<'participant.action'>): void {
    if (participantId !== this.#participantId || action !== 'mute') {
      return;
    }
    for (const publication of this.#publications) {
      // `unpublished` reports a failure.
      if (publication.source === 'microphone') {
        publication.mute().catch(() => {});
      }
    }
    this.emit('muted-by', by === null ? undefined : this.participants.get(by));
  }

  /** Unverified media keys end the call; any other failure is reported and survived. */
  #failed(error: CanopyError): void {
    if (this.state === 'closed') {
      return;
    }
    if (error.code === 'SERVER_UNVERIFIED' || error.code === 'FINGERPRINT_UNSIGNED') {
      this.#options.connection.requestNow('room.leave', {}).catch(() => {});
      this.close(error);
      return;
    }
    this.emit('error', error);
  }
}
