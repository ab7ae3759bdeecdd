import type { types } from 'mediasoup-client';
import type { EventData, MediaSource, Participant, ProducerInfo } from '../../contract/index.ts';
import type { Connection } from './connection.ts';

/** What another participant sends, received or not. */
export interface RemoteSource {
  participantId: string;
  source: MediaSource;
  kind: 'audio' | 'video';
  /** Whether its sender has paused it. */
  muted: boolean;
}

type Layers = EventData<'consumer.layers'>['layers'];
type ToldAllocation = EventData<'room.allocation'>['tiles'][number];

/** What the server gives of a picture. */
export interface Allocation {
  /** The most that it forwards; null: nothing at present. */
  layers: ToldAllocation['layers'];
  /**
   * Why not more. `full`: it is as good as its size can use, or as its sender has. `budget`: the receiver's own budget. `estimate`: its
   * network. `link`, `stress`: the server's link or CPU. `paused`: by its sender. `steady`: a better one waits until it is sure to last.
   * `sender`: the sender's uplink or machine cannot deliver a better one.
   */
  reason: ToldAllocation['reason'];
}

/** A track that another participant sends. It ends with the room's home; on the next one a new RemoteTrack takes its place. */
export class RemoteTrack {
  readonly producerId: string;
  readonly consumerId: string;
  readonly participantId: string;
  readonly source: MediaSource;
  readonly kind: 'audio' | 'video';
  /** The media itself, for an audio or video element. */
  readonly track: MediaStreamTrack;
  readonly #connection: Connection;
  readonly #consumer: types.Consumer;
  readonly #participants: ReadonlyMap<string, Participant>;
  #muted: boolean;
  #allocation: Allocation | undefined;
  #layers: Layers | undefined;

  constructor(
    producer: ProducerInfo,
    consumer: types.Consumer,
    connection: Connection,
    participants: ReadonlyMap<string, Participant>,
  ) {
    this.producerId = producer.producerId;
    this.consumerId = consumer.id;
    this.participantId = producer.participantId;
    this.source = producer.source;
    this.kind = producer.kind;
    this.track = consumer.track;
    this.#muted = producer.paused;
    this.#consumer = consumer;
    this.#connection = connection;
    this.#participants = participants;
  }

  /** Who sends it; undefined once that participant has left. */
  get participant(): Participant | undefined {
    return this.#participants.get(this.participantId);
  }

  /** Whether its sender has paused it. */
  get muted(): boolean {
    return this.#muted;
  }

  /** What the server gives of it; undefined for sound, and until the server has decided. */
  get allocation(): Allocation | undefined {
    return this.#allocation;
  }

  /** The layers that arrive now; null: none; undefined: not told, or there is only one. */
  get layers(): Layers | undefined {
    return this.#layers;
  }

  get closed(): boolean {
    return this.#consumer.closed;
  }

  /** The receiver, for statistics and transforms; undefined where the WebRTC in use has none. */
  get receiver(): RTCRtpReceiver | undefined {
    return this.#consumer.rtpReceiver;
  }

  getStats(): Promise<RTCStatsReport> {
    return this.#consumer.getStats();
  }

  /** Stops or continues forwarding to this device. Pictures off the screen stop by themselves: see Room.setLayout(). */
  async setReceiving(receiving: boolean): Promise<void> {
    await this.#connection.request(receiving ? 'consumer.resume' : 'consumer.pause', {
      consumerIds: [this.consumerId],
    });
  }

  /** Sets the highest layers wanted, each from 0; the server sends the lower of these and its own allocation. */
  async setPreferredLayers(layers: { spatialLayer: number; temporalLayer?: number }): Promise<void> {
    await this.#connection.request('consumer.setPreferredLayers', { consumerId: this.consumerId, ...layers });
  }

  async requestKeyFrame(): Promise<void> {
    await this.#connection.request('consumer.requestKeyFrame', { consumerId: this.consumerId });
  }

  /** @internal */
  setMuted(muted: boolean): void {
    this.#muted = muted;
  }

  /** @internal */
  setAllocation(allocation: Allocation | undefined): void {
    this.#allocation = allocation;
  }

  /** @internal */
  setLayers(layers: Layers): void {
    this.#layers = layers;
  }

  /** @internal */
  close(): void {
    this.#consumer.close();
  }
}
