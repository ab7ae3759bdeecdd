import type { ConsumerInfo, ProducerInfo } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import type { Connection } from '../connection.ts';
import { Reconciler } from '../reconciler.ts';
import type { BridgeMedia } from './bridge-participant.ts';

/** One stream of a participant as received over the `recv` transport. */
export interface BridgeSource {
  readonly producerId: string;
  readonly consumerId: string;
  readonly participantId: string;
  readonly kind: ProducerInfo['kind'];
  readonly source: ProducerInfo['source'];
  /** E.g. `audio/opus`, in lower case. */
  readonly mimeType: string;
  /** Of the RTP timestamps, in hertz. */
  readonly clockRate: number;
  readonly ssrc: number;
  readonly payloadType: number;
  /** Id of the audio level header extension (RFC 6464); undefined if not negotiated. */
  readonly audioLevelId: number | undefined;
  /** Whether its sender is muted. */
  readonly paused: boolean;
}

export interface SourceHost {
  readonly connection: Connection;
  /** Whether video is received too. */
  readonly takesVideo: boolean;
  media(): BridgeMedia | undefined;
  started(source: BridgeSource): void;
  ended(source: BridgeSource): void;
  updated(source: BridgeSource): void;
  failed(error: CanopyError): void;
}

/** Maximum number of producers per `consumer.create`, set by the protocol. */
const MAX_PER_REQUEST = 64;

/** Subscribes to what everyone else sends: one request creates up to 64 consumers, and a second resumes them. */
export class BridgeSources {
  readonly #host: SourceHost;
  /** What others send and the bridge takes, by producer id. */
  readonly #producers = new Map<string, ProducerInfo>();
  readonly #sources = new Map<string, BridgeSource>();
  /** Producers that cannot be consumed at this home. */
  readonly #refused = new Set<string>();
  readonly #reconciler: Reconciler;

  constructor(host: SourceHost) {
    this.#host = host;
    this.#reconciler = new Reconciler({
      pass: () => this.#pass(),
      failed: (error) => host.failed(error),
    });
  }

  /** What others send and the bridge takes, by producer id. */
  get producers(): ReadonlyMap<string, ProducerInfo> {
    return this.#producers;
  }

  get all(): BridgeSource[] {
    return [...this.#sources.values()];
  }

  add(producer: ProducerInfo): void {
    if (!this.#takes(producer)) {
      return;
    }
    this.#producers.set(producer.producerId, producer);
    this.sync();
  }

  remove(producerId: string): void {
    this.#producers.delete(producerId);
    this.#refused.delete(producerId);
    this.#end(producerId);
  }

  setPaused(producerId: string, paused: boolean): void {
    const producer = this.#producers.get(producerId);
    if (producer) {
      this.#producers.set(producerId, { ...producer, paused });
    }
    const source = this.#sources.get(producerId);
    if (!source || source.paused === paused) {
      return;
    }
    const updated = { ...source, paused };
    this.#sources.set(producerId, updated);
    this.#host.updated(updated);
  }

  /** The server closed a consumer. The end of its producer is a separate event. */
  consumerClosed(consumerId: string): void {
    const source = this.all.find((each) => each.consumerId === consumerId);
    if (source) {
      this.#end(source.producerId);
    }
  }

  /** Applies a snapshot: the room's producers, and the consumers that still exist. */
  reset(producers: ProducerInfo[], consumerIds: string[]): void {
    for (const { producerId, consumerId } of this.all) {
      if (!consumerIds.includes(consumerId)) {
        this.#end(producerId);
      }
    }
    const present = new Set(producers.map(({ producerId }) => producerId));
    for (const producerId of [...this.#producers.keys()]) {
      if (!present.has(producerId)) {
        this.remove(producerId);
      }
    }
    this.#refused.clear();
    for (const producer of producers) {
      this.setPaused(producer.producerId, producer.paused);
      if (this.#takes(producer)) {
        this.#producers.set(producer.producerId, producer);
      }
    }
    this.sync();
  }

  /** Drops all sources but keeps the producers, so that sync() subscribes again. */
  drop(): void {
    this.#refused.clear();
    for (const producerId of [...this.#sources.keys()]) {
      this.#end(producerId);
    }
  }

  close(): void {
    this.#reconciler.stop();
    this.#producers.clear();
    this.drop();
  }

  /** Subscribes to producers that have no source yet. */
  sync(): void {
    this.#reconciler.poke();
  }

  #takes({ kind }: ProducerInfo): boolean {
    return kind === 'audio' || this.#host.takesVideo;
  }

  async #pass(): Promise<void> {
    for (;;) {
      const media = this.#host.media();
      const missing = [...this.#producers.keys()].filter(
        (producerId) => !this.#sources.has(producerId) && !this.#refused.has(producerId),
      );
      if (!media || missing.length === 0) {
        return;
      }
      try {
        await this.#subscribe(media, missing.slice(0, MAX_PER_REQUEST));
      } catch (error) {
        // Failures of the old home do not matter: the new one starts with reset().
        if (media === this.#host.media()) {
          throw error;
        }
      }
    }
  }

  async #subscribe(media: BridgeMedia, producerIds: string[]): Promise<void> {
    const { connection, media: currentMedia } = this.#host;
    const { transportId } = media.recv;
    const { consumers, failed } = await connection.request('consumer.create', { transportId, producerIds });
    if (media !== currentMedia()) {
      return;
    }
    for (const { producerId, error } of failed) {
      this.#refused.add(producerId);
      // The producer has ended in the meantime: nothing to report.
      if (error.code !== 'PRODUCER_UNKNOWN') {
        this.#host.failed(CanopyError.fromBody(error));
      }
    }
    const consumerIds = consumers.filter((info) => this.#start(info)).map(({ consumerId }) => consumerId);
    if (consumerIds.length > 0) {
      await connection.request('consumer.resume', { consumerIds });
    }
  }

  /** Returns false if the producer has ended in the meantime. */
  #start({ producerId, consumerId, rtpParameters }: ConsumerInfo): boolean {
    const producer = this.#producers.get(producerId);
    if (!producer) {
      return false;
    }
    const { codecs, encodings, headerExtensions } = rtpParameters as {
      codecs: Array<{ mimeType: string; clockRate: number; payloadType: number }>;
      encodings: Array<{ ssrc: number }>;
      headerExtensions?: Array<{ uri: string; id: number }>;
    };
    const source: BridgeSource = {
      producerId,
      consumerId,
      participantId: producer.participantId,
      kind: producer.kind,
      source: producer.source,
      mimeType: codecs[0]?.mimeType.toLowerCase() ?? '',
      clockRate: codecs[0]?.clockRate ?? 0,
      ssrc: encodings[0]?.ssrc ?? 0,
      payloadType: codecs[0]?.payloadType ?? 0,
      audioLevelId: headerExtensions?.find(({ uri }) => uri === AUDIO_LEVEL)?.id,
      paused: producer.paused,
    };
    this.#sources.set(producerId, source);
    this.#host.started(source);
    return true;
  }

  #end(producerId: string): void {
    const source = this.#sources.get(producerId);
    if (!source) {
      return;
    }
    this.#sources.delete(producerId);
    this.#host.ended(source);
  }
}

/** The header extension of RFC 6464. */
export const AUDIO_LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
