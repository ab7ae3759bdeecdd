import type { Producer, ProducerScore, ProducerStat, RtpEncodingParameters } from 'mediasoup/types';
import type { OperatingPoint, TileDecision, VideoSource, VideoState } from '../allocator/index.ts';
import { type ExpectedLadder, expectedLadder } from './expected-ladder.ts';
import { measuredPoints, type StreamMeasurement } from './measured-ladder.ts';
import { SenderLayers } from './sender-layers.ts';

/** Whether a participant is speaking, and when they last spoke, on a monotonic clock in milliseconds; null: not yet. */
export type VoiceOf = (participantId: string) => { speaking: boolean; lastSpokeAtMs: number | null };

export interface RoomVideoOptions {
  roomId: string;
  /** The sender. */
  peerId: string;
  participantId: string;
  source: VideoSource;
  /** Called when a layer starts or stops arriving. */
  onFlow(): void;
}

/** UDP, IPv4 and SRTP tag (AEAD_AES_128_GCM), which the worker's bitrates do not include. */
const PACKET_OVERHEAD_BITS = (8 + 20 + 16) * 8;

/** A video producer as the allocator sees it: the bitrates of its layers, and which layers are wanted. Owned by RoomAllocation. */
export class RoomVideo {
  readonly options: RoomVideoOptions;
  readonly senderLayers: SenderLayers;
  readonly #producer: Producer;
  readonly #encodings: readonly RtpEncodingParameters[];
  readonly #ladder: ExpectedLadder;
  /** Null: not measured yet. */
  #measured: OperatingPoint[] | null = null;
  readonly #counted = new Map<number, { packets: number; atMs: number }>();
  #measuring = false;
  /** Whether packets of each encoding are arriving; with simulcast these are the spatial layers. */
  #flowing: readonly boolean[] = [];

  constructor(producer: Producer, options: RoomVideoOptions, nowMs: number) {
    this.#producer = producer;
    this.options = options;
    // mediasoup's getter makes a copy on each access.
    const { rtpParameters } = producer;
    this.#encodings = rtpParameters.encodings ?? [];
    this.#ladder = expectedLadder(rtpParameters, options.source);
    this.senderLayers = new SenderLayers(this.#ladder.spatialLayers, nowMs);
    this.#scored(producer.score);
    producer.observer.on('score', (scores) => {
      if (this.#scored(scores)) {
        options.onFlow();
      }
    });
  }

  get producerId(): string {
    return this.#producer.id;
  }

  get paused(): boolean {
    return this.#producer.paused;
  }

  /** Whether each spatial layer is arriving, lowest first: known at once for simulcast, and from the last measurement for SVC. */
  get flowing(): boolean[] {
    return Array.from({ length: this.#ladder.spatialLayers }, (_, layer) =>
      this.#ladder.svc
        ? (this.#measured?.some(({ spatialLayer, sent }) => spatialLayer >= layer && sent) ?? false)
        : (this.#flowing[layer] ?? false),
    );
  }

  get points(): readonly OperatingPoint[] {
    return this.#measured ?? this.#ladder.points;
  }

  /** Re-measures the bitrates of its layers. One request at a time, so that requests to a hung worker do not pile up. */
  async measure(): Promise<'changed' | 'unchanged'> {
    if (this.#measuring || this.#producer.closed || this.#producer.paused) {
      return 'unchanged';
    }
    this.#measuring = true;
    try {
      const before = this.points;
      const streams = this.#streams(await this.#producer.getStats());
      this.#measured = measuredPoints(this.#ladder, this.#measured, streams, this.senderLayers.requested);
      const changed = this.#measured.some(({ sent }, place) => sent !== before[place]?.sent);
      return changed ? 'changed' : 'unchanged';
    } catch {
      // It has closed, or its worker has died.
      return 'unchanged';
    } finally {
      this.#measuring = false;
    }
  }

  /** The bitrate of these layers now, as the allocator counts it. */
  bitrateBps({ spatialLayer, temporalLayer }: NonNullable<TileDecision['layers']>): number {
    const point = this.points.find(
      (each) => each.spatialLayer === spatialLayer && each.temporalLayer === temporalLayer,
    );
    return point ? wireBps(point) : 0;
  }

  state(voice: VoiceOf): VideoState {
    const { roomId, peerId, participantId, source } = this.options;
    return {
      ...{ producerId: this.producerId, roomId, peerId, source },
      paused: this.#producer.paused,
      svc: this.#ladder.svc,
      missing: this.senderLayers.missing,
      // Budgets and link limits are bitrates on the wire.
      points: this.points.map((point) => ({ ...point, bitrateBps: wireBps(point) })),
      ...voice(participantId),
    };
  }

  /** Updates from the encodings' scores: 0 means that nothing has arrived for 1.5 s. Returns whether any encoding started or stopped. */
  #scored(scores: readonly ProducerScore[]): boolean {
    const flowing = this.#encodings.map((_, index) =>
      scores.some((each) => each.score > 0 && this.#indexOf(each) === index),
    );
    const changed = flowing.join() !== this.#flowing.join();
    this.#flowing = flowing;
    return changed;
  }

  #indexOf(stream: { rid?: string; ssrc: number }): number {
    const found = this.#encodings.findIndex(({ rid, ssrc }) =>
      rid === undefined ? ssrc === stream.ssrc : rid === stream.rid,
    );
    return Math.max(0, found);
  }

  #streams(stats: readonly ProducerStat[]): StreamMeasurement[] {
    return stats.map((stat) => {
      const index = this.#indexOf(stat);
      const before = this.#counted.get(index);
      this.#counted.set(index, { packets: stat.packetCount, atMs: stat.timestamp });
      const seconds = before ? (stat.timestamp - before.atMs) / 1000 : 0;
      return {
        index,
        bitrateBps: stat.bitrate,
        bitrateByLayerBps: stat.bitrateByLayer,
        packetsPerSecond: before && seconds > 0 ? (stat.packetCount - before.packets) / seconds : 0,
      };
    });
  }
}

function wireBps({ bitrateBps, packetsPerSecond }: OperatingPoint): number {
  return Math.round(bitrateBps + packetsPerSecond * PACKET_OVERHEAD_BITS);
}
