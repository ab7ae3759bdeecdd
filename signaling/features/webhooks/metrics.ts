import { Counter, Gauge, type Registry } from 'prom-client';
import type { Deliveries } from './deliveries.ts';

/** Registers the metrics of webhooks. */
export function webhookMetrics(
  registry: Registry,
  deliveries?: Pick<Deliveries, 'counts' | 'waiting'>,
): void {
  new Counter({
    name: 'canopy_webhook_messages_total',
    help: 'Messages of webhooks: delivered, failed attempts, given up after a day, or dropped since too many waited.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(deliveries?.counts ?? {})) {
        this.inc({ outcome }, count);
      }
    },
  });
  new Gauge({
    name: 'canopy_webhook_messages_waiting',
    help: 'Messages of webhooks that wait for their first or next attempt.',
    registers: [registry],
    collect() {
      this.set(deliveries?.waiting ?? 0);
    },
  });
}
