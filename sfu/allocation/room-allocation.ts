import type { Producer } from 'mediasoup/types';
import {
  type AllocatorDecision,
  compareIds,
  type ReceiverState,
  spokeAtMs,
  type VideoState,
} from '../allocator/index.ts';
import type { Emit } from '../emit.ts';
import type { Peer } from '../peers/index.ts';
import type { RoomExplanation } from '../types.ts';
import { RoomReceiver } from './room-receiver.ts';
import { RoomVideo, type RoomVideoOptions, type VoiceOf } from './room-video.ts';

export interface RoomAllocationOptions {
  roomId: string;
  emit: Emit;
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
  readonly #videos = new Map<string, RoomVideo>();
  readonly #receivers = new WeakMap<Peer, RoomReceiver>();
  /** As of the last decision. */
  #decidedSpeakers = '';

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

  videoOpened(producer: Producer, options: Omit<RoomVideoOptions, 'roomId' | 'onFlow'>): void {
    const { roomId, now } = this.#options;
    const onFlow = (): void => this.changed();
    this.#videos.set(producer.id, new RoomVideo(producer, { ...options, roomId, onFlow }, now()));
    this.changed();
  }

  videoClosed(producerId: string): void {
    if (this.#videos.delete(producerId)) {
      this.changed();
    }
  }

  /** Re-measures the videos that somebody receives, and re-requests overdue key frames. Does not wait. */
  measure(): void {
    const received = new Set<string>();
    for (const peer of this.#options.peers()) {
      for (const consumer of this.#receiverOf(peer).videos) {
        consumer.checkKeyFrame();
        received.add(consumer.producerId);
      }
    }
    for (const video of this.#videos.values()) {
      if (!received.has(video.producerId)) {
        continue;
      }
      void video.measure().then((outcome) => {
        if (outcome === 'changed') {
          this.changed();
        }
      });
    }
  }

  /** Whether another decision would probably repeat the last one, if `changed()` has not been called since. */
  isSettled(): boolean {
    const videos = [...this.#videos.values()];
    const peers = [...this.#options.peers()];
    return (
      videos.every(({ senderLayers, flowing }) => senderLayers.isSettled(flowing)) &&
      peers.every((peer) =>
        this.#receiverOf(peer).isSettled(
          (producerId, layers) => this.#videos.get(producerId)?.bitrateBps(layers) ?? 0,
        ),
      ) &&
      this.#speakers() === this.#decidedSpeakers
    );
  }

  /** Continues the last decision of a settled room. */
  extend(nowMs: number): void {
    for (const { senderLayers } of this.#videos.values()) {
      senderLayers.extend(nowMs);
    }
  }

  /** The room's part of the allocator's input. */
  state(): { videos: VideoState[]; receivers: ReceiverState[] } {
    const receivers: ReceiverState[] = [];
    for (const peer of this.#options.peers()) {
      if (peer.receiving) {
        receivers.push(this.#receiverOf(peer).state(this.#options.downBudgetBps));
      }
    }
    const videos = [...this.#videos.values()].map((video) => video.state(this.#options.voice));
    this.#decidedSpeakers = this.#speakers();
    return { videos, receivers };
  }

  /** Applies decisions, ignoring those for other rooms. */
  apply({ receivers, videos }: AllocatorDecision, nowMs: number): void {
    const { roomId, emit } = this.#options;
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
      const tiles = this.#receiverOf(peer).apply(decision, nowMs);
      if (tiles.length > 0) {
        emit('allocation', { roomId, peerId: peer.peerId, tiles });
      }
    }
    const forwarded = this.#forwarded();
    for (const { producerId, spatialLayers, awaited } of videos) {
      const video = this.#videos.get(producerId);
      if (!video) {
        continue;
      }
      const layersForwarded = video.paused ? undefined : forwarded.get(producerId);
      const needs = {
        wanted: spatialLayers,
        awaited: spatialLayers.map((_, layer) => awaited.includes(layer)),
        forwarded: spatialLayers.map((_, layer) => layersForwarded?.has(layer) ?? false),
        flowing: video.flowing,
      };
      const changed = video.senderLayers.update(needs, nowMs);
      if (changed.requested) {
        this.#emitWanted(video);
      }
      if (changed.missing) {
        this.changed();
      }
    }
  }

  /** Whoever has spoken, the last one first. */
  #speakers(): string {
    const spoken = [...this.#videos.values()].flatMap(({ producerId, options }) => {
      const atMs = spokeAtMs(this.#options.voice(options.participantId));
      return atMs > Number.NEGATIVE_INFINITY ? [{ producerId, atMs }] : [];
    });
    spoken.sort((a, b) => (a.atMs === b.atMs ? compareIds(a.producerId, b.producerId) : b.atMs - a.atMs));
    return spoken.map(({ producerId }) => producerId).join();
  }

  /** The spatial layers being forwarded to receivers now, regardless of decisions. */
  #forwarded(): Map<string, Set<number>> {
    const forwarded = new Map<string, Set<number>>();
    for (const peer of this.#options.peers()) {
      for (const { producerId, forwardedLayer } of this.#receiverOf(peer).videos) {
        if (forwardedLayer === null) {
          continue;
        }
        forwarded.set(producerId, (forwarded.get(producerId) ?? new Set()).add(forwardedLayer));
      }
    }
    return forwarded;
  }

  /** Repeats the current state to a peer that has reconnected and may have missed events. */
  repeatEvents(peer: Peer): void {
    const { roomId, emit } = this.#options;
    const { peerId } = peer;
    for (const video of this.#videos.values()) {
      if (video.options.peerId === peerId) {
        this.#emitWanted(video);
      }
    }
    const tiles = this.#receiverOf(peer).notices;
    if (tiles.length > 0) {
      emit('allocation', { roomId, peerId, tiles });
    }
  }

  explain(nowMs: number): RoomExplanation {
    return {
      roomId: this.roomId,
      pictures: [...this.#videos.values()].map((video) => {
        const { missing, lastSpokeAtMs, ...state } = video.state(this.#options.voice);
        const { producerId, peerId, source, paused, speaking, points } = state;
        return {
          ...{ producerId, peerId, source, paused, speaking, points },
          lastSpokeSecondsAgo: lastSpokeAtMs === null ? null : (nowMs - lastSpokeAtMs) / 1000,
          wantedSpatialLayers: [...video.senderLayers.requested],
          missingSpatialLayers: [...missing],
        };
      }),
      receivers: [...this.#options.peers()].flatMap((peer) => this.#receiverOf(peer).explain() ?? []),
    };
  }

  #emitWanted({ producerId, options: { peerId }, senderLayers }: RoomVideo): void {
    const { roomId, emit } = this.#options;
    emit('producerwanted', { roomId, peerId, producerId, spatialLayers: [...senderLayers.requested] });
  }

  #receiverOf(peer: Peer): RoomReceiver {
    const receiver =
      this.#receivers.get(peer) ?? new RoomReceiver(this.roomId, peer, this.#options.audibleSpeakers);
    this.#receivers.set(peer, receiver);
    return receiver;
  }
}
