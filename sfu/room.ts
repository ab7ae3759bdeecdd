import { isIPv6 } from 'node:net';
import type { ActiveSpeakerObserver, Producer, Router, RtpCapabilities, Transport } from 'mediasoup/types';
import { CanopyError } from '../base/errors/index.ts';
import { RoomAllocation } from './allocation/index.ts';
import { addressScope } from './candidates.ts';
import { type CodecName, routerCodecs } from './codecs.ts';
import type { MediaWorker } from './media-worker.ts';
import { Peer, type PeerHome } from './peer.ts';
import type { PeerTransportOptions } from './peer-transport.ts';
import { PlainPeerTransport } from './plain-peer-transport.ts';
import type { Tell } from './tell.ts';
import type { TrafficMeter } from './traffic-meter.ts';
import type { Direction, MediaSource } from './types.ts';
import { WebRtcPeerTransport } from './webrtc-peer-transport.ts';
import { answered, codedError } from './worker-errors.ts';

/** How often the dominant speaker is decided, in milliseconds. */
const SPEAKER_INTERVAL_MS = 200;

export interface RoomOptions {
  roomId: string;
  mediaCodecs: readonly CodecName[] | undefined;
  /** What a peer may be sent, in bits a second. */
  downBudgetBps: number;
  /** What a peer may send, in bits a second. */
  upBudgetBps: number;
  /** Asks for new decisions on who receives what in the room. */
  requestAllocation(roomId: string): void;
  meter: TrafficMeter;
  tell: Tell;
}

/** The media of one conference on one worker: router, speaker observer, peers. Owned by Sfu. */
export class Room implements PeerHome {
  readonly roomId: string;
  readonly worker: MediaWorker;
  readonly tell: Tell;
  readonly allocation: RoomAllocation;
  readonly #options: RoomOptions;
  readonly #router: Router;
  readonly #speakerObserver: ActiveSpeakerObserver;
  readonly #peers = new Map<string, Peer>();
  /** Producer to peer. */
  readonly #owners = new Map<string, string>();
  /** Producer of audio to participant. */
  readonly #voices = new Map<string, string>();
  #speakerProducerId: string | null = null;
  #closed = false;

  static async create(worker: MediaWorker, options: RoomOptions): Promise<Room> {
    const router = await answered(
      worker.mediasoupWorker.createRouter({ mediaCodecs: routerCodecs(options.mediaCodecs) }),
    );
    try {
      const observer = await router.createActiveSpeakerObserver({ interval: SPEAKER_INTERVAL_MS });
      return new Room(worker, router, observer, options);
    } catch (error) {
      router.close();
      throw codedError(error);
    }
  }

  private constructor(
    worker: MediaWorker,
    router: Router,
    speakerObserver: ActiveSpeakerObserver,
    options: RoomOptions,
  ) {
    this.roomId = options.roomId;
    this.worker = worker;
    this.tell = options.tell;
    this.#options = options;
    this.#router = router;
    this.#speakerObserver = speakerObserver;
    this.allocation = new RoomAllocation({
      ...{ roomId: options.roomId, tell: options.tell, downBudgetBps: options.downBudgetBps },
      peers: () => this.peers,
      request: () => this.changed(),
      now: () => performance.now(),
    });
    speakerObserver.on('dominantspeaker', ({ producer }) => this.#setSpeaker(producer.id));
  }

  get closed(): boolean {
    return this.#closed || this.#router.closed;
  }

  get rtpCapabilities(): RtpCapabilities {
    return this.#router.rtpCapabilities;
  }

  get peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  get consumerCount(): number {
    let consumers = 0;
    for (const peer of this.#peers.values()) consumers += peer.consumerIds.length;
    return consumers;
  }

  /** Peers that receive. */
  get receiverCount(): number {
    let receivers = 0;
    for (const peer of this.#peers.values()) if (peer.receiving) receivers += 1;
    return receivers;
  }

  peer(peerId: string): Peer | undefined {
    return this.#peers.get(peerId);
  }

  /** The peer, made if it is new. */
  enter(peerId: string): Peer {
    const peer = this.#peers.get(peerId) ?? new Peer(peerId, this);
    this.#peers.set(peerId, peer);
    return peer;
  }

  closePeer(peerId: string): void {
    this.#peers.get(peerId)?.close();
    this.#peers.delete(peerId);
  }

  changed(): void {
    if (!this.closed) this.#options.requestAllocation(this.roomId);
  }

  /** Closes its peers and the router. Idempotent; after the worker's death it only tidies up. */
  close(): void {
    this.#closed = true;
    for (const peer of this.#peers.values()) peer.close();
    this.#peers.clear();
    this.#router.close();
  }

  async openTransport(
    peerId: string,
    direction: Direction,
    rtpCapabilities?: RtpCapabilities,
  ): Promise<WebRtcPeerTransport> {
    const transport = await answered(
      this.#router.createWebRtcTransport({
        webRtcServer: this.worker.webRtcServer,
        enableUdp: true,
        enableTcp: true,
        preferUdp: true,
        // Not less than its ceiling will be: the worker lets an estimate rise to what its senders send only, or to this.
        initialAvailableOutgoingBitrate: this.#options.downBudgetBps,
      }),
      'ROOM_NOT_JOINED',
    );
    this.#assertOpen(transport);
    const { upBudgetBps } = this.#options;
    // It fails only when the transport has gone.
    if (direction === 'send' && upBudgetBps > 0) transport.setMaxIncomingBitrate(upBudgetBps).catch(() => {});
    return new WebRtcPeerTransport(transport, this.#transportOptions(peerId, direction, rtpCapabilities));
  }

  async openPlainTransport(
    peerId: string,
    direction: Direction,
    address: string,
    rtpCapabilities?: RtpCapabilities,
  ): Promise<PlainPeerTransport> {
    // Plain RTP never leaves the host: only a bridge on loopback can have it.
    if (addressScope(address) !== 'loopback') throw new CanopyError('BRIDGE_NOT_LOCAL', address);
    const transport = await answered(
      this.#router.createPlainTransport({
        listenInfo: { protocol: 'udp', ip: isIPv6(address) ? '::1' : '127.0.0.1' },
        rtcpMux: true,
        comedia: false,
      }),
      'ROOM_NOT_JOINED',
    );
    this.#assertOpen(transport);
    return new PlainPeerTransport(transport, this.#transportOptions(peerId, direction, rtpCapabilities));
  }

  ownerOf(producerId: string): string | undefined {
    return this.#owners.get(producerId);
  }

  async producerOpened(
    peerId: string,
    producer: Producer,
    { source, participantId }: { source: MediaSource; participantId: string },
  ): Promise<void> {
    this.#owners.set(producer.id, peerId);
    if (producer.kind === 'video') {
      const shown = source === 'screen' ? 'screen' : 'camera';
      this.allocation.pictureOpened(producer, { peerId, participantId, source: shown });
    } else {
      this.#voices.set(producer.id, participantId);
      await answered(this.#speakerObserver.addProducer({ producerId: producer.id }), 'PRODUCER_UNKNOWN');
    }
  }

  producerClosed(producer: Producer): void {
    this.#owners.delete(producer.id);
    this.allocation.pictureClosed(producer.id);
    const participantId = this.#voices.get(producer.id);
    if (this.#voices.delete(producer.id) && participantId) this.allocation.voiceClosed(participantId);
    if (this.#speakerProducerId === producer.id && !this.closed) this.#setSpeaker(null);
  }

  #assertOpen(made: Transport): void {
    if (!this.closed) return;
    made.close();
    throw new CanopyError('ROOM_NOT_JOINED', 'the room closed in the meantime');
  }

  #transportOptions(
    peerId: string,
    direction: Direction,
    rtpCapabilities: RtpCapabilities | undefined,
  ): PeerTransportOptions {
    const { roomId, worker } = this;
    const { meter, tell } = this.#options;
    const estimateFell = () => this.changed();
    return { roomId, peerId, direction, rtpCapabilities, worker, meter, tell, estimateFell };
  }

  #setSpeaker(producerId: string | null): void {
    if (producerId === this.#speakerProducerId) return;
    this.#speakerProducerId = producerId;
    this.allocation.setSpeaker(producerId === null ? null : (this.#voices.get(producerId) ?? null));
    this.tell('speaker', { roomId: this.roomId, producerId });
  }
}
