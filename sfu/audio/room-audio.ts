import type { Producer, Router } from 'mediasoup/types';
import type { PeerConsumer } from '../peers/index.ts';
import { LevelTaps } from './level-taps.ts';
import { SpeakerSelector } from './speaker-selector.ts';

export interface RoomAudioOptions {
  /** How many microphones are forwarded; 0: all. */
  audibleSpeakers: number;
  /** Told when another producer is the dominant speaker's; null when that has closed. */
  onSpeaker(producerId: string | null): void;
}

/**
 * Which voices of a room are forwarded: the loudest few, to everybody. Sound that belongs to a screen is none of its business. Owned by
 * Room.
 */
export class RoomAudio {
  readonly #router: Router;
  readonly #taps: LevelTaps;
  readonly #selector: SpeakerSelector;
  /** Participant by microphone. */
  readonly #microphones = new Map<string, string>();
  /** Who receives each microphone. */
  readonly #consumers = new Map<string, Set<PeerConsumer>>();
  #closed = false;

  static async create(router: Router, options: RoomAudioOptions): Promise<RoomAudio> {
    return new RoomAudio(router, await LevelTaps.create(router), options);
  }

  private constructor(router: Router, taps: LevelTaps, { audibleSpeakers, onSpeaker }: RoomAudioOptions) {
    this.#router = router;
    this.#taps = taps;
    this.#selector = new SpeakerSelector(audibleSpeakers, {
      forwarded: (producerId, forwarded) => this.#hold(producerId, !forwarded),
      dominant: (producerId) => {
        // What ends with its room, or with the worker, is not told.
        if (!this.#closed && !this.#router.closed) onSpeaker(producerId);
      },
    });
  }

  /** Live objects of it in the worker: the taps. */
  get tapCount(): number {
    return this.#taps.count;
  }

  /** @throws {CanopyError} PRODUCER_UNKNOWN - when it closed meanwhile */
  async addMicrophone(
    producer: Producer,
    { participantId, speakerId }: { participantId: string; speakerId: string },
  ): Promise<void> {
    const { id, observer } = producer;
    this.#microphones.set(id, participantId);
    this.#selector.add(id, producer.paused, performance.now(), speakerId);
    observer.once('close', () => this.#removeMicrophone(id));
    observer.on('pause', () => this.#selector.setPaused(id, true, performance.now()));
    observer.on('resume', () => this.#selector.setPaused(id, false, performance.now()));
    await this.#taps.open(producer, (dbov, nowMs) => this.#selector.hear(id, dbov, nowMs));
  }

  /** Takes charge of a consumer, until it is gone; of what is no microphone nothing is held. */
  addConsumer(consumer: PeerConsumer): void {
    const { producerId } = consumer;
    if (!this.#microphones.has(producerId)) return;
    const consumers = this.#consumers.get(producerId) ?? new Set();
    this.#consumers.set(producerId, consumers.add(consumer));
    consumer.mediasoupConsumer.observer.once('close', () => consumers.delete(consumer));
    hold(consumer, !this.#selector.isForwarded(producerId));
  }

  /** Whether a participant speaks now, and when it last did, on performance.now(); null: not yet. */
  voice(participantId: string): { speaking: boolean; lastSpokeAtMs: number | null } {
    const producers = this.#producersOf(participantId);
    const times = producers.flatMap((id) => this.#selector.lastSpokeAtMs(id) ?? []);
    return {
      speaking: producers.some((id) => this.#selector.isSpeaking(id, performance.now())),
      lastSpokeAtMs: times.length > 0 ? Math.max(...times) : null,
    };
  }

  /** Reads no levels any more, and tells nothing. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#taps.close();
  }

  #producersOf(participantId: string): string[] {
    return [...this.#microphones].flatMap(([id, owner]) => (owner === participantId ? [id] : []));
  }

  #removeMicrophone(producerId: string): void {
    this.#microphones.delete(producerId);
    this.#consumers.delete(producerId);
    this.#selector.remove(producerId, performance.now());
  }

  /** To all receivers in one go, without waiting for the worker. */
  #hold(producerId: string, held: boolean): void {
    for (const consumer of this.#consumers.get(producerId) ?? []) hold(consumer, held);
  }
}

function hold(consumer: PeerConsumer, held: boolean): void {
  // It fails only when the consumer, or the worker, is gone: others see to that.
  consumer.setHeld(held).catch(() => undefined);
}
