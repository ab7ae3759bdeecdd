import type { Reason, ReceiverState } from './types.ts';

/**
 * What receivers and the link can carry, and how much of it is used.
 *
 * A receiver's budget. Upgrades must fit into 90 % of it, less audio and with a margin. What a receiver already has may fluctuate into the
 * reserve, up to the whole budget, so a decision stays the same while measured bitrates fluctuate by 10 %. The lowest points of many videos
 * may use part of the reserve too, the more videos the more, since their sum fluctuates less: no video is left out for the last few
 * percent.
 *
 * A receiver's estimate. Within our ceilings mediasoup picks layers from packet to packet, using its own estimate. We need not repeat that:
 * - Frames may use up to twice the estimate, so that there is always a little more to send and the estimate can grow.
 * - Whole videos may not: mediasoup serves everybody's lowest layer first, and what does not fit freezes, one video after another. So
 *   only as many are forwarded as surely fit while the large ones are smooth; a few that move are worth more than a slide show of all. The
 *   first one is never held, so that there is something to estimate from.
 * - Lines may not either: mediasoup prefers lines to frames, so a video whose lines just fit is a slide show, and each change costs a key
 *   frame, which fills a narrow network's queue. So a camera keeps more lines only as long as they fit smoothly; a shared screen, whose
 *   lines are worth more than frames, may keep them beyond that.
 *
 * The link. 90 % of it, all audio included, is never exceeded.
 */
const USABLE_SHARE = 0.9;
/**
 * Share of the budget that stays in reserve after the lowest points: this, divided by the square root of their number. A gallery of 25
 * leaves 4 %.
 */
const LOWEST_RESERVE = 0.2;

/** Maximum use of the estimate. More is allowed for what a tile already has, since estimates fluctuate. */
const ESTIMATE_SHARES = {
  video: { fresh: 0.85, kept: 1.1 },
  lines: { fresh: 0.85, kept: 1 },
  /** Lines of a shared screen. */
  letters: { fresh: 1, kept: 1.3 },
  frames: { fresh: 2, kept: 3 },
};

/** Margin on top of everything sent to a receiver. Smaller for large tiles: small ones make room if needed. */
const MARGIN_LARGE = 1.05;
const MARGIN_SMALL = 1.1;
/** Margin of the link: a sum of many videos fluctuates less. */
const LINK_MARGIN = 1.03;

/** A request for bandwidth beyond what is used. */
export interface Claim {
  /** In bits per second. */
  moreBps: number;
  /** A video's lowest point, given to everybody first. An expensive one also adds a video, but counts as an upgrade. */
  lowest: boolean;
  /** What it adds: a whole video, or lines (`letters` on a shared screen) or frames. */
  adds: 'video' | 'lines' | 'letters' | 'frames';
  /** The tile had it in the last decision. */
  kept: boolean;
  /** One tile among many. */
  small: boolean;
  /** The receiver's first tile. */
  first: boolean;
}

export type Refusal = Extract<Reason, 'budget' | 'estimate' | 'link'>;

export class LinkLimit {
  readonly #videoBps: number;
  usedBps = 0;

  constructor(linkBps: number | null, audioBps: number) {
    this.#videoBps = linkBps === null ? Number.POSITIVE_INFINITY : linkBps * USABLE_SHARE - audioBps;
  }

  refuses({ moreBps, kept }: Claim): boolean {
    return (this.usedBps + moreBps) * (kept ? 1 : LINK_MARGIN) > this.#videoBps;
  }
}

export class ReceiverLimits {
  readonly #state: ReceiverState;
  usedBps = 0;
  /** What the large videos at their lowest points still need to be smooth, in bits per second. */
  missingBps = 0;
  /** How many videos have their lowest points. */
  videos = 0;

  /** Something was upgraded. From then on the reserve is not available to what is kept, so that it does not fill up step by step. */
  raised = false;

  constructor(state: ReceiverState) {
    this.#state = state;
  }

  /**
   * Maximum for the transport's bandwidth estimation, in bits per second: the usable share, or the whole budget if the decision needs it.
   */
  maxOutgoingBps(videoBps: number): number {
    const { budgetBps, audioBps } = this.#state;
    const usable = budgetBps * USABLE_SHARE - audioBps;
    return Math.max(0, videoBps * MARGIN_LARGE > usable ? budgetBps - audioBps : usable);
  }

  /** Whether the receiver's budget could carry this much alone. */
  couldCarry(bitrateBps: number): boolean {
    return bitrateBps <= this.#state.budgetBps * USABLE_SHARE - this.#state.audioBps;
  }

  /** Why the receiver cannot take this, or null. */
  refusal({ moreBps, lowest, adds, kept, small, first }: Claim): Refusal | null {
    const { budgetBps, audioBps, estimateBps } = this.#state;
    const sumBps = this.usedBps + moreBps;
    const lowestShare = Math.max(USABLE_SHARE, 1 - LOWEST_RESERVE / Math.sqrt(this.videos + 1));
    const share = kept && (lowest || !this.raised) ? 1 : lowest ? lowestShare : USABLE_SHARE;
    const margin = kept || lowest ? 1 : small ? MARGIN_SMALL : MARGIN_LARGE;
    if (sumBps * margin > budgetBps * share - audioBps) {
      return 'budget';
    }
    if (estimateBps === null || (lowest && first)) {
      return null;
    }
    const shares = ESTIMATE_SHARES[adds];
    const neededBps = adds === 'video' ? sumBps + this.missingBps : sumBps;
    return neededBps > estimateBps * (kept ? shares.kept : shares.fresh) ? 'estimate' : null;
  }
}
