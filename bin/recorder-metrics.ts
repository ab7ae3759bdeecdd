import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';

/** Metrics of the recorder's supervisor. */
export class RecorderProcessMetrics {
  readonly registry = new Registry();
  readonly up = new Gauge({
    name: 'canopy_recorder_up',
    help: 'Whether the recorder process is running and ready (1) or not (0)',
    registers: [this.registry],
  });
  readonly restarts = new Counter({
    name: 'canopy_recorder_restarts_total',
    help: 'Restarts of the recorder process after it died or hung',
    registers: [this.registry],
  });
}

/** Metrics of the recorder process itself. */
export class RecorderMetrics {
  readonly registry = new Registry();

  /** @param running how many rooms are being recorded */
  constructor(running: () => number) {
    new Gauge({
      name: 'canopy_recorder_recordings',
      help: 'Rooms that are being recorded',
      registers: [this.registry],
      collect() {
        this.set(running());
      },
    });
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    new Gauge({
      name: 'canopy_recorder_event_loop_delay_max_seconds',
      help: 'Longest delay of the recorder’s event loop since the last scrape',
      registers: [this.registry],
      collect() {
        this.set(delay.max / 1e9);
        delay.reset();
      },
    });
  }
}
