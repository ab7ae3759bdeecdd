/** Consecutive misses after which the process is considered dead. */
const MISSES_ALLOWED = 3;
/** The same while the process is excused. */
const MISSES_EXCUSED = 12;

export interface HeartbeatOptions {
  /** Time between beats, in milliseconds. */
  intervalMs: number;
  /** Pings the process. A rejection is a miss. */
  ping: () => Promise<void>;
  /**
   * Whether the process could not answer for lack of CPU. Called from the third consecutive miss on; true is accepted up to the twelfth.
   * Default: never.
   */
  excused?: () => boolean;
  /** Called once, when the process is considered dead. */
  onDead: () => void;
}

/**
 * Pings a process at a fixed interval, one ping at a time. A ping still pending when the next is due counts as one miss, so a pause of our
 * own process, however long, costs one miss and not a worker.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #timer: NodeJS.Timeout;
  #open = false;
  #missed = 0;
  #dead = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#beat(), options.intervalMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    if (this.#open) {
      this.#miss();
      return;
    }
    this.#open = true;
    this.#options.ping().then(
      () => {
        this.#open = false;
        this.#missed = 0;
      },
      () => {
        this.#open = false;
        this.#miss();
      },
    );
  }

  #miss(): void {
    this.#missed += 1;
    if (this.#missed < MISSES_ALLOWED || this.#dead) {
      return;
    }
    if (this.#missed < MISSES_EXCUSED && this.#options.excused?.()) {
      return;
    }
    this.#dead = true;
    this.close();
    this.#options.onDead();
  }
}
