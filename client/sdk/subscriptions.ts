import type { types } from 'mediasoup-client';
import type {
  ConsumerInfo,
  EventData,
  Participant,
  ProducerInfo,
  RequestResult,
} from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import type { Connection } from './connection.ts';
import type { MediaSession } from './media-session.ts';
import { Reconciler } from './reconciler.ts';
import { type Allocation, RemoteTrack } from './remote-track.ts';

/** What subscriptions need from their room. */
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

/** Maximum number of producers per `consumer.create`, set by the protocol. */
const MAX_PER_REQUEST = 64;
/** How long a video off the screen keeps its (server-paused) consumer so that it can reappear at once, in milliseconds. */
const HIDDEN_MS = 30_000;

/**
 * Subscribes to what others send: one request creates up to 64 consumers of a kind, and a second resumes them. Once show() has been
 * called, only videos on the screen are subscribed to.
 */
export class Subscriptions {
  readonly #host: SubscriptionHost;
  /** What others send, by producer id. */
  readonly #producers = new Map<string, ProducerInfo>();
  readonly #tracks = new Map<string, RemoteTrack>();
  /** The device that each track's frames have to come from, by producer id; none outside of encrypted rooms. */
  readonly #senders = new Map<string, string | undefined>();
  /** Producers that cannot be consumed at this home; they are not requested again. */
  readonly #refused = new Set<string>();
  /** Producers of videos on the screen; undefined: all of them. */
  #shown: ReadonlySet<string> | undefined;
  /** Timers that end videos off the screen, by producer id. */
  readonly #hiddenTimers = new Map<string, ReturnType<typeof setTimeout>>();
  /** The server's allocations, by producer id; they may arrive before or after the track starts. */
  readonly #allocations = new Map<string, Allocation>();
  /** Consumers that the server has created along with the snapshot and that are not in use yet, by producer id. */
  #offered = new Map<string, ConsumerInfo>();
  /** One for each kind, so that the first video does not wait until all voices play. */
  readonly #reconcilers = (['audio', 'video'] as const).map(
    (kind) => new Reconciler({ pass: () => this.#pass(kind) }),
  );

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

  /** Restricts video to these producers. Consumers of other videos, which the server pauses, are closed after 30 s. */
  show(producerIds: ReadonlySet<string>): void {
    this.#shown = producerIds;
    for (const { producerId, kind } of this.#tracks.values()) {
      if (kind !== 'video') {
        continue;
      }
      if (producerIds.has(producerId)) {
        this.#clearHiddenTimer(producerId);
      } else if (!this.#hiddenTimers.has(producerId)) {
        this.#hiddenTimers.set(
          producerId,
          setTimeout(() => this.#release(producerId), HIDDEN_MS),
        );
      }
    }
    this.sync();
  }

  /** Applies changed allocations of shown videos. */
  allocate(tiles: EventData<'room.allocation'>['tiles']): void {
    for (const { producerId, layers, reason } of tiles) {
      this.#allocations.set(producerId, { layers, reason });
      const track = this.#tracks.get(producerId);
      if (!track) {
        continue;
      }
      track.setAllocation({ layers, reason });
      this.#host.updated(track);
    }
  }

  setMuted(producerId: string, paused: boolean): void {
    const producer = this.#producers.get(producerId);
    if (!producer || producer.paused === paused) {
      return;
    }
    this.#producers.set(producerId, { ...producer, paused });
    const track = this.#tracks.get(producerId);
    track?.setMuted(paused);
    if (track) {
      this.#host.updated(track);
    }
    this.#host.producersChanged();
  }

  /** The server closed a consumer. The end of its producer is a separate event. */
  consumerClosed(consumerId: string): void {
    const track = this.byConsumer(consumerId);
    if (track) {
      this.#end(track.producerId);
    }
  }

  /** Applies a snapshot: the room's producers, the consumers that still exist, and those that the server has created already. */
  reset(producers: ProducerInfo[], consumerIds: string[], offered: ConsumerInfo[] = []): void {
    this.#offered = new Map(offered.map((consumer) => [consumer.producerId, consumer]));
    for (const track of this.tracks) {
      if (!consumerIds.includes(track.consumerId)) {
        this.#end(track.producerId);
      }
    }
    const present = new Set(producers.map(({ producerId }) => producerId));
    for (const producerId of [...this.#producers.keys()]) {
      if (!present.has(producerId)) {
        this.#forget(producerId);
      }
    }
    for (const producer of producers) {
      this.setMuted(producer.producerId, producer.paused);
      this.#producers.set(producer.producerId, producer);
    }
    this.#refused.clear();
    this.#host.producersChanged();
    this.sync();
  }

  /** Drops all tracks but keeps the producers, so that sync() subscribes again. */
  drop(): void {
    this.#allocations.clear();
    this.#offered.clear();
    for (const producerId of [...this.#tracks.keys()]) {
      this.#end(producerId);
    }
  }

  /** Drops everything and stops subscribing. */
  close(): void {
    this.#producers.clear();
    for (const reconciler of this.#reconcilers) {
      reconciler.stop();
    }
    this.drop();
  }

  /**
   * The server's roster changed. A track ends whose participant now has another device than the one whose frames it accepts, so that
   * nobody's frames are shown under the name of somebody else.
   */
  rosterChanged(): void {
    for (const { producerId, consumerId, participantId } of this.tracks) {
      if (this.#senders.get(producerId) !== this.#host.participants.get(participantId)?.deviceId) {
        this.#end(producerId);
        this.#closeAtServer(consumerId);
      }
    }
    this.sync();
  }

  /** Subscribes to producers that have no track yet. */
  sync(): void {
    for (const reconciler of this.#reconcilers) {
      reconciler.poke();
    }
  }

  async #pass(kind: ProducerInfo['kind']): Promise<void> {
    const media = this.#host.media();
    const missing = [...this.#producers.values()]
      .filter((producer) => producer.kind === kind)
      .map(({ producerId }) => producerId)
      .filter(
        (producerId) =>
          !this.#tracks.has(producerId) && !this.#refused.has(producerId) && this.#isShown(producerId),
      );
    if (!media || missing.length === 0) {
      return;
    }
    try {
      await this.#subscribe(media, missing.slice(0, MAX_PER_REQUEST));
    } catch (error) {
      // Failures of the old home do not matter: the new one starts with reset().
      if (media.closed || media !== this.#host.media()) {
        return;
      }
      this.#host.failed(CanopyError.from(error));
      throw error;
    }
    if (missing.length > MAX_PER_REQUEST) {
      this.sync();
    }
  }

  async #subscribe(media: MediaSession, producerIds: string[]): Promise<void> {
    const { connection } = this.#host;
    const transport = await media.transport('recv');
    const { consumers, failed } = await this.#consumersOf(transport.id, producerIds);
    // The transport broke in the meantime. All subscriptions are requested again on its replacement.
    if (transport.closed) {
      return;
    }
    for (const { producerId, error } of failed) {
      this.#refused.add(producerId);
      // The producer has ended in the meantime: nothing to report.
      if (error.code !== 'PRODUCER_UNKNOWN') {
        this.#host.failed(CanopyError.fromBody(error));
      }
    }
    const started = await Promise.all(consumers.map((info) => this.#start(media, transport, info)));
    const consumerIds = started.filter((consumerId) => consumerId !== undefined);
    if (consumerIds.length > 0) {
      await Promise.all([
        connection.request('consumer.resume', { consumerIds }),
        media.accepted('recv').catch((error) => {
          this.drop();
          throw error;
        }),
      ]);
    }
    if (consumers.length + failed.length < producerIds.length) {
      this.sync();
    }
  }

  /** Consumers of some of these producers, or of all: what the server has offered comes first. */
  async #consumersOf(transportId: string, producerIds: string[]): Promise<RequestResult<'consumer.create'>> {
    const offered = producerIds.flatMap((producerId) => this.#offered.get(producerId) ?? []);
    for (const { producerId } of offered) {
      this.#offered.delete(producerId);
    }
    return offered.length > 0
      ? { consumers: offered, failed: [] }
      : this.#host.connection.request('consumer.create', { transportId, producerIds });
  }

  /** Creates the local half of a consumer. Undefined if that failed, the producer has ended or the transport broke. */
  async #start(
    media: MediaSession,
    transport: types.Transport,
    info: ConsumerInfo,
  ): Promise<string | undefined> {
    const { producerId, consumerId } = info;
    const wanted = this.#producers.get(producerId);
    if (!wanted) {
      return undefined;
    }
    // Microphone and camera share a stream, so that the browser synchronises them; screen video and audio share another.
    const { participantId, source, kind } = wanted;
    const group = source.startsWith('screen') ? 'screen' : 'person';
    const deviceId = this.#host.participants.get(participantId)?.deviceId;
    let consumer: types.Consumer;
    try {
      consumer = await media.consume(info, `${participantId}-${group}`, {
        participantId,
        deviceId,
        source,
        kind,
      });
    } catch (error) {
      if (media.closed) {
        throw error;
      }
      if (transport.closed) {
        return undefined;
      }
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
    if (this.#host.participants.get(participantId)?.deviceId !== deviceId) {
      consumer.close();
      this.#closeAtServer(consumerId);
      this.sync();
      return undefined;
    }
    const track = new RemoteTrack(producer, consumer, this.#host.connection, this.#host.participants);
    track.setAllocation(this.#allocations.get(producerId));
    this.#tracks.set(producerId, track);
    this.#senders.set(producerId, deviceId);
    this.#host.started(track);
    // It may have gone off the screen in the meantime.
    if (this.#shown) {
      this.show(this.#shown);
    }
    return consumerId;
  }

  #isShown(producerId: string): boolean {
    return this.#producers.get(producerId)?.kind === 'audio' || (this.#shown?.has(producerId) ?? true);
  }

  #clearHiddenTimer(producerId: string): void {
    clearTimeout(this.#hiddenTimers.get(producerId));
    this.#hiddenTimers.delete(producerId);
  }

  /** Closes the consumer of a video that has been off the screen for too long. */
  #release(producerId: string): void {
    const track = this.#tracks.get(producerId);
    this.#end(producerId);
    if (track) {
      this.#closeAtServer(track.consumerId);
    }
  }

  #closeAtServer(consumerId: string): void {
    // Refused if it is already gone: nothing to report.
    this.#host.connection.request('consumer.close', { consumerIds: [consumerId] }).catch(() => {});
  }

  #forget(producerId: string): void {
    this.#producers.delete(producerId);
    this.#offered.delete(producerId);
    this.#refused.delete(producerId);
    this.#allocations.delete(producerId);
    this.#end(producerId);
  }

  #end(producerId: string): void {
    this.#clearHiddenTimer(producerId);
    const track = this.#tracks.get(producerId);
    if (!track) {
      return;
    }
    this.#tracks.delete(producerId);
    this.#senders.delete(producerId);
    track.close();
    this.#host.ended(track);
  }
}
