import { isIPv6 } from 'node:net';
import type { Producer, Router, RtpCapabilities, Transport } from 'mediasoup/types';
import { CanopyError } from '../base/errors/index.ts';
import { RoomAudio } from './audio/index.ts';
import { addressScope } from './candidates.ts';
import { type CodecName, routerCodecs } from './codecs.ts';
import type { MediaWorker } from './media-worker.ts';
import { Peer, type PeerHome } from './peer.ts';
import type { PeerConsumer } from './peer-consumer.ts';
import type { PeerTransportOptions } from './peer-transport.ts';
import { PlainPeerTransport } from './plain-peer-transport.ts';
import type { Tell } from './tell.ts';
import type { TrafficMeter } from './traffic-meter.ts';
import type { Direction, ProduceOptions } from './types.ts';
import { WebRtcPeerTransport } from './webrtc-peer-transport.ts';
import { answered } from './worker-errors.ts';

export interface RoomOptions {
  roomId: string;
  mediaCodecs: readonly CodecName[] | undefined;
  /** In bits a second. */
  initialOutgoingBitrateBps: number;
  /** How many microphones are forwarded, the loudest; 0: all. */
  audibleSpeakers: number;
  meter: TrafficMeter;
  tell: Tell;
}

/** The media of one conference on one worker: router, audio, peers. Owned by Sfu. */
export class Room implements PeerHome {
  readonly roomId: string;
  readonly worker: MediaWorker;
  readonly tell: Tell;
  readonly #options: RoomOptions;
  readonly #router: Router;
  readonly #audio: RoomAudio;
  readonly #peers = new Map<string, Peer>();
  /** Producer to peer. */
  readonly #owners = new Map<string, string>();
  #closed = false;

  static async create(worker: MediaWorker, options: RoomOptions): Promise<Room> {
    const router = await answered(
      worker.mediasoupWorker.createRouter({ mediaCodecs: routerCodecs(options.mediaCodecs) }),
    );
    try {
      const { roomId, audibleSpeakers, tell } = options;
      const audio = await RoomAudio.create(router, {
        audibleSpeakers,
        onSpeaker: (producerId) => tell('speaker', { roomId, producerId }),
      });
      return new Room(worker, router, audio, options);
    } catch (error) {
      router.close();
      throw error;
    }
  }

  private constructor(worker: MediaWorker, router: Router, audio: RoomAudio, options: RoomOptions) {
    this.roomId = options.roomId;
    this.worker = worker;
    this.tell = options.tell;
    this.#options = options;
    this.#router = router;
    this.#audio = audio;
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

  /** What the room's audio has in the worker, besides its transport. */
  get levelTapCount(): number {
    return this.#audio.tapCount;
  }

  get consumerCount(): number {
    let consumers = 0;
    for (const peer of this.#peers.values()) consumers += peer.consumerIds.length;
    return consumers;
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

  /** Closes its peers and the router. Idempotent; after the worker's death it only tidies up. */
  close(): void {
    this.#closed = true;
    this.#audio.close();
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
        initialAvailableOutgoingBitrate: this.#options.initialOutgoingBitrateBps,
      }),
      'ROOM_NOT_JOINED',
    );
    this.#assertOpen(transport);
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

  async producerOpened(peerId: string, producer: Producer, options: ProduceOptions): Promise<void> {
    this.#owners.set(producer.id, peerId);
    const { source = 'microphone', participantId = peerId } = options;
    if (producer.kind === 'audio' && source === 'microphone') {
      await this.#audio.addMicrophone(producer, participantId);
    }
  }

  /** When a participant last said something, on performance.now(); null: not yet. */
  lastSpokeAtMs(participantId: string): number | null {
    return this.#audio.lastSpokeAtMs(participantId);
  }

  isSpeaking(participantId: string): boolean {
    return this.#audio.isSpeaking(participantId);
  }

  consumerOpened(consumer: PeerConsumer): void {
    this.#audio.addConsumer(consumer);
  }

  producerClosed(producer: Producer): void {
    this.#owners.delete(producer.id);
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
    return { roomId, peerId, direction, rtpCapabilities, worker, meter, tell };
  }
}
