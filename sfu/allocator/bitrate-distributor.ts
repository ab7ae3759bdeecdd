import { Heap } from './heap.ts';
import { isKept, mustWait, worthWithBonus } from './hysteresis.ts';
import type { Claim, LinkLimit, ReceiverLimits } from './limits.ts';
import {
  type Ladder,
  nextSteps,
  pointAt,
  qualityAt,
  type Step,
  smoothStep,
  stepAt,
  type TileCeiling,
  usualBps,
} from './points.ts';
import { isSmall, placeOf, type RankedTile } from './ranking.ts';
import type { Reason } from './types.ts';

/** A tile while bandwidth is being distributed. */
export interface TileAllocation {
  ranked: RankedTile;
  ladder: Ladder;
  ceiling: TileCeiling;
  receiver: ReceiverAllocation;
  /** Position among the tiles of all receivers, by ID only. */
  order: number;
  /** The operating point that bandwidth is reserved for; null: none. */
  reserved: Step | null;
  /** The operating point it gets now: the reserved one, unless it must settle first. */
  given: Step | null;
  /** Why it is not better; null: nothing has limited it yet. */
  refused: Reason | null;
}

export interface ReceiverAllocation {
  limits: ReceiverLimits;
  /** It does not use the link. */
  isLocal: boolean;
  tileCount: number;
  /** Some tile got no video for lack of bandwidth, so no other is upgraded. */
  short: boolean;
}

/**
 * Small tiles whose lowest point needs more than this (video without simulcast) are served as upgrades rather than with everybody's lowest
 * points, so that one of them does not take what a stage needs. In bits per second.
 */
const EXPENSIVE_BPS = 300_000;
/**
 * Minimum value of an upgrade of one tile among many: quality (0 to 1), weighted by the tile's share of the screen, per Mbit/s. Full price
 * from nine equal tiles, proportionally less below that. At this price nine tiles get 15 fps, and only the last speaker twice the lines:
 * nobody in a crowd is looked at closely enough to be worth more.
 */
const PRICE_PER_MBIT = 0.15;
const CROWD = 9;
/**
 * Share of the higher point's bitrate that counts as the price of the upgrade, typical for more frames and more lines. The difference of
 * two measured bitrates would fluctuate far more.
 */
const PRICED_SHARE = { frames: 0.33, lines: 0.67 };
/** Small tiles are upgraded together, speakers or not: otherwise one would be sharp and its equal neighbour blurred. */
const SMALL_PLACE = 3;
const LOWEST: Step = { row: 0, column: 0 };
/** For upgrades that come after all classes. */
const DEFERRED_PLACE = 4;

interface Upgrade {
  allocation: TileAllocation;
  to: Step;
  moreBps: number;
  kept: boolean;
  place: number;
  /** Quality per Mbit/s, with a bonus for what the tile already had. Determines the order. */
  worth: number;
  /** Fallback if this one does not fit. */
  otherwise: Upgrade | null;
}

function bitrateOf(allocation: TileAllocation, step: Step | null): number {
  return step ? pointAt(allocation.ladder, step).bitrateBps : 0;
}

function smoothBps(allocation: TileAllocation): number {
  return bitrateOf(allocation, smoothStep(allocation.ladder, allocation.ceiling));
}

function isExpensive({ ranked, ladder }: TileAllocation): boolean {
  return isSmall(ranked.class) && pointAt(ladder, LOWEST).bitrateBps > EXPENSIVE_BPS;
}

function upgradePlace({ ranked }: TileAllocation): number {
  return isSmall(ranked.class) ? SMALL_PLACE : placeOf(ranked.class);
}

/** Distributes the bandwidth of all receivers and of the link. */
export class BitrateDistributor {
  readonly #link: LinkLimit;
  readonly #nowMs: number;
  #linkShort = false;

  constructor(link: LinkLimit, nowMs: number) {
    this.#link = link;
    this.#nowMs = nowMs;
  }

  /** The lowest point for every tile: class by class across all receivers, then by rank. */
  distributeLowest(allocations: readonly TileAllocation[]): void {
    const ordered = [...allocations].sort(
      (a, b) =>
        placeOf(a.ranked.class) - placeOf(b.ranked.class) ||
        a.ranked.rank - b.ranked.rank ||
        a.order - b.order,
    );
    for (const allocation of ordered) {
      if (isExpensive(allocation)) {
        continue;
      }
      const { limits } = allocation.receiver;
      const moreBps = bitrateOf(allocation, LOWEST);
      const kept = isKept(allocation.ranked.tile, pointAt(allocation.ladder, LOWEST));
      if (this.#take(allocation, LOWEST, { moreBps, kept, lowest: true })) {
        if (!isSmall(allocation.ranked.class)) {
          limits.missingBps += smoothBps(allocation) - moreBps;
        }
        continue;
      }
      if (allocation.refused === 'link') {
        this.#linkShort = true;
      } else if (
        allocation.refused === 'budget' &&
        (moreBps <= EXPENSIVE_BPS || limits.couldCarry(moreBps))
      ) {
        allocation.receiver.short = true;
      }
    }
  }

  /** Upgrades step by step: class by class, best quality per bit first, across all receivers. */
  upgradeTiles(allocations: readonly TileAllocation[]): void {
    const heap = new Heap<Upgrade>((a, b) => {
      if (a.place !== b.place) {
        return a.place < b.place;
      }
      if (a.worth !== b.worth) {
        return a.worth > b.worth;
      }
      if (a.allocation.ranked.rank !== b.allocation.ranked.rank) {
        return a.allocation.ranked.rank < b.allocation.ranked.rank;
      }
      return a.allocation.order < b.allocation.order;
    });
    for (const allocation of allocations) {
      if (!allocation.reserved && !isExpensive(allocation)) {
        continue;
      }
      const { short, isLocal } = allocation.receiver;
      if (short || (this.#linkShort && !isLocal)) {
        if (this.#nextUpgrade(allocation)) {
          allocation.refused ??= short ? 'budget' : 'link';
        }
        continue;
      }
      const first = this.#nextUpgrade(allocation);
      if (first) {
        heap.push(first);
      }
    }
    for (let each = heap.pop(); each; each = heap.pop()) {
      const { allocation, moreBps, kept } = each;
      const taken = this.#take(allocation, each.to, { moreBps, kept, lowest: false });
      const next = taken ? this.#nextUpgrade(allocation) : each.otherwise;
      if (next) {
        heap.push(next);
      }
    }
  }

  #take(
    allocation: TileAllocation,
    to: Step,
    { moreBps, lowest, kept }: Pick<Claim, 'moreBps' | 'lowest' | 'kept'>,
  ): boolean {
    const { ranked, receiver } = allocation;
    const small = isSmall(ranked.class);
    const lines = allocation.ladder.source === 'screen' ? 'letters' : 'lines';
    const adds = !allocation.reserved ? 'video' : to.row > allocation.reserved.row ? lines : 'frames';
    const claim: Claim = { moreBps, lowest, adds, kept, small, first: ranked.rank === 0 };
    const isLinkFull = !receiver.isLocal && this.#link.refuses(claim);
    const refusal = receiver.limits.refusal(claim) ?? (isLinkFull ? 'link' : null);
    if (refusal) {
      if (allocation.refused !== 'steady') {
        allocation.refused = refusal;
      }
      return false;
    }
    receiver.limits.usedBps += moreBps;
    if (!allocation.reserved) {
      receiver.limits.videos++;
    }
    if (!kept && !lowest) {
      receiver.limits.raised = true;
    }
    if (!receiver.isLocal) {
      this.#link.usedBps += moreBps;
    }
    allocation.reserved = to;
    if (kept || !mustWait(ranked.tile, ranked.class, this.#nowMs)) {
      allocation.given = to;
    } else {
      allocation.refused = 'steady';
      // What it had may be off this path: smoother, but less sharp.
      const had = stepAt(allocation.ladder, ranked.tile.decided, allocation.ceiling);
      if (had && bitrateOf(allocation, had) <= bitrateOf(allocation, to)) {
        allocation.given = had;
      }
    }
    return true;
  }

  /** The next upgrade of a tile, or null if it cannot use a better one. */
  #nextUpgrade(allocation: TileAllocation): Upgrade | null {
    const { reserved, ladder, ceiling, ranked } = allocation;
    if (!reserved) {
      return this.#step(allocation, LOWEST, upgradePlace(allocation), null);
    }
    let upgrade: Upgrade | null = null;
    for (const { to, deferred } of nextSteps(
      ladder,
      reserved,
      ceiling,
      ranked.tile,
      ranked.class,
    ).reverse()) {
      const place = deferred ? DEFERRED_PLACE : upgradePlace(allocation);
      const better = this.#step(allocation, to, place, upgrade);
      // If the tile already has the second choice, keep that first; the better one can follow.
      if (better && (better.kept || !upgrade?.kept)) {
        upgrade = better;
      }
    }
    return upgrade;
  }

  #step(allocation: TileAllocation, to: Step, place: number, otherwise: Upgrade | null): Upgrade | null {
    const { ranked, ladder, reserved, receiver } = allocation;
    const moreBps = bitrateOf(allocation, to) - bitrateOf(allocation, reserved);
    const kept = isKept(ranked.tile, pointAt(ladder, to));
    const before = reserved ? qualityAt(ladder, reserved, ranked.tile) : 0;
    const gain = (qualityAt(ladder, to, ranked.tile) - before) * ranked.weight;
    const pricedShare = to.row > (reserved?.row ?? 0) ? PRICED_SHARE.lines : PRICED_SHARE.frames;
    const small = isSmall(ranked.class);
    // Small tiles are priced at their typical bitrate at least: a static video is not worth more lines just because it is cheap while
    // nothing moves. A measured bitrate may even be 0.
    const leastBps = small ? usualBps(ladder, to) : 1;
    const pricedBps = Math.max(leastBps, bitrateOf(allocation, to)) * pricedShare;
    const worth = worthWithBonus((gain * 1_000_000) / pricedBps, kept);
    const price = PRICE_PER_MBIT * Math.min(1, receiver.tileCount / CROWD);
    if (reserved && small && worth < price) {
      return null;
    }
    return { allocation, to, moreBps, kept, place, worth, otherwise };
  }
}
