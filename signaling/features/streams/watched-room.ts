import type { MediaKind, ProducerInfo } from '../../../contract/index.ts';
import type { Sfu } from '../../../sfu/index.ts';
import type { RoomLogEntry } from '../../kernel/index.ts';
import { chooseAudio, chooseVideo } from './choose-media.ts';
import { StreamSession, type StreamSessionOptions } from './stream-session.ts';

/** Minimum time between two switches of a video to another speaker, in milliseconds: each costs a key frame. */
const SWITCH_MS = 2000;
/** Entries of the room's log after which something else may be shown. */
const MEDIA_CHANGED: ReadonlySet<string> = new Set([
  'producer.added',
  'producer.paused',
  'producer.resumed',
  'producer.closed',
]);

/** What a viewer wants to see. */
export interface View {
  /** The participant, or account, that is always shown; undefined: whoever shares a screen or speaks. */
  participant?: string | undefined;
  /** Size of the video, in pixels. */
  width: number;
  height: number;
}

export interface WatchedRoomOptions extends StreamSessionOptions {
  sfu: Sfu;
  view: View;
}

/** A section of the viewer's offer, and what is sent in it. */
interface Slot {
  readonly mid: string;
  readonly kind: MediaKind;
  producerId: string | undefined;
  consumerId: string | undefined;
}

/**
 * A program that watches a room (WHEP): one video, by default of whoever speaks, and as many voices as it offers sections for. Its description
 * never changes; what is sent in a section does, with that section's MID.
 */
export class WatchedRoom extends StreamSession {
  readonly #sfu: Sfu;
  readonly #view: View;
  #slots: readonly Slot[] = [];
  /** When each participant last began to speak, latest last. */
  readonly #speakers = new Set<string>();
  #switchedAtMs = Number.NEGATIVE_INFINITY;
  #switchTimer: NodeJS.Timeout | undefined;
  /** Changes of the slots run one after another. */
  #changes: Promise<void> = Promise.resolve();
  #isChanging = false;

  constructor({ sfu, view, ...options }: WatchedRoomOptions) {
    super(options);
    this.#sfu = sfu;
    this.#view = view;
  }

  /** Starts to send in these sections. */
  async watch(slots: ReadonlyArray<Pick<Slot, 'mid' | 'kind'>>): Promise<void> {
    this.#slots = slots.map((slot) => ({ ...slot, producerId: undefined, consumerId: undefined }));
    this.#spoke(this.room.speaker);
    this.#update();
    await this.#changes;
  }

  override follow(entry: RoomLogEntry): void {
    super.follow(entry);
    if (MEDIA_CHANGED.has(entry.kind)) {
      this.#update();
    }
  }

  override end(): void {
    clearTimeout(this.#switchTimer);
    super.end();
  }

  protected override handlers(): ReturnType<StreamSession['handlers']> {
    return {
      'room.speaker': ({ participantId }) => {
        this.#spoke(participantId);
        this.#update();
      },
      'consumer.closed': ({ consumerId }) => {
        for (const slot of this.#slots.filter((each) => each.consumerId === consumerId)) {
          slot.consumerId = undefined;
          slot.producerId = undefined;
        }
        this.#update();
      },
    };
  }

  #spoke(participantId: string | null): void {
    if (participantId !== null) {
      this.#speakers.delete(participantId);
      this.#speakers.add(participantId);
    }
  }

  /** The participant to show: accounts outlive their participants. Someone who is not there is nobody. */
  #pinned(): string | undefined {
    const { participant: wanted } = this.#view;
    if (wanted === undefined) {
      return undefined;
    }
    const participants = [...this.room.peers.values()].flatMap((peer) => [...peer.participants.values()]);
    const found = participants.find(
      ({ participantId, accountId }) => participantId === wanted || accountId === wanted,
    );
    return found?.participantId ?? wanted;
  }

  /** Adjusts the slots, soon. */
  #update(): void {
    if (this.#isChanging || this.ended) {
      return;
    }
    this.#isChanging = true;
    this.#changes = this.#changes.then(async () => {
      this.#isChanging = false;
      try {
        await this.#adjust();
      } catch {
        // The room or the peer is gone, or moves; the session ends for that.
      }
    });
  }

  async #adjust(): Promise<void> {
    if (this.ended || this.#slots.length === 0) {
      return;
    }
    const producers = this.room.producersFor(this.peer);
    const choice = { producers, speakers: [...this.#speakers], participantId: this.#pinned() };
    const voices = this.#slots.filter(({ kind }) => kind === 'audio');
    await this.#fill(
      voices,
      chooseAudio({
        ...choice,
        count: voices.length,
        current: voices.flatMap(({ producerId }) => producerId ?? []),
      }),
    );
    const [video] = this.#slots.filter(({ kind }) => kind === 'video');
    if (video) {
      await this.#showVideo(video, chooseVideo({ ...choice, current: video.producerId }), producers);
    }
  }

  async #showVideo(
    slot: Slot,
    wanted: string | undefined,
    producers: readonly ProducerInfo[],
  ): Promise<void> {
    if (wanted === slot.producerId) {
      return;
    }
    const isGone = !producers.some(({ producerId, paused }) => producerId === slot.producerId && !paused);
    const waitMs = this.#switchedAtMs + SWITCH_MS - performance.now();
    if (!isGone && waitMs > 0) {
      clearTimeout(this.#switchTimer);
      this.#switchTimer = setTimeout(() => this.#update(), waitMs);
      return;
    }
    this.#switchedAtMs = performance.now();
    await this.#fill([slot], wanted === undefined ? [] : [wanted]);
    const { width, height } = this.#view;
    const tiles =
      slot.producerId === undefined ? [] : [{ producerId: slot.producerId, width, height, pinned: true }];
    this.#sfu.setLayout(this.room.roomId, this.peer.peerId, { tiles });
  }

  /** Sends these producers in the slots, and leaves those alone that are sent already. */
  async #fill(slots: readonly Slot[], wanted: readonly string[]): Promise<void> {
    for (const slot of slots.filter(({ producerId }) => producerId && !wanted.includes(producerId))) {
      await this.#clear(slot);
    }
    const missing = wanted.filter((producerId) => !slots.some((slot) => slot.producerId === producerId));
    const free = slots.filter(({ producerId }) => producerId === undefined);
    for (const [index, producerId] of missing.entries()) {
      const slot = free[index];
      if (slot) {
        await this.#send(slot, producerId);
      }
    }
  }

  async #send(slot: Slot, producerId: string): Promise<void> {
    const { consumers } = await this.media.consume({
      transportId: this.transportId,
      producerIds: [producerId],
      mid: slot.mid,
    });
    // None: the viewer cannot play this codec, or it has closed.
    const [consumer] = consumers;
    slot.producerId = consumer && producerId;
    slot.consumerId = consumer?.consumerId;
    if (consumer) {
      await this.media.resumeConsumers([consumer.consumerId]);
    }
  }

  async #clear(slot: Slot): Promise<void> {
    const { consumerId } = slot;
    slot.consumerId = undefined;
    slot.producerId = undefined;
    if (consumerId !== undefined) {
      // It may have closed meanwhile.
      await this.media.closeConsumers([consumerId]).catch(() => undefined);
    }
  }
}
