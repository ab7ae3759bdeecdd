import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, Registry } from 'prom-client';

/** Interval at which the event loop is looked at, in milliseconds; it is part of what is measured. At 10, that alone takes 0.4 % of a core. */
const RESOLUTION_MS = 100;

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
    const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    delay.enable();
    new Gauge({
      name: 'canopy_recorder_event_loop_delay_max_seconds',
      help: 'Longest delay of the recorder’s event loop since the last scrape',
      registers: [this.registry],
      collect() {
        this.set(Math.max(0, delay.max / 1e9 - RESOLUTION_MS / 1e3));
        delay.reset();
      },
    });
  }
}
