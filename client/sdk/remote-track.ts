import type { types } from 'mediasoup-client';
import type { EventData, MediaSource, Participant, ProducerInfo } from '../../contract/index.ts';
import type { Connection } from './connection.ts';

/** What another participant sends, whether or not it is received. */
export interface RemoteSource {
  participantId: string;
  source: MediaSource;
  kind: 'audio' | 'video';
  /** Whether its sender has paused it. */
  muted: boolean;
}

type Layers = EventData<'consumer.layers'>['layers'];
type TileAllocation = EventData<'room.allocation'>['tiles'][number];

/** What the server forwards of a video. */
export interface Allocation {
  /** The highest layers that it forwards; null: nothing at the moment. */
  layers: TileAllocation['layers'];
  /**
   * What limits it. `full`: nothing, higher layers would not look better at this size, or there are none. `budget`: the receiver's bitrate
   * budget. `estimate`: the receiver's network. `link`, `stress`: the server's network or CPU. `paused`: the sender paused it. `steady`:
   * higher layers are held back until they are likely to last. `sender`: the sender's uplink or machine cannot provide higher layers.
   */
  reason: TileAllocation['reason'];
}

/** A track that another participant sends. When the room moves, it ends and a new RemoteTrack replaces it. */
export class RemoteTrack {
  readonly producerId: string;
  readonly consumerId: string;
  readonly participantId: string;
  readonly source: MediaSource;
  readonly kind: 'audio' | 'video';
  /** The track to play in an audio or video element. */
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

  /** The sender; undefined once that participant has left. */
  get participant(): Participant | undefined {
    return this.#participants.get(this.participantId);
  }

  /** Whether its sender has paused it. */
  get muted(): boolean {
    return this.#muted;
  }

  /** What the server forwards; undefined for audio, and until the server has decided. */
  get allocation(): Allocation | undefined {
    return this.#allocation;
  }

  /** The layers that are received; null: none; undefined: not known yet, or there is only one. */
  get layers(): Layers | undefined {
    return this.#layers;
  }

  get closed(): boolean {
    return this.#consumer.closed;
  }

  /** The WebRTC receiver; undefined if the WebRTC implementation has none. */
  get receiver(): RTCRtpReceiver | undefined {
    return this.#consumer.rtpReceiver;
  }

  getStats(): Promise<RTCStatsReport> {
    return this.#consumer.getStats();
  }

  /** Pauses or resumes forwarding to this client. Videos that Room.setLayout() does not list are paused automatically. */
  async setReceiving(receiving: boolean): Promise<void> {
    await this.#connection.request(receiving ? 'consumer.resume' : 'consumer.pause', {
      consumerIds: [this.consumerId],
    });
  }

  /** Sets the highest layers wanted, counted from 0. The server forwards the lower of these and its own allocation. */
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
