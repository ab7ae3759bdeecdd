/** Misses in a row after which the watched is taken for dead. */
const MISSES_ALLOWED = 3;
/** As many when there is an excuse. */
const MISSES_EXCUSED = 12;

export interface HeartbeatOptions {
  /** Time between beats, in milliseconds. */
  intervalMilliseconds: number;
  /** Asks the watched for a sign of life. A rejection is a miss. */
  ask: () => Promise<void>;
  /** Whether the watched could not answer for want of CPU. Asked from the third miss in a row on; it is believed up to the twelfth. Default: never. */
  excused?: () => boolean;
  /** Called once, when three beats in a row were missed without excuse. */
  dead: () => void;
}

/**
 * Asks at a steady pace, one question at a time. A question open when the next is due counts as a miss, so a stop of this process
 * itself, however long, costs one miss and not a worker.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #timer: NodeJS.Timeout;
  #open = false;
  #missed = 0;
  #dead = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#beat(), options.intervalMilliseconds);
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
    this.#options.ask().then(
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
    this.#options.dead();
  }
}
