import { Counter, Gauge, Registry } from 'prom-client';

/** The supervised processes, by the prefix of their metrics: what they are called. */
const PROCESSES = {
  canopy_sip_gateway: 'phone gateway',
  canopy_recorder: 'recorder',
  canopy_captioner: 'captioner',
  canopy_broadcaster: 'broadcaster',
};

/** Metrics of a supervisor, about its process. */
export class ChildMetrics {
  readonly registry = new Registry();
  readonly up: Gauge;
  readonly restarts: Counter;

  constructor(prefix: keyof typeof PROCESSES) {
    const name = PROCESSES[prefix];
    const registers = [this.registry];
    this.up = new Gauge({
      name: `${prefix}_up`,
      help: `Whether the ${name} process is running and ready (1) or not (0)`,
      registers,
    });
    this.restarts = new Counter({
      name: `${prefix}_restarts_total`,
      help: `Restarts of the ${name} process after it died or hung`,
      registers,
    });
  }
}
