import { isIPv6 } from 'node:net';
import type { Producer, RouterRtpCodecCapability, RtpCapabilities, Transport } from 'mediasoup/types';
import { CanopyError } from '../../base/errors/index.ts';
import { RoomAllocation } from '../allocation/index.ts';
import { RoomAudio } from '../audio/index.ts';
import { type CodecName, PHONE_CODECS, type PhoneCodec, phoneCodecsOf, routerCodecs } from '../codecs.ts';
import type { Emit } from '../emit.ts';
import { ownCodecs } from '../own-codecs.ts';
import type { PeerConsumer } from '../peers/index.ts';
import { Peer, type PeerHome } from '../peers/index.ts';
import type { PeerTransportOptions, TrafficMeter } from '../transports/index.ts';
import { addressScope, PlainPeerTransport, WebRtcPeerTransport } from '../transports/index.ts';
import type { Direction, ProduceOptions, ReceivingOptions } from '../types.ts';
import { answered } from '../worker-errors.ts';
import type { MediaWorker } from '../workers/index.ts';
import { RoomSites, type Site } from './room-sites.ts';

export interface RoomOptions {
  roomId: string;
  mediaCodecs: readonly CodecName[] | undefined;
  /** Maximum bitrate sent to a peer, in bits per second. */
  downBudgetBps: number;
  /** Maximum bitrate a peer may send, in bits per second. */
  upBudgetBps: number;
  /** Requests a new allocation for the room. */
  requestAllocation(roomId: string): void;
  /** Maximum number of microphones forwarded, the loudest; 0: all. */
  audibleSpeakers: number;
  /** Chooses the worker for one more peer of a room that is on these workers. */
  place(current: readonly [MediaWorker, ...MediaWorker[]]): MediaWorker;
  meter: TrafficMeter;
  emit: Emit;
}

/** The media of one conference: routers on one or more workers, audio, peers. Owned by Sfu. */
export class Room implements PeerHome {
  readonly roomId: string;
  readonly emit: Emit;
  readonly allocation: RoomAllocation;
  readonly #options: RoomOptions;
  readonly #sites: RoomSites;
  readonly #audio: RoomAudio;
  readonly #peers = new Map<string, Peer>();
  /** The site of each peer. */
  readonly #peerSites = new Map<string, Promise<Site>>();
  /** Sites of peers that receive with payload types of their own. */
  readonly #ownSites = new Map<string, Site>();
  /** Peer ID by producer ID. */
  readonly #owners = new Map<string, string>();
  #closed = false;

  static async create(worker: MediaWorker, options: RoomOptions): Promise<Room> {
    const createRouter = (
      on: MediaWorker,
      codecs: RouterRtpCodecCapability[] = routerCodecs(options.mediaCodecs),
    ) => answered(on.mediasoupWorker.createRouter({ mediaCodecs: codecs }));
    const home = { worker, router: await createRouter(worker) };
    const sites = new RoomSites({ home, createRouter, place: options.place });
    try {
      let room: Room | undefined;
      const audio = await RoomAudio.create(home.router, {
        audibleSpeakers: options.audibleSpeakers,
        onSpeaker: (producerId) => {
          if (room) {
            room.#speakerChanged(producerId);
          }
        },
      });
      room = new Room(sites, audio, options);
      return room;
    } catch (error) {
      sites.close();
      throw error;
    }
  }

  private constructor(sites: RoomSites, audio: RoomAudio, options: RoomOptions) {
    this.roomId = options.roomId;
    this.emit = options.emit;
    this.#options = options;
    this.#sites = sites;
    this.#audio = audio;
    this.allocation = new RoomAllocation({
      ...{ roomId: options.roomId, emit: options.emit, downBudgetBps: options.downBudgetBps },
      audibleSpeakers: options.audibleSpeakers,
      peers: () => this.peers,
      voice: (participantId) => audio.voice(participantId),
      request: () => this.changed(),
      now: () => performance.now(),
    });
  }

  get closed(): boolean {
    return this.#closed || this.#sites.home.router.closed;
  }

  /** The worker it was opened on. */
  get worker(): MediaWorker {
    return this.#sites.home.worker;
  }

  /** All workers that carry it, its home first. */
  get workers(): MediaWorker[] {
    return this.#sites.all.map(({ worker }) => worker);
  }

  /** Whether the room is lost if this worker dies. */
  uses(worker: MediaWorker): boolean {
    return this.#sites.uses(worker);
  }

  get routerCount(): number {
    return this.#sites.routerCount;
  }

  get pipeTransportCount(): number {
    return this.#sites.pipeTransportCount;
  }

  get rtpCapabilities(): RtpCapabilities {
    return this.#sites.home.router.rtpCapabilities;
  }

  get peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  /** Number of consumers that read the room's audio levels. */
  get levelTapCount(): number {
    return this.#audio.tapCount;
  }

  /** Number of consumers of the peers on a worker. */
  consumerCountOn(worker: MediaWorker): number {
    let consumers = 0;
    for (const peer of this.#peers.values()) {
      if (peer.receiving?.worker === worker) {
        consumers += peer.consumerIds.length;
      }
    }
    return consumers;
  }

  /** Number of peers that receive over the network. */
  get receiverCount(): number {
    let receivers = 0;
    for (const peer of this.#peers.values()) {
      if (peer.receiving && !peer.receiving.isLocal) {
        receivers += 1;
      }
    }
    return receivers;
  }

  /** Those of the phones' codecs that everybody but this peer can play. */
  playableFrom(peerId: string): PhoneCodec[] {
    let playable: PhoneCodec[] = [...PHONE_CODECS];
    for (const peer of this.#peers.values()) {
      const { rtpCapabilities } = peer.receiving?.options ?? {};
      if (peer.peerId !== peerId && rtpCapabilities) {
        const played = phoneCodecsOf(rtpCapabilities);
        playable = playable.filter((name) => played.includes(name));
      }
    }
    return playable;
  }

  receiversChanged(): void {
    if (!this.closed) {
      this.emit('receiverschanged', { roomId: this.roomId });
    }
  }

  peer(peerId: string): Peer | undefined {
    return this.#peers.get(peerId);
  }

  /** Returns the peer, creating it if it is new. */
  enter(peerId: string): Peer {
    const peer = this.#peers.get(peerId) ?? new Peer(peerId, this);
    this.#peers.set(peerId, peer);
    return peer;
  }

  closePeer(peerId: string): void {
    this.#peers.get(peerId)?.close();
    this.#peers.delete(peerId);
    this.#peerSites.delete(peerId);
    this.#closeOwnSite(peerId);
    this.receiversChanged();
  }

  changed(): void {
    if (!this.closed) {
      this.#options.requestAllocation(this.roomId);
    }
  }

  /** Closes its peers and routers. Idempotent; after its worker has died this only cleans up. */
  close(): void {
    this.#closed = true;
    this.#audio.close();
    for (const peer of this.#peers.values()) {
      peer.close();
    }
    this.#peers.clear();
    this.#peerSites.clear();
    this.#ownSites.clear();
    this.#sites.close();
  }

  async openTransport(
    peerId: string,
    direction: Direction,
    { rtpCapabilities, ownPayloadTypes = false }: ReceivingOptions,
  ): Promise<WebRtcPeerTransport> {
    const { worker, router } =
      rtpCapabilities && ownPayloadTypes
        ? await this.#openOwnSite(peerId, rtpCapabilities)
        : await this.#siteOf(peerId);
    const transport = await answered(
      router.createWebRtcTransport({
        webRtcServer: worker.webRtcServer,
        enableUdp: true,
        enableTcp: true,
        preferUdp: true,
        // At least the later maximum: the worker lets the estimate exceed this only up to what is being sent.
        initialAvailableOutgoingBitrate: this.#options.downBudgetBps,
      }),
      'ROOM_NOT_JOINED',
    );
    this.#assertOpen(transport);
    const { upBudgetBps } = this.#options;
    // Fails only if the transport has closed.
    if (direction === 'send' && upBudgetBps > 0) {
      transport.setMaxIncomingBitrate(upBudgetBps).catch(() => {});
    }
    return new WebRtcPeerTransport(
      transport,
      this.#transportOptions(worker, peerId, direction, rtpCapabilities),
    );
  }

  async openPlainTransport(
    peerId: string,
    direction: Direction,
    address: string,
    rtpCapabilities?: RtpCapabilities,
  ): Promise<PlainPeerTransport> {
    // Plain RTP must not leave the host, so only a bridge on loopback can have it.
    if (addressScope(address) !== 'loopback') {
      throw new CanopyError('BRIDGE_NOT_LOCAL', address);
    }
    const { worker, router } = await this.#siteOf(peerId);
    const transport = await answered(
      router.createPlainTransport({
        listenInfo: { protocol: 'udp', ip: isIPv6(address) ? '::1' : '127.0.0.1' },
        rtcpMux: true,
        comedia: false,
      }),
      'ROOM_NOT_JOINED',
    );
    this.#assertOpen(transport);
    return new PlainPeerTransport(
      transport,
      this.#transportOptions(worker, peerId, direction, rtpCapabilities),
    );
  }

  ownerOf(producerId: string): string | undefined {
    return this.#owners.get(producerId);
  }

  async producerOpened(peerId: string, producer: Producer, options: ProduceOptions): Promise<void> {
    this.#owners.set(producer.id, peerId);
    this.#sites.produced(producer.id, await this.#siteOf(peerId));
    const { participantId = peerId, speakerId = participantId, source } = options;
    if (producer.kind === 'video') {
      const shown = source === 'screen' ? 'screen' : 'camera';
      this.allocation.videoOpened(producer, { peerId, participantId, source: shown });
    } else if (source !== 'screen-audio') {
      // Audio levels are read on the home worker.
      await this.#sites.pipeTo(producer.id, this.#sites.home);
      await this.#audio.addMicrophone(producer, { participantId, speakerId });
    }
  }

  /** Makes a producer consumable where a peer receives. Returns its ID there. @throws {CanopyError} PRODUCER_UNKNOWN */
  async pipeTo(producerId: string, peerId: string): Promise<string> {
    return this.#sites.pipeTo(producerId, this.#ownSites.get(peerId) ?? (await this.#siteOf(peerId)));
  }

  consumerOpened(consumer: PeerConsumer): void {
    this.#audio.addConsumer(consumer);
  }

  producerClosed(producer: Producer): void {
    this.#owners.delete(producer.id);
    this.#sites.forget(producer.id);
    this.allocation.videoClosed(producer.id);
  }

  /** The site of a peer. Both transports of a peer are on one worker. */
  #siteOf(peerId: string): Promise<Site> {
    const known = this.#peerSites.get(peerId);
    if (known) {
      return known;
    }
    const place = this.#sites.choose();
    this.#peerSites.set(peerId, place);
    // The next call tries again.
    place.catch(() => this.#peerSites.delete(peerId));
    return place;
  }

  /** Opens the site of a peer that receives with payload types of its own, instead of an earlier one. */
  async #openOwnSite(peerId: string, rtpCapabilities: RtpCapabilities): Promise<Site> {
    const site = await this.#sites.openOwn(await this.#siteOf(peerId), ownCodecs(rtpCapabilities));
    this.#closeOwnSite(peerId);
    if (!this.#peers.has(peerId)) {
      this.#sites.closeOwn(site);
      throw new CanopyError('ROOM_NOT_JOINED', 'left meanwhile');
    }
    this.#ownSites.set(peerId, site);
    return site;
  }

  #closeOwnSite(peerId: string): void {
    const site = this.#ownSites.get(peerId);
    this.#ownSites.delete(peerId);
    if (site) {
      this.#sites.closeOwn(site);
    }
  }

  #speakerChanged(producerId: string | null): void {
    this.emit('speaker', { roomId: this.roomId, producerId });
    this.changed();
  }

  #assertOpen(made: Transport): void {
    if (!this.closed) {
      return;
    }
    made.close();
    throw new CanopyError('ROOM_NOT_JOINED', 'the room closed meanwhile');
  }

  #transportOptions(
    worker: MediaWorker,
    peerId: string,
    direction: Direction,
    rtpCapabilities: RtpCapabilities | undefined,
  ): PeerTransportOptions {
    const { roomId } = this;
    const { meter, emit } = this.#options;
    const estimateChanged = () => this.changed();
    const estimateCollapsed = () => this.#peers.get(peerId)?.restartVideos();
    const pathChanged = () => this.#peers.get(peerId)?.requestKeyFrames();
    return {
      ...{ roomId, peerId, direction, rtpCapabilities, worker, meter, emit },
      ...{ estimateChanged, estimateCollapsed, pathChanged },
    };
  }
}
