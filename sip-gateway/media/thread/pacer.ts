const TICK_MS = 20;
/** Further behind than this, ticks are left out: the process stood still, and a burst would help nobody. */
const MAX_BEHIND_MS = 200;
/** Conjugate of the golden ratio: its multiples fill the tick evenly, however many there are. */
const SPREAD = 0.618_033_988_749_895;
/** Phases there are: what shares one shares the thread's waking up, and its calls to the network. */
const PHASES = 4;
/** Bins of the lateness histogram: 0.25 ms each, up to 64 ms. */
const BIN_MS = 0.25;
const BINS = 256;

/** How late ticks ran, since the start. */
export interface PacingStats {
  ticks: number;
  /** Left out after a stand-still. */
  skipped: number;
  latenessP50Ms: number;
  latenessP99Ms: number;
  latenessP999Ms: number;
  latenessMaxMs: number;
}

export interface PacerHooks {
  /** Before the tasks that are due. */
  before(): void;
  /** After each task: `dueMs` is when it was due, on the grid. */
  after(dueMs: number): void;
}

interface Task {
  run: (nowMs: number) => void;
  nextMs: number;
}

/**
 * Runs tasks every 20 ms, each at its own phase of an absolute grid that starts with the pacer, so that lateness never adds up
 * (a repeating timer drifts by 0.6 %). Phases are spread over the tick: rooms do not wait for one another.
 */
export class Pacer {
  readonly #hooks: PacerHooks;
  readonly #tasks = new Set<Task>();
  readonly #originMs = performance.now();
  readonly #histogram = new Uint32Array(BINS);
  #ticks = 0;
  #skipped = 0;
  #maxMs = 0;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #wakeMs = Number.POSITIVE_INFINITY;

  constructor(hooks: PacerHooks) {
    this.#hooks = hooks;
  }

  /** Runs `run` every 20 ms until the function that is returned is called. An exception of `run` ends the thread. */
  add(run: (nowMs: number) => void): () => void {
    const phase = (Math.floor(((this.#count++ * SPREAD) % 1) * PHASES) / PHASES) * TICK_MS;
    const elapsed = performance.now() - this.#originMs - phase;
    const task = { run, nextMs: this.#originMs + phase + (Math.floor(elapsed / TICK_MS) + 1) * TICK_MS };
    this.#tasks.add(task);
    this.#schedule();
    return () => this.#tasks.delete(task);
  }

  stats(): PacingStats {
    return {
      ticks: this.#ticks,
      skipped: this.#skipped,
      latenessP50Ms: this.#quantile(0.5),
      latenessP99Ms: this.#quantile(0.99),
      latenessP999Ms: this.#quantile(0.999),
      latenessMaxMs: this.#maxMs,
    };
  }

  close(): void {
    this.#tasks.clear();
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const { nextMs } of this.#tasks) {
      if (nextMs < next) {
        next = nextMs;
      }
    }
    if (next === this.#wakeMs || next === Number.POSITIVE_INFINITY) {
      return;
    }
    this.#wakeMs = next;
    clearTimeout(this.#timer);
    // Timers count whole milliseconds: rounded down, each would wake the thread once for nothing.
    this.#timer = setTimeout(this.#wake, Math.max(0, Math.ceil(next - performance.now())));
  }

  readonly #wake = (): void => {
    this.#wakeMs = Number.POSITIVE_INFINITY;
    this.#hooks.before();
    let now = performance.now();
    for (const task of this.#tasks) {
      if (task.nextMs > now) {
        continue;
      }
      this.#run(task, now);
      now = performance.now();
    }
    this.#schedule();
  };

  #run(task: Task, now: number): void {
    const lateMs = now - task.nextMs;
    let dueMs = task.nextMs;
    this.#ticks++;
    this.#maxMs = Math.max(this.#maxMs, lateMs);
    const bin = Math.min(BINS - 1, Math.floor(lateMs / BIN_MS));
    this.#histogram[bin] = (this.#histogram[bin] as number) + 1;
    task.nextMs += TICK_MS;
    if (lateMs > MAX_BEHIND_MS) {
      const skip = Math.floor(lateMs / TICK_MS);
      this.#skipped += skip;
      task.nextMs += skip * TICK_MS;
      dueMs += skip * TICK_MS;
    }
    task.run(now);
    this.#hooks.after(dueMs);
  }

  #quantile(share: number): number {
    let sum = 0;
    for (let bin = 0; bin < BINS; bin++) {
      sum += this.#histogram[bin] as number;
      if (sum >= share * this.#ticks) {
        return (bin + 1) * BIN_MS;
      }
    }
    return this.#maxMs;
  }
}
