import type { Producer } from 'mediasoup/types';
import { CanopyError } from '../../base/errors/index.ts';
import { isPhoneCodec } from '../codecs.ts';
import { checkRtpParameters } from '../guards.ts';
import { type PeerTransport, PlainPeerTransport } from '../transports/index.ts';
import type { MediaKind, MediaSource, ProduceOptions } from '../types.ts';
import { answered } from '../worker-errors.ts';
import type { PeerHome } from './peer-home.ts';

/** A producer, from the request for it until it closes. */
interface Entry {
  readonly kind: MediaKind;
  readonly source: MediaSource;
  readonly participantId: string;
  readonly transport: PeerTransport;
  /** Undefined until the worker has created it. */
  producer: Producer | undefined;
  /** Whether its creation was returned and reported. Until then its end is not reported either. */
  announced: boolean;
  /** Set when its participant left while it was being created. */
  refusal: CanopyError | undefined;
}

/**
 * What one peer sends: limits, one voice per source and participant, and the events about them. A request counts from its start, so that
 * concurrent ones cannot exceed a limit together. Owned by Peer.
 */
export class PeerProducers {
  readonly #peerId: string;
  readonly #home: PeerHome;
  readonly #entries = new Set<Entry>();
  /** Producers that exist in the worker. */
  readonly #byId = new Map<string, Entry & { producer: Producer }>();

  constructor(peerId: string, home: PeerHome) {
    this.#peerId = peerId;
    this.#home = home;
  }

  get ids(): string[] {
    return [...this.#byId.keys()];
  }

  has(producerId: string): boolean {
    return this.#byId.has(producerId);
  }

  /** @throws {CanopyError} LIMIT_REACHED, MEDIA_REJECTED, CODEC_UNSUPPORTED; PARTICIPANT_UNKNOWN, TRANSPORT_UNKNOWN - closed meanwhile */
  async create(transport: PeerTransport, options: ProduceOptions): Promise<Producer> {
    const { kind, paused, participantId = this.#peerId } = options;
    const source = options.source ?? (kind === 'audio' ? 'microphone' : 'camera');
    this.#assertAllowed(kind, source, options);
    const rtpParameters = checkRtpParameters(kind, options.rtpParameters);
    if (isPhoneCodec(rtpParameters) && !(transport instanceof PlainPeerTransport)) {
      throw new CanopyError('CODEC_UNSUPPORTED', 'only bridges send the codecs of phones');
    }
    const open = { producer: undefined, announced: false, refusal: undefined };
    const entry: Entry = { kind, source, participantId, transport, ...open };
    this.#entries.add(entry);
    try {
      const producer = await transport.produce({ kind, rtpParameters, paused: paused === true });
      entry.producer = producer;
      assertWanted(entry);
      this.#watch(entry, producer);
      await this.#home.producerOpened(this.#peerId, producer, options);
      // A voice needs further requests to the worker, and anything may close meanwhile.
      assertWanted(entry);
      entry.announced = true;
      const { roomId, emit } = this.#home;
      const info = { producerId: producer.id, participantId, kind, source, paused: producer.paused };
      emit('produceropened', { roomId, peerId: this.#peerId, producer: info });
      return producer;
    } catch (error) {
      entry.producer?.close();
      this.#entries.delete(entry);
      throw entry.refusal ?? error;
    }
  }

  /** @throws {CanopyError} PRODUCER_UNKNOWN */
  async setPaused(producerId: string, paused: boolean): Promise<void> {
    const producer = this.#byId.get(producerId)?.producer;
    if (!producer) {
      throw new CanopyError('PRODUCER_UNKNOWN');
    }
    await answered(paused ? producer.pause() : producer.resume(), 'PRODUCER_UNKNOWN');
    this.#home.changed();
  }

  close(producerId: string): boolean {
    const entry = this.#byId.get(producerId);
    entry?.producer.close();
    return entry !== undefined;
  }

  /** Closes what a participant sends, and rejects pending requests for it. */
  closeParticipant(participantId: string): void {
    for (const entry of [...this.#entries]) {
      if (entry.participantId !== participantId) {
        continue;
      }
      entry.refusal = new CanopyError('PARTICIPANT_UNKNOWN');
      entry.producer?.close();
    }
  }

  #assertAllowed(kind: MediaKind, source: MediaSource, options: ProduceOptions): void {
    const { participantId, maxProducers = Number.POSITIVE_INFINITY } = options;
    if (this.#entries.size >= maxProducers) {
      throw new CanopyError('LIMIT_REACHED', `at most ${maxProducers} producers`);
    }
    if (kind !== 'audio' || participantId === undefined) {
      return;
    }
    for (const entry of this.#entries) {
      const isVoice = entry.participantId === participantId && entry.source === source;
      // A producer on a transport that has closed does not block its successor.
      if (isVoice && !entry.transport.closed) {
        throw new CanopyError('LIMIT_REACHED', `one ${source} per participant`);
      }
    }
  }

  #watch(entry: Entry, producer: Producer): void {
    const { roomId, emit } = this.#home;
    const about = { roomId, peerId: this.#peerId, producerId: producer.id };
    this.#byId.set(producer.id, Object.assign(entry, { producer }));
    producer.observer.once('close', () => {
      this.#byId.delete(producer.id);
      // A producer being created counts until its request is answered.
      if (entry.announced) {
        this.#entries.delete(entry);
      }
      this.#home.producerClosed(producer);
      // Producers that end with the room or its worker are not reported individually.
      if (entry.announced && !this.#home.closed && entry.transport.worker.alive) {
        emit('producerclosed', about);
      }
    });
    producer.observer.once('score', () => emit('rtpstarted', about));
    const report = (paused: boolean) => {
      // The worker's response may cross with its closing.
      if (entry.announced && !producer.closed) {
        emit('producerpaused', { ...about, paused });
      }
    };
    producer.observer.on('pause', () => report(true));
    producer.observer.on('resume', () => report(false));
  }
}

/** @throws {CanopyError} PARTICIPANT_UNKNOWN, TRANSPORT_UNKNOWN - when either has gone meanwhile */
function assertWanted({ refusal, transport }: Entry): void {
  if (refusal) {
    throw refusal;
  }
  transport.assertOpen();
}
