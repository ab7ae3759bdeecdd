/**
 * Smaller relative changes of the target are ignored: each change makes the worker probe. Decisions about bitrates that fluctuate take the
 * reserve of the budget and return it, which is a tenth.
 */
const AIM_RISE = 0.05;
const AIM_FALL = 0.12;
/**
 * Minimum of the estimate and of the ceiling, in bits per second: enough for one small video. If not even that were sent, nothing would
 * show the worker that the network has recovered.
 */
export const MIN_BPS = 100_000;
/** An estimate below this share of the previous one has hit a limit. */
const FALL_SHARE = 0.85;
/** How long no probes are sent after a drop, in milliseconds. */
const REST_MS = 3000;
/**
 * Probe interval in milliseconds: while probes succeed, and at most. A recovered network should be detected within 15 s by a few probes.
 */
const INTERVAL_MS = 1500;
const MAX_INTERVAL_MS = 5000;
/** A probe tries this many times the estimate: two bursts of 15 ms, which even a narrow network's queue can hold … */
const PROBE_FACTOR = 3;
/** … and has succeeded if the estimate grew by this factor. */
const SUCCESS_FACTOR = 1.3;
const ENOUGH_SHARE = 0.95;
/** Close enough to have no effect, but a different ceiling for the worker. */
const JUST_BELOW = 0.98;
/** Maximum duration of the worker's initial probes, in milliseconds: it sends no others meanwhile. */
const INITIAL_PROBES_MS = 1000;

/**
 * The ceiling of a transport's bandwidth estimation, also used to make the worker probe. Without probes, the worker's estimate grows by
 * some 8 % per second after a drop, so recovering from 200 kbit/s to 2 Mbit/s takes half a minute. When the ceiling changes, the worker
 * sends two short bursts; if the network carries them, the estimate follows at once. So while more is needed than the estimate permits, the
 * ceiling is repeatedly moved to three times the estimate, less and less often if that does not help.
 *
 * The bursts (libwebrtc's ProbeController) are sent at the new ceiling and at twice that, but never above the previous ceiling, and not at
 * all if the estimate had reached the previous ceiling. So a probe takes three ceilings: just below the estimate, which sends nothing; just
 * below the probe's bitrate, which sends nothing either; and the probe's bitrate, which sends both bursts at the one before.
 */
export class Ceiling {
  #aimBps = 0;
  #neededBps = 0;
  #lastBps = 0;
  #started = false;
  #probedFromBps = 0;
  #probedAtMs = Number.NEGATIVE_INFINITY;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #intervalMs = INTERVAL_MS;

  /**
   * Updates the target after a decision: what it permits, and what it needs, in bits per second.
   * @returns ceilings to set, one after the other
   */
  aim(aimBps: number, neededBps: number): number[] {
    this.#neededBps = Math.min(aimBps, neededBps);
    const aim = Math.max(MIN_BPS, Math.round(aimBps));
    if (aim <= this.#aimBps * (1 + AIM_RISE) && aim >= this.#aimBps * (1 - AIM_FALL)) {
      return [];
    }
    this.#aimBps = aim;
    return [aim];
  }

  /**
   * Processes an estimate, in bits per second.
   * @returns ceilings to set, one after the other
   */
  estimated(availableBps: number, nowMs: number): number[] {
    if (!this.#started) {
      // This is the configured initial value, so a drop from it need not mean a limit.
      this.#started = true;
      this.#restUntilMs = nowMs + INITIAL_PROBES_MS;
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
    if (succeeded) {
      this.#intervalMs = INTERVAL_MS;
    }
    if (nowMs < Math.max(this.#restUntilMs, this.#probedAtMs + this.#intervalMs)) {
      return [];
    }
    if (!succeeded) {
      this.#intervalMs = Math.min(MAX_INTERVAL_MS, this.#intervalMs * 2);
    }
    this.#probedFromBps = availableBps;
    this.#probedAtMs = nowMs;
    const goalBps = Math.min(this.#aimBps, availableBps * PROBE_FACTOR);
    return [availableBps * JUST_BELOW, goalBps * JUST_BELOW, goalBps].map((bps) =>
      Math.max(MIN_BPS, Math.round(bps)),
    );
  }
}
