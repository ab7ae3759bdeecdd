import { Counter, Gauge, Registry } from 'prom-client';

/** Metrics of the captioner process itself. */
export class CaptionerMetrics {
  readonly registry = new Registry();
  readonly texts = new Counter({
    name: 'canopy_captioner_texts_total',
    help: 'Texts from the transcription service',
    registers: [this.registry],
  });
  readonly failures = new Counter({
    name: 'canopy_captioner_failures_total',
    help: 'Rooms for which the transcription service stopped answering',
    registers: [this.registry],
  });

  /** @param running how many rooms are listened to */
  constructor(running: () => number) {
    new Gauge({
      name: 'canopy_captioner_rooms',
      help: 'Rooms with captions',
      registers: [this.registry],
      collect() {
        this.set(running());
      },
    });
  }
}
