const TICK_MS = 20;
/** If a task is later than this, because the process stood still, ticks are skipped: a burst of late packets would be useless. */
const MAX_BEHIND_MS = 200;
/** Conjugate of the golden ratio. Multiples of it, modulo 1, spread evenly for any number of tasks. */
const SPREAD = 0.618_033_988_749_895;
/** Number of phases. Tasks with the same phase share one wake-up and its calls to the network. */
const PHASES = 4;
/** Bins of the lateness histogram: 0.25 ms each, up to 64 ms. */
const BIN_MS = 0.25;
const BINS = 256;

/** Lateness of ticks since the start. */
export interface PacingStats {
  ticks: number;
  /** Skipped after the process stood still. */
  skipped: number;
  latenessP50Ms: number;
  latenessP99Ms: number;
  latenessP999Ms: number;
  latenessMaxMs: number;
}

export interface PacerHooks {
  /** Called before the tasks that are due. */
  before(): void;
  /** Called after each task, with the time on the grid when it was due. */
  after(dueMs: number): void;
}

interface Task {
  run: (nowMs: number) => void;
  nextMs: number;
}

/**
 * Runs tasks every 20 ms on an absolute grid, so that lateness never accumulates (a repeating timer drifts by 0.6 %). Tasks are spread
 * over several phases of the tick, so that rooms do not wait for one another.
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

  /** Runs a task every 20 ms. Returns a function that stops it. If the task throws, the thread ends. */
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
    // Timers have a resolution of 1 ms. Rounding down would wake the thread once too early.
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
