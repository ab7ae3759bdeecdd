import type { types } from 'mediasoup-client';
import type {
  EncryptionPolicy,
  EventData,
  Participant,
  RoomAction,
  SnapshotPart,
} from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import { Breakouts } from './breakouts.ts';
import { Captions } from './captions.ts';
import { Chat, type ChatHost } from './chat/index.ts';
import type { Connection, JoinRequest } from './connection.ts';
import type { DeviceLoader } from './device-loader.ts';
import { Emitter } from './emitter.ts';
import { type MediaEncryption, RoomEncryption } from './encryption/index.ts';
import type { FrameTransforms } from './frame-transforms.ts';
import type { Identity } from './identity/index.ts';
import { type Layout, LayoutReporter } from './layout.ts';
import { Live } from './live.ts';
import { Lobby } from './lobby.ts';
import type { MediaConnectivity } from './media-connectivity.ts';
import { MediaSession } from './media-session.ts';
import { Moderation } from './moderation.ts';
import { Polls } from './polls/index.ts';
import { Publication, type PublishOptions } from './publication.ts';
import { type RaisedHand, RaisedHands } from './raised-hands.ts';
import { Reactions } from './reactions.ts';
import { Recording } from './recording.ts';
import type { RemoteSource, RemoteTrack } from './remote-track.ts';
import type { Snapshot } from './room-entry.ts';
import type { RoomEvents, RoomState } from './room-events.ts';
import { ROOM_SESSION_EVENTS, RoomSession } from './room-session.ts';
import { Spotlight } from './spotlight.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Direction } from './transport-link.ts';

export interface JoinOptions {
  /** The name that others see in this room. Default: the identity's. */
  displayName?: string;
  /** The room's PIN, if it asks for one. */
  pin?: string;
  /**
   * Encrypts media end to end: see openMediaEncryption(). Replaces `transforms`. In encrypted rooms it gets the keys of the room's group;
   * elsewhere the program provides keys. Without it, encrypted rooms are refused with ENCRYPTION_REQUIRED.
   */
  encryption?: MediaEncryption;
  /**
   * The policy that the program expects, from a source that it trusts, e.g. a link; or those that it accepts. If the server says otherwise,
   * the room closes (ENCRYPTION_INVALID).
   */
  encryptionPolicy?: EncryptionPolicy | readonly EncryptionPolicy[];
  /** Transforms for encoded frames. */
  transforms?: FrameTransforms;
}

/** What everyone in a room knows about it. */
export type RoomInfo = SnapshotPart<'room'>;

export interface RoomOptions extends JoinOptions {
  roomId: string;
  connection: Connection;
  identity: Identity;
  /** The account that the connection is signed in to. */
  accountId: string;
  devices: DeviceLoader;
  onClosed(): void;
}

/** A conference from one peer's point of view. Created by Client.join(). */
export class Room extends Emitter<RoomEvents> {
  readonly roomId: string;
  /** The room's chat. */
  readonly chat: Chat;
  /** The room's polls. */
  readonly polls: Polls;
  /** The breakout rooms of the meeting. */
  readonly breakouts: Breakouts;
  /** Moderation, and what moderators did. */
  readonly moderation: Moderation;
  /** Whom moderators show large to everyone. */
  readonly spotlight: Spotlight;
  /** Whether the room is being recorded. */
  readonly recording: Recording;
  readonly captions: Captions;
  /** The live stream of the room. */
  readonly live: Live;
  /** Who waits to be admitted, for participants who may admit them. */
  readonly lobby: Lobby;
  /** Short signs such as applause. */
  readonly reactions: Reactions;
  /** The room's end-to-end encryption; undefined if this client cannot encrypt. */
  readonly encryption: RoomEncryption | undefined;
  readonly #options: RoomOptions;
  readonly #session: RoomSession;
  readonly #hands: RaisedHands;
  /** This user's role in the room, as far as chat and polls know. */
  #role: string | undefined;
  readonly #publications = new Set<Publication>();
  readonly #subscriptions: Subscriptions;
  readonly #layout: LayoutReporter;
  /** Which spatial layers anyone wants, by own producer id. The server may send this before `producer.create` is answered. */
  readonly #wantedLayers = new Map<string, readonly boolean[]>();
  #info: RoomInfo = { title: null, locked: false, hasPin: false, maxParticipants: null };
  #rights: ReadonlySet<RoomAction> = new Set();
  #media: MediaSession | undefined;
  #device: types.Device | undefined;

  constructor(options: RoomOptions) {
    super();
    this.#options = options;
    this.roomId = options.roomId;
    const { roomId, displayName, pin, connection } = options;
    this.#session = new RoomSession({
      roomId,
      displayName,
      pin,
      encrypts: options.encryption !== undefined,
      connection,
      media: () => this.#device && wantedMedia(this.#device, this.#layout.isSet ? 'audio' : 'all'),
      prepare: async ({ routerRtpCapabilities }) => {
        this.#device = await options.devices.load(routerRtpCapabilities);
      },
      dropMedia: () => this.#dropMedia(),
      renewMedia: (snapshot) => this.#renewMedia(snapshot),
      entered: (snapshot) => this.#entered(snapshot),
      closed: () => this.#closed(),
    });
    this.relay(this.#session, ROOM_SESSION_EVENTS);
    this.encryption =
      options.encryption &&
      new RoomEncryption({
        roomId,
        identity: options.identity,
        frames: options.encryption,
        hasContent: true,
        session: this.#session,
        participants: () => this.participants.values(),
        request: (name, data) => connection.request(name, data),
      });
    this.#hands = new RaisedHands({
      raised: (participantId) => this.emit('hand-raised', participantId),
      lowered: (participantId, by) => this.emit('hand-lowered', participantId, by),
    });
    this.on('participant-updated', ({ participantId, roomRole }) => {
      if (participantId === this.participantId && roomRole !== this.#role) {
        this.#role = roomRole;
        // What this user may read and do there may depend on it.
        this.chat.entered();
        this.polls.entered();
      }
    });
    for (const event of ['participant-joined', 'participant-updated'] as const) {
      this.on(event, () => this.#subscriptions.rosterChanged());
    }
    this.on('participant-left', ({ participantId }) => this.#hands.lower(participantId));
    const feature = {
      roomId,
      connection,
      participants: this.#session.roster.participants,
      participantId: () => this.participantId,
      publications: () => this.publications,
      onServerEvent: this.#session.onServerEvent.bind(this.#session),
    };
    const durable: ChatHost = {
      ...feature,
      accountId: options.accountId,
      request: (name, data) => connection.request(name, data),
      url: (path) => new URL(path, connection.origin).href,
      content: () => this.encryption?.content,
    };
    this.chat = new Chat(durable);
    this.polls = new Polls(durable);
    this.breakouts = new Breakouts(feature);
    this.moderation = new Moderation(feature);
    this.spotlight = new Spotlight(feature);
    this.recording = new Recording(feature);
    this.captions = new Captions(feature);
    this.live = new Live(feature);
    this.lobby = new Lobby(feature);
    this.reactions = new Reactions({ ...feature, content: () => this.encryption?.content });
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

  /** Everyone in the room, including this participant, by participant id. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#session.roster.participants;
  }

  /** This client's participant id; undefined before the room is entered, and for a bridge, which only hosts others. */
  get participantId(): string | undefined {
    return this.#session.participantId;
  }

  /** Participant id of the current speaker. */
  get speaker(): string | null {
    return this.#session.roster.speaker;
  }

  /** Title, lock, PIN and limit of the room. */
  get info(): RoomInfo {
    return this.#info;
  }

  /** What this participant may do in the room: its role permits it, and the server can do it. */
  get rights(): ReadonlySet<RoomAction> {
    return this.#rights;
  }

  /** The raised hands, longest-raised first. */
  get hands(): readonly RaisedHand[] {
    return this.#hands.list;
  }

  /** What others send, whether or not it is received: see setLayout(). */
  get sources(): RemoteSource[] {
    return [...this.#subscriptions.producers.values()].map(({ participantId, source, kind, paused }) => ({
      participantId,
      source,
      kind,
      muted: paused,
    }));
  }

  /** The tracks that are currently received. */
  get tracks(): RemoteTrack[] {
    return this.#subscriptions.tracks;
  }

  /** Whether media gets through in each direction, and over which server ports. */
  get media(): Readonly<Record<Direction, MediaConnectivity>> {
    return { send: this.#connectivity('send'), recv: this.#connectivity('recv') };
  }

  get publications(): Publication[] {
    return [...this.#publications];
  }

  /**
   * Publishes a track. Resolves when the server has the producer. While the connection is lost it resolves at once, and the track is
   * published after reconnecting. When the track ends (its device was unplugged, say), the publication ends with MEDIA_ENDED.
   *
   * @throws {CanopyError} ROOM_NOT_JOINED, CODEC_UNSUPPORTED, LIMIT_REACHED, FORBIDDEN, SERVER_UNVERIFIED, FINGERPRINT_UNSIGNED,
   * MEDIA_REJECTED, MEDIA_ENDED
   */
  async publish(track: MediaStreamTrack, options: PublishOptions = {}): Promise<Publication> {
    if (this.state === 'closed') {
      throw new CanopyError('ROOM_NOT_JOINED');
    }
    const publication = new Publication(
      {
        connection: this.#options.connection,
        media: () => this.#media,
        participantId: () => this.participantId,
        wantedLayers: (producerId) => this.#wantedLayers.get(producerId),
        suspendFailed: (error) => this.#failed(error),
        ended: (ended, error) => {
          this.#publications.delete(ended);
          if (ended.producerId) {
            this.#wantedLayers.delete(ended.producerId);
          }
          this.emit('unpublished', ended, error);
          // An ended track is not a failure: its device was unplugged, or screen sharing was stopped.
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
   * available bandwidth; audio is received as before. Call it whenever the screen changes: calls are throttled, and the last one is always
   * sent. The layout remains in effect as people and their videos come and go. `track` fires when a video is first shown, `track-ended`
   * half a minute after it was last shown.
   */
  setLayout(layout: Layout): void {
    if (this.state !== 'closed') {
      this.#layout.set(layout);
    }
  }

  /**
   * Mutes someone's microphone. `false` unmutes a phone; people unmute themselves.
   *
   * @param deny keeps them from unmuting until they are asked to (`moderation.ask()`). Default false.
   * @throws {CanopyError} FORBIDDEN, PARTICIPANT_UNKNOWN
   */
  async mute(participantId: string, muted = true, { deny }: { deny?: boolean } = {}): Promise<void> {
    await this.#options.connection.request('participant.mute', {
      participantId,
      muted,
      ...(deny !== undefined && { deny }),
    });
  }

  /**
   * Removes someone from the room on all their devices and keeps them out for five minutes. A phone's call ends.
   *
   * @throws {CanopyError} FORBIDDEN, PARTICIPANT_UNKNOWN
   */
  async kick(participantId: string): Promise<void> {
    await this.#options.connection.request('participant.kick', { participantId });
  }

  /** Readmits a removed account before its five minutes are over. @throws {CanopyError} FORBIDDEN */
  async readmit(accountId: string): Promise<void> {
    await this.#options.connection.request('participant.readmit', { accountId });
  }

  /**
   * Changes a participant's name, by default this one's, until the participant leaves.
   *
   * @throws {CanopyError} FORBIDDEN, PARTICIPANT_UNKNOWN - only for someone else's name
   */
  async rename(displayName: string, participantId?: string): Promise<void> {
    await this.#options.connection.request('participant.rename', {
      displayName,
      ...(participantId !== undefined && { participantId }),
    });
  }

  /** Locks the room, so that nobody new comes in, or unlocks it. For owners and moderators. @throws {CanopyError} FORBIDDEN */
  async setLocked(locked: boolean): Promise<void> {
    await this.#options.connection.request('room.configure', { roomId: this.roomId, locked });
  }

  /**
   * Makes someone inside the room's owner, and the owner a moderator. For owners and admins.
   *
   * @throws {CanopyError} FORBIDDEN - also for guests and phones, who cannot own rooms; PARTICIPANT_UNKNOWN, LIMIT_REACHED
   */
  async handOver(participantId: string): Promise<void> {
    await this.#options.connection.request('room.handOver', { participantId });
  }

  /** Raises this participant's hand. Idempotent: a raised hand keeps its place. */
  async raiseHand(): Promise<void> {
    await this.#options.connection.request('hand.raise', {});
  }

  /**
   * Lowers a hand, by default this participant's. Idempotent.
   *
   * @throws {CanopyError} FORBIDDEN, PARTICIPANT_UNKNOWN - only for someone else's hand
   */
  async lowerHand(participantId?: string): Promise<void> {
    await this.#options.connection.request(
      'hand.lower',
      participantId === undefined ? {} : { participantId },
    );
  }

  /**
   * Calls a phone into the room; it appears as a participant while it rings. If the call fails, `call-failed` carries the same call id.
   *
   * @param target a number, or a `sip:` or `tel:` URI
   * @param options `withheld`: the callee must not learn who calls
   * @throws {CanopyError} FORBIDDEN; CALL_REFUSED - the dial plan forbids the target; GATEWAY_MISSING; RATE_LIMITED
   */
  async dial(
    target: string,
    { displayName, withheld }: { displayName?: string; withheld?: boolean } = {},
  ): Promise<{ callId: string }> {
    return this.#options.connection.request('call.dial', {
      target,
      ...(displayName !== undefined && { displayName }),
      ...(withheld && { withheld }),
    });
  }

  /**
   * Statistics of everything that is sent or received, in one report; cheaper than a report per track. Inbound streams name their track in
   * `trackIdentifier`. Undefined while there is no transport.
   */
  async getStats(direction: Direction): Promise<RTCStatsReport | undefined> {
    return this.#media?.getStats(direction);
  }

  /** Restarts ICE on all transports. Disconnected transports do this automatically. */
  async restartIce(): Promise<void> {
    await this.#media?.restartIce();
  }

  /** Leaves the room without stopping the local tracks. Never rejects. */
  async leave(): Promise<void> {
    if (this.state === 'closed') {
      return;
    }
    const answered = this.#session.notifyLeave();
    this.close();
    await answered;
  }

  /**
   * @internal Enters the room for the first time.
   *
   * @param routerRtpCapabilities the server's capabilities, if they are known already
   */
  async enter(routerRtpCapabilities: object | undefined): Promise<void> {
    // If this fails, the join tries again.
    this.#device =
      routerRtpCapabilities &&
      (await this.#options.devices.load(routerRtpCapabilities).catch(() => undefined));
    await this.#session.enter();
  }

  /** @internal */
  close(error?: CanopyError): void {
    this.#session.close(error);
  }

  #closed(): void {
    this.encryption?.close();
    this.chat.close();
    this.polls.stop();
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
    on('participant.action', (data) => this.#applyAction(data));
    on('call.failed', ({ callId, error }) =>
      this.emit('call-failed', { callId, error: CanopyError.fromBody(error) }),
    );
    on('room.changed', ({ room }) => this.#setInfo(room));
    on('room.rights', ({ rights }) => this.#setRights(rights));
    on('hand.raised', ({ participantId, raisedAtMs }) => this.#hands.raise({ participantId, raisedAtMs }));
    on('hand.lowered', ({ participantId, by }) => this.#hands.lower(participantId, by));
    on('producer.added', ({ producer }) => {
      if (producer.participantId !== this.participantId) {
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
      this.#wantedLayers.set(producerId, spatialLayers);
      this.#syncPublications((publication) => publication.producerId === producerId);
    });
    on('transport.state', ({ transportId, state }) => this.#media?.applyServerState(transportId, state));
  }

  #renewMedia({ iceServers, media: offered }: Snapshot): void {
    const device = this.#device;
    if (!device) {
      throw new CanopyError('INTERNAL', 'the device is not loaded');
    }
    const { connection, identity, encryption } = this.#options;
    const transforms = encryption?.transforms ?? this.#options.transforms ?? {};
    this.#dropMedia();
    this.#wantedLayers.clear();
    this.#media = new MediaSession({
      connection,
      identity,
      device,
      iceServers,
      transforms,
      offered,
      onBroken: (direction) => this.#recreate(direction),
      onConnectivity: (direction, connectivity) => this.emit('media', direction, connectivity),
    });
  }

  #entered({ own, producers, parts, media }: Snapshot): void {
    this.#media?.reconcile(own.transportIds);
    for (const publication of this.#publications) {
      const { producerId } = publication;
      if (producerId && !own.producerIds.includes(producerId)) {
        publication.detach();
      }
    }
    this.#checkEncryption(parts.encryption);
    this.#hands.reset(parts.hands);
    this.#setInfo(parts.room);
    this.#setRights(parts.rights);
    this.#role = this.participants.get(this.participantId ?? '')?.roomRole;
    this.chat.entered();
    this.polls.entered();
    this.breakouts.reset(parts.breakouts);
    this.moderation.reset(parts.moderation);
    this.spotlight.reset(parts.spotlight);
    this.recording.reset(parts.recording);
    this.captions.reset(parts.captions);
    this.live.reset(parts.live);
    this.lobby.reset(parts.lobby);
    this.#subscriptions.reset(producers, own.consumerIds, media?.consumers);
    this.#layout.reset();
    this.#syncPublications();
  }

  /** Leaves a room that is not encrypted as the program was told. */
  #checkEncryption(snapshot: SnapshotPart<'encryption'>): void {
    const { encryptionPolicy = snapshot.policy } = this.#options;
    try {
      if (![encryptionPolicy].flat().includes(snapshot.policy)) {
        const told = `the server says ${snapshot.policy}, not ${[encryptionPolicy].flat().join(' or ')}`;
        throw new CanopyError('ENCRYPTION_INVALID', told);
      }
      this.encryption?.entered(snapshot);
    } catch (cause) {
      this.#options.connection.requestNow('room.leave', {}).catch(() => {});
      this.close(CanopyError.from(cause));
      throw cause;
    }
  }

  #setInfo(info: RoomInfo): void {
    this.#info = info;
    this.emit('info', info);
  }

  #setRights(rights: readonly RoomAction[]): void {
    this.#rights = new Set(rights);
    this.emit('rights', this.#rights);
  }

  #connectivity(direction: Direction): MediaConnectivity {
    return this.#media?.connectivity(direction) ?? { state: 'idle', endpoints: [] };
  }

  /** One direction's transport broke: recreates its producers or consumers. */
  #recreate(direction: Direction): void {
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
      // Failures are reported by `unpublished`, and by publish() to its caller.
      publication.sync().catch(() => {});
    }
  }

  #dropMedia(): void {
    this.#media?.close();
    this.#media = undefined;
    this.#subscriptions.drop();
  }

  /** Applies a moderator's action to this participant. A removal arrives as the end of the connection instead. */
  #applyAction({ participantId, action, by }: EventData<'participant.action'>): void {
    if (participantId !== this.participantId || action !== 'mute') {
      return;
    }
    for (const publication of this.#publications) {
      // Failures are reported by `unpublished`.
      if (publication.source === 'microphone') {
        publication.mute().catch(() => {});
      }
    }
    this.emit('muted-by', by === null ? undefined : this.participants.get(by));
  }

  /** Unverified media keys close the room; any other failure is only reported. */
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

/** What a join asks for, so that media need not wait for further requests. */
export function wantedMedia(
  { recvRtpCapabilities }: types.Device,
  consume: 'audio' | 'all',
): JoinRequest['data']['media'] {
  return {
    rtpCapabilities: recvRtpCapabilities as NonNullable<JoinRequest['data']['media']>['rtpCapabilities'],
    consume,
  };
}
