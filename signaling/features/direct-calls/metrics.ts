import { Counter, Gauge, type Registry } from 'prom-client';
import type { DirectCalls } from './direct-calls.ts';

/** Registers the metrics of direct calls. */
export function directCallMetrics(registry: Registry, calls?: Pick<DirectCalls, 'size' | 'counts'>): void {
  new Gauge({
    name: 'canopy_direct_calls',
    help: 'Calls between two people that ring or are in progress.',
    registers: [registry],
    collect() {
      this.set(calls?.size ?? 0);
    },
  });
  new Counter({
    name: 'canopy_direct_calls_total',
    help: 'Calls between two people that are over, by outcome.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of calls?.counts ?? []) {
        this.inc({ outcome }, count);
      }
    },
  });
}
