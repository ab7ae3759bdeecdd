import type { Producer } from 'mediasoup/types';
import type { AllocatorDecision, PictureState, ReceiverState } from '../allocator/index.ts';
import type { Peer } from '../peers/index.ts';
import type { Tell } from '../tell.ts';
import type { RoomExplanation } from '../types.ts';
import { Picture, type PictureOptions, type VoiceOf } from './picture.ts';
import { Reception } from './reception.ts';

export interface RoomAllocationOptions {
  roomId: string;
  tell: Tell;
  peers(): Iterable<Peer>;
  /** Default budget of a receiver, in bits per second. */
  downBudgetBps: number;
  /** Maximum number of microphones forwarded; 0: all. */
  audibleSpeakers: number;
  voice: VoiceOf;
  /** Requests a new decision soon. */
  request(): void;
  /** A monotonic clock, in milliseconds. */
  now(): number;
}

/** The videos and receivers of a room: their state, and the decisions about them. Owned by Room. */
export class RoomAllocation {
  readonly #options: RoomAllocationOptions;
  readonly #pictures = new Map<string, Picture>();
  readonly #receptions = new WeakMap<Peer, Reception>();

  constructor(options: RoomAllocationOptions) {
    this.#options = options;
  }

  get roomId(): string {
    return this.#options.roomId;
  }

  /** Something that decisions depend on has changed. */
  changed(): void {
    this.#options.request();
  }

  pictureOpened(producer: Producer, options: Omit<PictureOptions, 'roomId' | 'onFlow'>): void {
    const { roomId, now } = this.#options;
    const onFlow = (): void => this.changed();
    this.#pictures.set(producer.id, new Picture(producer, { ...options, roomId, onFlow }, now()));
    this.changed();
  }

  pictureClosed(producerId: string): void {
    if (this.#pictures.delete(producerId)) {
      this.changed();
    }
  }

  /** Re-measures the videos that somebody receives, and re-requests overdue key frames. Does not wait. */
  measure(): void {
    const consumers = [...this.#options.peers()].flatMap((peer) => this.#reception(peer).pictures);
    // Fails only if the consumer has closed.
    for (const consumer of consumers) {
      consumer.lookAfterKeyFrame().catch(() => {});
    }
    const received = new Set(consumers.map(({ producerId }) => producerId));
    for (const picture of this.#pictures.values()) {
      if (!received.has(picture.producerId)) {
        continue;
      }
      void picture.measure().then((outcome) => {
        if (outcome === 'changed') {
          this.changed();
        }
      });
    }
  }

  /** The room's part of the allocator's input. */
  state(): { pictures: PictureState[]; receivers: ReceiverState[] } {
    const receivers: ReceiverState[] = [];
    for (const peer of this.#options.peers()) {
      if (peer.receiving) {
        receivers.push(this.#reception(peer).state(this.#options.downBudgetBps));
      }
    }
    const pictures = [...this.#pictures.values()].map((picture) => picture.state(this.#options.voice));
    return { pictures, receivers };
  }

  /** Applies decisions, ignoring those for other rooms. */
  apply({ receivers, pictures }: AllocatorDecision, nowMs: number): void {
    const { roomId, tell } = this.#options;
    const decisions = new Map(
      receivers
        .filter((decision) => decision.roomId === roomId)
        .map((decision) => [decision.peerId, decision]),
    );
    for (const peer of this.#options.peers()) {
      const decision = decisions.get(peer.peerId);
      if (!decision) {
        continue;
      }
      const tiles = this.#reception(peer).apply(decision, nowMs);
      if (tiles.length > 0) {
        tell('allocation', { roomId, peerId: peer.peerId, tiles });
      }
    }
    const forwarded = this.#forwarded();
    for (const { producerId, spatialLayers, awaited } of pictures) {
      const picture = this.#pictures.get(producerId);
      if (!picture) {
        continue;
      }
      const layersForwarded = picture.paused ? undefined : forwarded.get(producerId);
      const needs = {
        wanted: spatialLayers,
        awaited: spatialLayers.map((_, layer) => awaited.includes(layer)),
        forwarded: spatialLayers.map((_, layer) => layersForwarded?.has(layer) ?? false),
        flowing: picture.flowing,
      };
      const changed = picture.wanted.update(needs, nowMs);
      if (changed.told) {
        this.#tellWanted(picture);
      }
      if (changed.missing) {
        this.changed();
      }
    }
  }

  /** The spatial layers being forwarded to receivers now, regardless of decisions. */
  #forwarded(): Map<string, Set<number>> {
    const forwarded = new Map<string, Set<number>>();
    for (const peer of this.#options.peers()) {
      for (const { producerId, forwardedLayer } of this.#reception(peer).pictures) {
        if (forwardedLayer === null) {
          continue;
        }
        forwarded.set(producerId, (forwarded.get(producerId) ?? new Set()).add(forwardedLayer));
      }
    }
    return forwarded;
  }

  /** Repeats the current state to a peer that has reconnected and may have missed events. */
  tellAgain(peer: Peer): void {
    const { roomId, tell } = this.#options;
    const { peerId } = peer;
    for (const picture of this.#pictures.values()) {
      if (picture.options.peerId === peerId) {
        this.#tellWanted(picture);
      }
    }
    const tiles = this.#reception(peer).told;
    if (tiles.length > 0) {
      tell('allocation', { roomId, peerId, tiles });
    }
  }

  explain(nowMs: number): RoomExplanation {
    return {
      roomId: this.roomId,
      pictures: [...this.#pictures.values()].map((picture) => {
        const { missing, lastSpokeAtMs, ...state } = picture.state(this.#options.voice);
        const { producerId, peerId, source, paused, speaking, points } = state;
        return {
          ...{ producerId, peerId, source, paused, speaking, points },
          lastSpokeSecondsAgo: lastSpokeAtMs === null ? null : (nowMs - lastSpokeAtMs) / 1000,
          wantedSpatialLayers: [...picture.wanted.told],
          missingSpatialLayers: [...missing],
        };
      }),
      receivers: [...this.#options.peers()].flatMap((peer) => this.#reception(peer).explain() ?? []),
    };
  }

  #tellWanted({ producerId, options: { peerId }, wanted }: Picture): void {
    const { roomId, tell } = this.#options;
    tell('producerwanted', { roomId, peerId, producerId, spatialLayers: [...wanted.told] });
  }

  #reception(peer: Peer): Reception {
    const reception =
      this.#receptions.get(peer) ?? new Reception(this.roomId, peer, this.#options.audibleSpeakers);
    this.#receptions.set(peer, reception);
    return reception;
  }
}
