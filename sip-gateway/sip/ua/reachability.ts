import { RecentMap } from '../recent-map.ts';
import type { Clock } from '../transaction/index.ts';
import type { Target } from '../transport/index.ts';

/** For how long a target that failed is tried last, in seconds. */
const AVOID_SECONDS = 30;
const MAX_AVOID_SECONDS = 300;
/** Maximum number of remembered targets. */
const MAX_TARGETS = 1000;

/** Targets that recently did not answer or were overloaded: others are tried before them (RFC 3263 §4.3). */
export class Reachability {
  readonly #clock: Clock;
  readonly #until = new RecentMap<string, number>(MAX_TARGETS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `seconds`: Retry-After of its 503. */
  failed(target: Target, seconds = AVOID_SECONDS): void {
    const avoid = Math.min(Math.max(seconds, 1), MAX_AVOID_SECONDS);
    this.#until.put(keyOf(target), this.#clock.now() + avoid * 1000);
  }

  /** The targets in their order, but those that failed at the end. */
  order(targets: readonly Target[]): Target[] {
    const isDown = (target: Target) => (this.#until.get(keyOf(target)) ?? 0) > this.#clock.now();
    return [...targets.filter((each) => !isDown(each)), ...targets.filter(isDown)];
  }
}

function keyOf({ protocol, address, port }: Target): string {
  return `${protocol} ${address} ${port}`;
}
