/** A new aim that differs by less than this share is passed over: each change makes the worker probe. */
const AIM_STEP = 0.05;
/**
 * The least that an estimate comes to, and a ceiling with it, in bits a second: one small picture. Where not even that is sent, nothing tells
 * the worker that the network has recovered, and it stays at nothing.
 */
export const MIN_BPS = 100_000;
/** An estimate that falls below this share of the one before has met a limit. */
const FALL_SHARE = 0.85;
/** How long after a fall the network is left alone, in milliseconds. */
const REST_MS = 3000;
/** Between two probes: as long as they succeed, and at most, in milliseconds: what has recovered is to be found within 15 s, by a few of them. */
const INTERVAL_MS = 1500;
const LONGEST_INTERVAL_MS = 5000;
/** A probe tries this many times the estimate: two bursts of 15 ms, so that even a narrow network's queue takes them … */
const PROBE_FACTOR = 3;
/** … and has succeeded when the estimate grew by this. */
const SUCCESS_FACTOR = 1.3;
const ENOUGH_SHARE = 0.95;
/** Near enough to be the same, and yet another ceiling. */
const JUST_BELOW = 0.98;
/** How long the worker's own first probes take at most, in milliseconds: it sends no others meanwhile. */
const OWN_PROBES_MS = 1000;

/**
 * The ceiling of a transport's bandwidth estimation, and its use to probe. By itself the worker's estimate grows by some 8 % a second after
 * it has fallen, so that one from 2 Mbit/s to 200 kbit/s and back takes half a minute. The worker sends two short bursts at a ceiling that
 * changes; where the network carries them, the estimate follows at once. So while more is needed than the estimate allows, the ceiling is
 * moved at three times the estimate again and again, more rarely where nothing comes of it.
 *
 * The bursts of a worker (libwebrtc's ProbeController) go at the new ceiling and at twice that, but at most at the ceiling before, and none go
 * where the estimate had reached that one. So a probe takes three ceilings: just below the estimate, which sends nothing; just below the
 * probe's rate, which sends nothing either; and that rate, which sends both at the one before.
 */
export class Ceiling {
  #aimBps = 0;
  #neededBps = 0;
  #lastBps = 0;
  #begun = false;
  #probedFromBps = 0;
  #probedAtMs = Number.NEGATIVE_INFINITY;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #intervalMs = INTERVAL_MS;

  /**
   * Takes over what a decision allows, and what it needs, in bits a second.
   * @returns ceilings to set, one after the other.
   */
  aim(aimBps: number, neededBps: number): number[] {
    this.#neededBps = Math.min(aimBps, neededBps);
    const aim = Math.max(MIN_BPS, Math.round(aimBps));
    if (Math.abs(aim - this.#aimBps) <= this.#aimBps * AIM_STEP) return [];
    this.#aimBps = aim;
    return [aim];
  }

  /**
   * Takes over an estimate, in bits a second.
   * @returns ceilings to set, one after the other.
   */
  estimated(availableBps: number, nowMs: number): number[] {
    if (!this.#begun) {
      // Where the estimation was told to begin: a fall from there has met no limit for certain.
      this.#begun = true;
      this.#restUntilMs = nowMs + OWN_PROBES_MS;
      return [];
    }
    const fell = availableBps < this.#lastBps * FALL_SHARE;
    this.#lastBps = availableBps;
    if (fell) {
      this.#restUntilMs = nowMs + REST_MS;
      return [];
    }
    if (availableBps >= this.#neededBps * ENOUGH_SHARE) {
      this.#intervalMs = INTERVAL_MS;
      return [];
    }
    const succeeded = availableBps >= this.#probedFromBps * SUCCESS_FACTOR;
    if (succeeded) this.#intervalMs = INTERVAL_MS;
    if (nowMs < Math.max(this.#restUntilMs, this.#probedAtMs + this.#intervalMs)) return [];
    if (!succeeded) this.#intervalMs = Math.min(LONGEST_INTERVAL_MS, this.#intervalMs * 2);
    this.#probedFromBps = availableBps;
    this.#probedAtMs = nowMs;
    const goalBps = Math.min(this.#aimBps, availableBps * PROBE_FACTOR);
    return [availableBps * JUST_BELOW, goalBps * JUST_BELOW, goalBps].map((bps) =>
      Math.max(MIN_BPS, Math.round(bps)),
    );
  }
}
