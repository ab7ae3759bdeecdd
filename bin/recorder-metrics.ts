import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, Registry } from 'prom-client';

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
