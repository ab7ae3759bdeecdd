import type { Logger } from 'pino';
import { CpuWindow } from './cpu-window.ts';
import { type MachineTicks, machineTicks } from './machine-ticks.ts';
import { Stress, type StressLevel } from './stress.ts';

/** Measuring interval, in milliseconds. */
const INTERVAL_MS = 1000;

interface Measured {
  readonly cpu: CpuWindow;
  readonly stress: Stress;
  share: number | null;
}

export interface LoadMonitorOptions {
  /** The live workers and the CPU time each has used, in seconds. */
  workers(): ReadonlyArray<{ workerId: string; cpuSeconds: number }>;
  /** Maximum share of a core a worker should use, 0 to 1; 0: no limit, so no stress. */
  limitShare: number;
  log: Logger;
  /** Reads the machine's CPU ticks. Default: those of this machine. */
  machine?(): MachineTicks;
}

/**
 * Measures the share of a core that each worker uses. Time stolen by the hypervisor is not available: if it takes a fifth, a worker can use
 * at most 0.8 of a core. Owned by Sfu.
 */
export class LoadMonitor {
  readonly #options: LoadMonitorOptions;
  readonly #machine: () => MachineTicks;
  readonly #stolen = new CpuWindow();
  readonly #total = new CpuWindow();
  readonly #workers = new Map<string, Measured>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: LoadMonitorOptions) {
    this.#options = options;
    this.#machine = options.machine ?? machineTicks;
    this.#timer = setInterval(() => this.read(performance.now()), INTERVAL_MS);
    this.#timer.unref();
  }

  /** Share of its available core that a worker used over the last 5 s, 0 to 1; null: not known yet. */
  shareOf(workerId: string): number | null {
    return this.#workers.get(workerId)?.share ?? null;
  }

  levelOf(workerId: string): StressLevel {
    return this.#workers.get(workerId)?.stress.level ?? 0;
  }

  /** Share of the machine's CPU time taken by the hypervisor for other guests, 0 to 1. */
  get stealShare(): number {
    const total = this.#total.rate ?? 0;
    return total > 0 ? Math.min(1, Math.max(0, (this.#stolen.rate ?? 0) / total)) : 0;
  }

  /** Updates all measurements; called once per second. */
  read(nowMs: number): void {
    const { total, stolen } = this.#machine();
    this.#total.add(total, nowMs);
    this.#stolen.add(stolen, nowMs);
    const live = this.#options.workers();
    const ids = new Set(live.map(({ workerId }) => workerId));
    for (const workerId of this.#workers.keys()) {
      if (!ids.has(workerId)) {
        this.#workers.delete(workerId);
      }
    }
    for (const { workerId, cpuSeconds } of live) {
      this.#readWorker(workerId, cpuSeconds, nowMs);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #readWorker(workerId: string, cpuSeconds: number, nowMs: number): void {
    const measured = this.#workers.get(workerId) ?? {
      cpu: new CpuWindow(),
      stress: new Stress(this.#options.limitShare),
      share: null,
    };
    this.#workers.set(workerId, measured);
    measured.cpu.add(cpuSeconds * 1000, nowMs);
    const { rate } = measured.cpu;
    if (rate === null) {
      return;
    }
    measured.share = rate / Math.max(0.01, 1 - this.stealShare);
    const { level } = measured.stress;
    if (measured.stress.update(measured.share, nowMs) !== level) {
      this.#options.log.warn(
        { workerId, cpuShare: measured.share, stealShare: this.stealShare, level: measured.stress.level },
        'media worker stress level changed',
      );
    }
  }
}
