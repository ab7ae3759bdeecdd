import type { types } from 'mediasoup-client';
import type { ConsumerInfo, EventData, Participant, ProducerInfo } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import type { Connection } from './connection.ts';
import type { MediaSession } from './media-session.ts';
import { Reconciler } from './reconciler.ts';
import { type Allocation, RemoteTrack } from './remote-track.ts';

/** What subscriptions need of their room. */
export interface SubscriptionHost {
  readonly connection: Connection;
  readonly participants: ReadonlyMap<string, Participant>;
  media(): MediaSession | undefined;
  started(track: RemoteTrack): void;
  ended(track: RemoteTrack): void;
  updated(track: RemoteTrack): void;
  /** What others send has changed. */
  producersChanged(): void;
  failed(error: CanopyError): void;
}

/** The protocol's limit of one consumer.create. */
const MAX_AT_ONCE = 64;
/** How long a picture that went off the screen keeps its consumer, which the server holds, so that it is back at once. */
const HIDDEN_MS = 30_000;

/**
 * Receives what others send: many producers are subscribed to by one request and begin by one more. Once it is known what is on the screen,
 * pictures off it are not subscribed to.
 */
export class Subscriptions {
  readonly #host: SubscriptionHost;
  /** What others send, by producer id. */
  readonly #producers = new Map<string, ProducerInfo>();
  readonly #tracks = new Map<string, RemoteTrack>();
  /** Producers whose subscription was refused for good; they are not asked for again on this home. */
  readonly #refused = new Set<string>();
  /** Producers of pictures on the screen; undefined: all are. */
  #shown: ReadonlySet<string> | undefined;
  /** Timers that end pictures that went off the screen, by producer id. */
  readonly #hidden = new Map<string, ReturnType<typeof setTimeout>>();
  /** What the server gives, by producer id; told before or after a track begins. */
  readonly #allocations = new Map<string, Allocation>();
  readonly #reconciler = new Reconciler({ pass: () => this.#pass() });

  constructor(host: SubscriptionHost) {
    this.#host = host;
  }

  /** What others send, by producer id. */
  get producers(): ReadonlyMap<string, ProducerInfo> {
    return this.#producers;
  }

  get tracks(): RemoteTrack[] {
    return [...this.#tracks.values()];
  }

  byConsumer(consumerId: string): RemoteTrack | undefined {
    return this.tracks.find((track) => track.consumerId === consumerId);
  }

  add(producer: ProducerInfo): void {
    this.#producers.set(producer.producerId, producer);
    this.#host.producersChanged();
    this.sync();
  }

  remove(producerId: string): void {
    this.#forget(producerId);
    this.#host.producersChanged();
  }

  /** Receives pictures of these producers only. Those that went off the screen go on for a while, held by the server. */
  show(producerIds: ReadonlySet<string>): void {
    this.#shown = producerIds;
    for (const { producerId, kind } of this.#tracks.values()) {
      if (kind !== 'video') continue;
      if (producerIds.has(producerId)) this.#keep(producerId);
      else if (!this.#hidden.has(producerId)) {
        this.#hidden.set(
          producerId,
          setTimeout(() => this.#release(producerId), HIDDEN_MS),
        );
      }
    }
    this.sync();
  }

  /** What the server gives of pictures that are shown, as far as it changed. */
  allocate(tiles: EventData<'room.allocation'>['tiles']): void {
    for (const { producerId, layers, reason } of tiles) {
      this.#allocations.set(producerId, { layers, reason });
      const track = this.#tracks.get(producerId);
      if (!track) continue;
      track.setAllocation({ layers, reason });
      this.#host.updated(track);
    }
  }

  setMuted(producerId: string, paused: boolean): void {
    const producer = this.#producers.get(producerId);
    if (!producer || producer.paused === paused) return;
    this.#producers.set(producerId, { ...producer, paused });
    const track = this.#tracks.get(producerId);
    track?.setMuted(paused);
    if (track) this.#host.updated(track);
    this.#host.producersChanged();
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
      if (!present.has(producerId)) this.#forget(producerId);
    }
    for (const producer of producers) {
      this.setMuted(producer.producerId, producer.paused);
      this.#producers.set(producer.producerId, producer);
    }
    this.#refused.clear();
    this.#host.producersChanged();
    this.sync();
  }

  /** Drops all tracks, to subscribe again. */
  drop(): void {
    this.#allocations.clear();
    for (const producerId of [...this.#tracks.keys()]) this.#end(producerId);
  }

  /** Drops everything for good. */
  close(): void {
    this.#producers.clear();
    this.#reconciler.stop();
    this.drop();
  }

  /** Subscribes to what is missing. */
  sync(): void {
    this.#reconciler.poke();
  }

  async #pass(): Promise<void> {
    const media = this.#host.media();
    const missing = [...this.#producers.keys()].filter(
      (producerId) =>
        !this.#tracks.has(producerId) && !this.#refused.has(producerId) && this.#isShown(producerId),
    );
    if (!media || missing.length === 0) return;
    try {
      await this.#subscribe(media, missing.slice(0, MAX_AT_ONCE));
    } catch (error) {
      // A new home begins with a new reset(); a failure of the old one says nothing.
      if (media.closed || media !== this.#host.media()) return;
      this.#host.failed(CanopyError.from(error));
      throw error;
    }
    if (missing.length > MAX_AT_ONCE) this.sync();
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

  /** Makes the local half of a consumer. Undefined when that fails, its producer ended meanwhile, or its transport broke. */
  async #begin(
    media: MediaSession,
    transport: types.Transport,
    info: ConsumerInfo,
  ): Promise<string | undefined> {
    const { producerId, consumerId } = info;
    const wanted = this.#producers.get(producerId);
    if (!wanted) return undefined;
    // Voice and picture of one person are kept in step by their common stream; a screen is another.
    const { participantId, source, kind } = wanted;
    const group = source.startsWith('screen') ? 'screen' : 'person';
    let consumer: types.Consumer;
    try {
      consumer = await media.consume(info, `${participantId}-${group}`, { participantId, source, kind });
    } catch (error) {
      if (media.closed) throw error;
      if (transport.closed) return undefined;
      this.#refused.add(producerId);
      this.#closeAtServer(consumerId);
      this.#host.failed(CanopyError.from(error));
      return undefined;
    }
    const producer = this.#producers.get(producerId);
    if (!producer || media !== this.#host.media() || transport.closed) {
      consumer.close();
      return undefined;
    }
    const track = new RemoteTrack(producer, consumer, this.#host.connection, this.#host.participants);
    track.setAllocation(this.#allocations.get(producerId));
    this.#tracks.set(producerId, track);
    this.#host.started(track);
    // It may have gone off the screen meanwhile.
    if (this.#shown) this.show(this.#shown);
    return consumerId;
  }

  #isShown(producerId: string): boolean {
    return this.#producers.get(producerId)?.kind === 'audio' || (this.#shown?.has(producerId) ?? true);
  }

  #keep(producerId: string): void {
    clearTimeout(this.#hidden.get(producerId));
    this.#hidden.delete(producerId);
  }

  /** Gives up the consumer of a picture that was off the screen for long. */
  #release(producerId: string): void {
    const track = this.#tracks.get(producerId);
    this.#end(producerId);
    if (track) this.#closeAtServer(track.consumerId);
  }

  #closeAtServer(consumerId: string): void {
    // Refused when it is gone already: nothing to tell.
    this.#host.connection.request('consumer.close', { consumerIds: [consumerId] }).catch(() => {});
  }

  #forget(producerId: string): void {
    this.#producers.delete(producerId);
    this.#refused.delete(producerId);
    this.#allocations.delete(producerId);
    this.#end(producerId);
  }

  #end(producerId: string): void {
    this.#keep(producerId);
    const track = this.#tracks.get(producerId);
    if (!track) return;
    this.#tracks.delete(producerId);
    track.close();
    this.#host.ended(track);
  }
}
