import type { Registry } from 'prom-client';
import { conferenceMetrics } from './conference/index.ts';
import { directCallMetrics } from './direct-calls/index.ts';
import { linkMetrics } from './links/index.ts';
import { webhookMetrics } from './webhooks/index.ts';

/** Registers the metrics of all features, for the reference pages only. In a server, each feature registers its own. */
export function registerMetrics(registry: Registry): void {
  conferenceMetrics(registry);
  linkMetrics(registry);
  webhookMetrics(registry);
  directCallMetrics(registry);
}
