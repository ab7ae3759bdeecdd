import type { types } from 'mediasoup-client';
import type { ConsumerInfo, Participant, ProducerInfo } from '../../signaling/protocol/index.ts';
import { CanopyError } from '../../signaling/protocol/light.ts';
import type { Connection } from './connection.ts';
import type { MediaSession } from './media-session.ts';
import { RemoteTrack } from './remote-track.ts';

/** What subscriptions need of their room. */
export interface SubscriptionHost {
  readonly connection: Connection;
  readonly participants: ReadonlyMap<string, Participant>;
  media(): MediaSession | undefined;
  started(track: RemoteTrack): void;
  ended(track: RemoteTrack): void;
  updated(track: RemoteTrack): void;
  failed(error: CanopyError): void;
}

/** The protocol's limit of one consumer.create. */
const MOST_AT_ONCE = 64;
/** How long to wait after a failure that may pass, in milliseconds. */
const RETRY_MS = 1000;

/** Receives everything that others send: many producers are subscribed to by one request and begin by one more. */
export class Subscriptions {
  readonly #host: SubscriptionHost;
  /** What others send, by producer id. */
  readonly #producers = new Map<string, ProducerInfo>();
  readonly #tracks = new Map<string, RemoteTrack>();
  /** Producers whose subscription was refused for good; they are not asked for again on this home. */
  readonly #refused = new Set<string>();
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #syncing = false;
  #again = false;

  constructor(host: SubscriptionHost) {
    this.#host = host;
  }

  get tracks(): RemoteTrack[] {
    return [...this.#tracks.values()];
  }

  byConsumer(consumerId: string): RemoteTrack | undefined {
    return this.tracks.find((track) => track.consumerId === consumerId);
  }

  add(producer: ProducerInfo): void {
    this.#producers.set(producer.producerId, producer);
    this.sync();
  }

  remove(producerId: string): void {
    this.#producers.delete(producerId);
    this.#refused.delete(producerId);
    this.#end(producerId);
  }

  setMuted(producerId: string, paused: boolean): void {
    const producer = this.#producers.get(producerId);
    if (!producer || producer.paused === paused) return;
    this.#producers.set(producerId, { ...producer, paused });
    const track = this.#tracks.get(producerId);
    if (!track) return;
    track.setMuted(paused);
    this.#host.updated(track);
  }

  /** The server closed a consumer; its producer's end is told apart. */
  consumerClosed(consumerId: string): void {
    const track = this.byConsumer(consumerId);
    if (track) this.#end(track.producerId);
  }

  /** Takes over what a room.join tells: producers there are, and own consumers that live on (all others are gone). */
  reset(producers: ProducerInfo[], consumerIds: string[]): void {
    for (const track of this.tracks) {
      if (!consumerIds.includes(track.consumerId)) this.#end(track.producerId);
    }
    const present = new Set(producers.map(({ producerId }) => producerId));
    for (const producerId of [...this.#producers.keys()]) {
      if (!present.has(producerId)) this.remove(producerId);
    }
    for (const producer of producers) {
      this.setMuted(producer.producerId, producer.paused);
      this.#producers.set(producer.producerId, producer);
    }
    this.#refused.clear();
    this.sync();
  }

  /** Drops all tracks, to subscribe again. */
  drop(): void {
    for (const producerId of [...this.#tracks.keys()]) this.#end(producerId);
  }

  /** Drops everything for good. */
  close(): void {
    this.#producers.clear();
    this.#again = false;
    clearTimeout(this.#retryTimer);
    this.drop();
  }

  /** Subscribes to what is missing. */
  sync(): void {
    clearTimeout(this.#retryTimer);
    this.#again = true;
    if (this.#syncing) return;
    this.#syncing = true;
    this.#syncAll()
      .catch((cause: unknown) => {
        const error = CanopyError.from(cause);
        this.#host.failed(error);
        if (error.retryable) this.#retryTimer = setTimeout(() => this.sync(), RETRY_MS);
      })
      .finally(() => {
        this.#syncing = false;
        if (this.#again) this.sync();
      });
  }

  async #syncAll(): Promise<void> {
    while (this.#again) {
      // What arrives together is asked for together.
      await Promise.resolve();
      this.#again = false;
      const media = this.#host.media();
      const missing = [...this.#producers.keys()].filter(
        (producerId) => !this.#tracks.has(producerId) && !this.#refused.has(producerId),
      );
      if (!media || missing.length === 0) continue;
      try {
        await this.#subscribe(media, missing.slice(0, MOST_AT_ONCE));
        if (missing.length > MOST_AT_ONCE) this.#again = true;
      } catch (error) {
        // A new home begins with a new reset(); a failure of the old one says nothing.
        if (media.closed || media !== this.#host.media()) continue;
        throw error;
      }
    }
  }

  async #subscribe(media: MediaSession, producerIds: string[]): Promise<void> {
    const { connection } = this.#host;
    const transport = await media.transport('recv');
    const request = { transportId: transport.id, producerIds };
    const { consumers, failed } = await connection.request('consumer.create', request);
    // It broke meanwhile: it is made anew, and then all is asked for again.
    if (transport.closed) return;
    for (const { producerId, error } of failed) {
      this.#refused.add(producerId);
      // Its producer ended meanwhile: nothing to tell.
      if (error.code !== 'PRODUCER_UNKNOWN') this.#host.failed(CanopyError.fromBody(error));
    }
    const made = await Promise.all(consumers.map((info) => this.#begin(media, transport, info)));
    const consumerIds = made.filter((consumerId) => consumerId !== undefined);
    if (consumerIds.length > 0) await connection.request('consumer.resume', { consumerIds });
  }

  /** Makes the local half of a consumer. Undefined when its producer ended meanwhile, or its transport broke. */
  async #begin(
    media: MediaSession,
    transport: types.Transport,
    info: ConsumerInfo,
  ): Promise<string | undefined> {
    const { producerId, consumerId } = info;
    const wanted = this.#producers.get(producerId);
    if (!wanted) return undefined;
    // Voice and picture of one person are kept in step by their common stream; a screen is another.
    const group = wanted.source.startsWith('screen') ? 'screen' : 'person';
    let consumer: types.Consumer;
    try {
      consumer = await media.consume(info, `${wanted.participantId}-${group}`);
    } catch (error) {
      if (media.closed) throw error;
      if (transport.closed) return undefined;
      this.#refused.add(producerId);
      this.#host.failed(CanopyError.from(error));
      return undefined;
    }
    const producer = this.#producers.get(producerId);
    if (!producer || media !== this.#host.media() || transport.closed) {
      consumer.close();
      return undefined;
    }
    const track = new RemoteTrack(producer, consumer, this.#host.connection, this.#host.participants);
    this.#tracks.set(producerId, track);
    this.#host.started(track);
    return consumerId;
  }

  #end(producerId: string): void {
    const track = this.#tracks.get(producerId);
    if (!track) return;
    this.#tracks.delete(producerId);
    track.close();
    this.#host.ended(track);
  }
}
