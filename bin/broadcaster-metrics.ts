import { Counter, Gauge, Registry } from 'prom-client';

/** Metrics of the broadcaster process itself. */
export class BroadcasterMetrics {
  readonly registry = new Registry();
  readonly interruptions = new Counter({
    name: 'canopy_broadcaster_interruptions_total',
    help: 'Interruptions of live streams, each failed retry included',
    registers: [this.registry],
  });

  /** @param running how many rooms are streamed */
  constructor(running: () => number) {
    new Gauge({
      name: 'canopy_broadcaster_rooms',
      help: 'Rooms that are streamed live',
      registers: [this.registry],
      collect() {
        this.set(running());
      },
    });
  }
}
