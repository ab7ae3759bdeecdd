import type { Reason, ReceiverState } from './types.ts';

/**
 * What receivers and the link can take, and what is used of it.
 *
 * A receiver's budget. New things must fit into 90 % of it less audio, with a margin on top; what is there already may fluctuate into the
 * reserve, up to the whole budget: so a decision stays as it is while measured bit rates waver by a tenth. The lowest points of many
 * pictures go into the reserve too, the further the more there are, since their sum wavers the less: a picture is not left out for want of
 * the last few percent.
 *
 * A receiver's estimate. mediasoup chooses layers within our ceilings by its own estimation, from packet to packet; we need not repeat
 * that, so frames are allowed up to twice the estimate: there is always a little more to send than it allows, by which it grows. Not so
 * whole pictures: mediasoup serves everybody's lowest layer first, and what does not fit stands still, now one picture, now another. So
 * as many are given as certainly fit while what is large is smooth; a few that move are worth more than a slide show of all. The first
 * is never held back, so that there is something to estimate by. And not so lines: mediasoup takes those before frames, so that a picture
 * whose lines alone fit is a slide show, and each change costs a key frame, which fills a narrow network's queue. So a camera has more lines
 * as long as they fit smoothly, and only those of a shared screen, which are worth more than frames, are kept beyond that.
 *
 * The link. 90 % of it, all audio included, is never passed.
 */
const USABLE_SHARE = 0.9;
/** Of the reserve that the lowest points leave: this over the square root of their number. A gallery of 25 leaves 4 %. */
const LOWEST_RESERVE = 0.2;

/** Of the estimate. Kept more widely than given anew, since estimates waver. */
const ESTIMATE_SHARES = {
  picture: { anew: 0.85, kept: 1.1 },
  lines: { anew: 0.85, kept: 1 },
  /** Lines of a shared screen. */
  letters: { anew: 1, kept: 1.3 },
  frames: { anew: 2, kept: 3 },
};

/** On top of all that a receiver would be sent. Less for what it looks at: if need be the small tiles make room. */
const MARGIN_LARGE = 1.05;
const MARGIN_SMALL = 1.1;
/** Of the link: many pictures fluctuate less than few. */
const LINK_MARGIN = 1.03;

/** What somebody wants to have beyond what is used. */
export interface Claim {
  /** Bits a second. */
  moreBps: number;
  /** A picture's lowest point, as all get it first. That of an expensive one adds a picture too, but comes as an improvement. */
  lowest: boolean;
  /** What it adds: a whole picture, or lines (of a shared screen: letters) or frames to one. */
  adds: 'picture' | 'lines' | 'letters' | 'frames';
  /** It was decided before. */
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
  /** What the large pictures that have their lowest points lack to be smooth. */
  lackedBps = 0;
  /** How many pictures have their lowest points. */
  pictures = 0;

  /** Something got better: then the reserve is no longer for what is kept, lest it fills up step by step. */
  raised = false;

  constructor(state: ReceiverState) {
    this.#state = state;
  }

  /** Ceiling for the transport's estimation: the usable share, or the whole budget where that is needed for what was decided. */
  maxOutgoingBps(videoBps: number): number {
    const { budgetBps, audioBps } = this.#state;
    const usable = budgetBps * USABLE_SHARE - audioBps;
    return Math.max(0, videoBps * MARGIN_LARGE > usable ? budgetBps - audioBps : usable);
  }

  /** Whether the receiver's budget could carry this much alone. */
  couldCarry(bitrateBps: number): boolean {
    return bitrateBps <= this.#state.budgetBps * USABLE_SHARE - this.#state.audioBps;
  }

  /** Why a claim cannot be met by the receiver, or null. */
  refusal({ moreBps, lowest, adds, kept, small, first }: Claim): Refusal | null {
    const { budgetBps, audioBps, estimateBps } = this.#state;
    const sumBps = this.usedBps + moreBps;
    const lowestShare = Math.max(USABLE_SHARE, 1 - LOWEST_RESERVE / Math.sqrt(this.pictures + 1));
    const share = kept && (lowest || !this.raised) ? 1 : lowest ? lowestShare : USABLE_SHARE;
    const margin = kept || lowest ? 1 : small ? MARGIN_SMALL : MARGIN_LARGE;
    if (sumBps * margin > budgetBps * share - audioBps) {
      return 'budget';
    }
    if (estimateBps === null || (lowest && first)) {
      return null;
    }
    const shares = ESTIMATE_SHARES[adds];
    const neededBps = adds === 'picture' ? sumBps + this.lackedBps : sumBps;
    return neededBps > estimateBps * (kept ? shares.kept : shares.anew) ? 'estimate' : null;
  }
}
