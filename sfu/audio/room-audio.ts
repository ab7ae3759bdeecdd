import type { Producer, Router } from 'mediasoup/types';
import type { PeerConsumer } from '../peers/index.ts';
import { LevelTaps } from './level-taps.ts';
import { SpeakerSelector } from './speaker-selector.ts';

export interface RoomAudioOptions {
  /** Maximum number of microphones forwarded; 0: all. */
  audibleSpeakers: number;
  /** The dominant speaker's producer changed; null when it closed. */
  onSpeaker(producerId: string | null): void;
}

/** Forwards the loudest few voices of a room to everybody. Does not handle screen audio. Owned by Room. */
export class RoomAudio {
  readonly #router: Router;
  readonly #taps: LevelTaps;
  readonly #selector: SpeakerSelector;
  /** Participant by microphone. */
  readonly #microphones = new Map<string, string>();
  /** Consumers by microphone. */
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
        // Nothing is emitted when the room or the worker ends.
        if (!this.#closed && !this.#router.closed) {
          onSpeaker(producerId);
        }
      },
    });
  }

  /** Number of consumers it has in the worker. */
  get tapCount(): number {
    return this.#taps.count;
  }

  /** @throws {CanopyError} PRODUCER_UNKNOWN - when it has closed meanwhile */
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

  /** Controls a microphone's consumer until it closes. Ignores all other consumers. */
  addConsumer(consumer: PeerConsumer): void {
    const { producerId } = consumer;
    if (!this.#microphones.has(producerId)) {
      return;
    }
    const consumers = this.#consumers.get(producerId) ?? new Set();
    this.#consumers.set(producerId, consumers.add(consumer));
    consumer.mediasoupConsumer.observer.once('close', () => consumers.delete(consumer));
    hold(consumer, !this.#selector.isForwarded(producerId));
  }

  /** Whether a participant is speaking, and when they last spoke, on performance.now(); null: not yet. */
  voice(participantId: string): { speaking: boolean; lastSpokeAtMs: number | null } {
    const producers = this.#producersOf(participantId);
    const times = producers.flatMap((id) => this.#selector.lastSpokeAtMs(id) ?? []);
    return {
      speaking: producers.some((id) => this.#selector.isSpeaking(id, performance.now())),
      lastSpokeAtMs: times.length > 0 ? Math.max(...times) : null,
    };
  }

  /** Stops reading levels and emitting events. Idempotent. */
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

  /** Applies to all receivers at once, without waiting for the worker. */
  #hold(producerId: string, held: boolean): void {
    for (const consumer of this.#consumers.get(producerId) ?? []) {
      hold(consumer, held);
    }
  }
}

function hold(consumer: PeerConsumer, held: boolean): void {
  // Fails only if the consumer or the worker is gone, which is handled elsewhere.
  consumer.setHeld(held).catch(() => undefined);
}
