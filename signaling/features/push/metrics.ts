import { Counter, Gauge, type Registry } from 'prom-client';
import type { PushChannel } from './push-channel.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Registers the metrics of push messages. */
export function pushMetrics(
  registry: Registry,
  push?: { channel: Pick<PushChannel, 'counts'>; subscriptions: Pick<Subscriptions, 'size'> },
): void {
  new Counter({
    name: 'canopy_push_messages_total',
    help: 'Push messages: delivered, failed, dropped since there were too many, or to a subscription that was gone.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(push?.channel.counts ?? {})) {
        this.inc({ outcome }, count);
      }
    },
  });
  new Gauge({
    name: 'canopy_push_subscriptions',
    help: 'Devices that are notified by a push service.',
    registers: [registry],
    collect() {
      this.set(push?.subscriptions.size ?? 0);
    },
  });
}
