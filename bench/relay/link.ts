import { type LinkProfile, profileAt, type Schedule } from './profile.ts';
import type { Random } from './random.ts';

/** What happened to the packets offered to a link, in packets and bytes of UDP payload. */
export interface LinkCounters {
  offeredPackets: number;
  offeredBytes: number;
  /** Lost by the loss model. */
  lostPackets: number;
  /** Dropped because the queue was full. */
  droppedPackets: number;
  duplicatedPackets: number;
  reorderedPackets: number;
  deliveredPackets: number;
  deliveredBytes: number;
}

/**
 * One direction of an emulated network, without sockets or clock: `send` says when a packet comes out.
 * Applied to each packet, in this order: loss, the queue and the bottleneck, duplication, delay and jitter, reordering.
 */
export class Link {
  readonly counters: LinkCounters = {
    offeredPackets: 0,
    offeredBytes: 0,
    lostPackets: 0,
    droppedPackets: 0,
    duplicatedPackets: 0,
    reorderedPackets: 0,
    deliveredPackets: 0,
    deliveredBytes: 0,
  };
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #startMs: number;
  #bad = false;
  /** When the bottleneck will have sent everything that is waiting. */
  #idleAtMs = Number.NEGATIVE_INFINITY;
  /** Latest arrival so far of packets that keep their order. */
  #lastArrivalMs = Number.NEGATIVE_INFINITY;

  /** @param startMs start of the schedule, on the clock of `send`. */
  constructor(options: { schedule: Schedule; random: Random; startMs: number }) {
    this.#schedule = options.schedule;
    this.#random = options.random;
    this.#startMs = options.startMs;
  }

  /** The times at which the packet arrives: none if it is lost, two if it is duplicated. */
  send(nowMs: number, sizeBytes: number): number[] {
    const profile = profileAt(this.#schedule, nowMs - this.#startMs);
    const counters = this.counters;
    counters.offeredPackets++;
    counters.offeredBytes += sizeBytes;
    if (this.#isLost(profile)) {
      counters.lostPackets++;
      return [];
    }
    const departureMs = this.#queue(profile, nowMs, sizeBytes);
    if (departureMs === undefined) {
      counters.droppedPackets++;
      return [];
    }
    const arrivals = [this.#arrival(profile, departureMs)];
    if (profile.duplicateShare && this.#random() < profile.duplicateShare) {
      counters.duplicatedPackets++;
      arrivals.push(this.#arrival(profile, departureMs));
    }
    counters.deliveredPackets += arrivals.length;
    counters.deliveredBytes += arrivals.length * sizeBytes;
    return arrivals;
  }

  #isLost({ loss }: LinkProfile): boolean {
    if (!loss) {
      return false;
    }
    if (loss.kind === 'random') {
      return this.#random() < loss.share;
    }
    const flip = this.#random();
    this.#bad = this.#bad ? flip >= loss.badToGood : flip < loss.goodToBad;
    const share = this.#bad ? (loss.lossBad ?? 1) : (loss.lossGood ?? 0);
    return this.#random() < share;
  }

  /** When the packet leaves the bottleneck, or undefined if the queue is full. */
  #queue(profile: LinkProfile, nowMs: number, sizeBytes: number): number | undefined {
    if (!profile.rateBps) {
      return nowMs;
    }
    const bytesPerMs = profile.rateBps / 8000;
    // The token bucket as a clock: on an idle link it is up to one burst behind now, and each packet advances it by its transmission time.
    const burstMs = (profile.burstBytes ?? 0) / bytesPerMs;
    const freeMs = Math.max(this.#idleAtMs, nowMs - burstMs);
    const waitMs = Math.max(0, freeMs - nowMs);
    if (profile.queueBytes !== undefined && waitMs * bytesPerMs + sizeBytes > profile.queueBytes) {
      return undefined;
    }
    if (profile.queueMs !== undefined && waitMs > profile.queueMs) {
      return undefined;
    }
    this.#idleAtMs = freeMs + sizeBytes / bytesPerMs;
    return Math.max(nowMs, this.#idleAtMs);
  }

  #arrival(profile: LinkProfile, departureMs: number): number {
    const jitterMs = profile.jitterMs ? this.#random() * profile.jitterMs : 0;
    const arrivalMs = departureMs + (profile.delayMs ?? 0) + jitterMs;
    if (profile.reorderShare && this.#random() < profile.reorderShare) {
      this.counters.reorderedPackets++;
      return Math.max(arrivalMs, this.#lastArrivalMs) + (profile.reorderMs ?? 20);
    }
    this.#lastArrivalMs = Math.max(arrivalMs, this.#lastArrivalMs);
    return this.#lastArrivalMs;
  }
}
