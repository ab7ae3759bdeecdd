const TICK_MS = 20;
/** If a task is later than this, because the process stood still, ticks are skipped: a burst of late packets would be useless. */
const MAX_BEHIND_MS = 200;
/** Number of phases. Tasks of a phase share one wake-up and its calls to the network, and find the processor's caches warm. */
const PHASES = 4;
/** A phase takes further tasks up to this duration, in milliseconds, and gives one away if it has become longer than twice that. */
const PHASE_MS = 4;
/** Duration of a task that has yet to show it, in milliseconds. */
const ASSUMED_MS = 0.25;
/** Weight of the last tick in a task's mean duration. */
const SMOOTHING = 1 / 50;
/** Minimum time between moves of a task to another phase, in milliseconds. Each move delays one tick of that task. */
const MOVE_INTERVAL_MS = 1_000;
/** Packets wait no longer than this for those of later tasks, in milliseconds. */
const FLUSH_MS = 3;
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
  /** Called after the tasks that were due at one time on the grid, and from time to time between them. */
  after(dueMs: number): void;
}

interface Task {
  run: (nowMs: number) => void;
  nextMs: number;
  phase: number;
  /** Mean duration, in milliseconds. */
  meanMs: number;
}

/**
 * Runs tasks every 20 ms on an absolute grid, so that lateness never accumulates (a repeating timer drifts by 0.6 %). Tasks run together
 * as long as they do not keep each other waiting for long; beyond that, they are spread over several phases of the tick.
 */
export class Pacer {
  readonly #hooks: PacerHooks;
  readonly #tasks = new Set<Task>();
  readonly #now: () => number;
  readonly #originMs: number;
  readonly #histogram = new Uint32Array(BINS);
  #ticks = 0;
  #skipped = 0;
  #maxMs = 0;
  #movedMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #wakeMs = Number.POSITIVE_INFINITY;

  /** `now`: a monotonic clock, in milliseconds. */
  constructor(hooks: PacerHooks, now = () => performance.now()) {
    this.#hooks = hooks;
    this.#now = now;
    this.#originMs = now();
  }

  /** Runs a task every 20 ms. Returns a function that stops it. If the task throws, the thread ends. */
  add(run: (nowMs: number) => void): () => void {
    const durations = this.#durations();
    const free = durations.findIndex((duration) => duration < PHASE_MS);
    const phase = free >= 0 ? free : shortest(durations);
    const sincePhase = this.#now() - this.#originMs - offsetMs(phase);
    const nextMs = this.#originMs + offsetMs(phase) + (Math.floor(sincePhase / TICK_MS) + 1) * TICK_MS;
    const task = { run, nextMs, phase, meanMs: ASSUMED_MS };
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
    this.#timer = setTimeout(this.#wake, Math.max(0, Math.ceil(next - this.#now())));
  }

  readonly #wake = (): void => {
    this.#wakeMs = Number.POSITIVE_INFINITY;
    this.#hooks.before();
    let now = this.#now();
    let flushedMs = now;
    let unflushedMs: number | undefined;
    for (const task of this.#tasks) {
      if (task.nextMs > now) {
        continue;
      }
      const dueMs = this.#advance(task, now);
      if (unflushedMs !== undefined && (unflushedMs !== dueMs || now - flushedMs > FLUSH_MS)) {
        this.#hooks.after(unflushedMs);
        flushedMs = now;
      }
      unflushedMs = dueMs;
      task.run(now);
      const endMs = this.#now();
      task.meanMs += (endMs - now - task.meanMs) * SMOOTHING;
      now = endMs;
    }
    if (unflushedMs !== undefined) {
      this.#hooks.after(unflushedMs);
    }
    if (now - this.#movedMs > MOVE_INTERVAL_MS) {
      this.#movedMs = now;
      this.#shortenLongest();
    }
    this.#schedule();
  };

  /** Records the lateness of a task that is about to run, and sets its next time. Returns when it was due. */
  #advance(task: Task, now: number): number {
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
    return dueMs;
  }

  /** How long the tasks of each phase take, in milliseconds. */
  #durations(): number[] {
    const durations = new Array<number>(PHASES).fill(0);
    for (const { phase, meanMs } of this.#tasks) {
      durations[phase] = (durations[phase] as number) + meanMs;
    }
    return durations;
  }

  /** Moves a task from a phase that has become too long to the shortest one, if that helps. */
  #shortenLongest(): void {
    const durations = this.#durations();
    const to = shortest(durations);
    const after = durations[to] as number;
    const task = [...this.#tasks].findLast(({ phase, meanMs }) => {
      const before = durations[phase] as number;
      return before > 2 * PHASE_MS && after + meanMs < before;
    });
    if (task) {
      task.nextMs += (offsetMs(to) - offsetMs(task.phase) + TICK_MS) % TICK_MS;
      task.phase = to;
    }
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

function shortest(durations: readonly number[]): number {
  return durations.indexOf(Math.min(...durations));
}

function offsetMs(phase: number): number {
  return (phase / PHASES) * TICK_MS;
}
