import type { Registry } from 'prom-client';
import { conferenceMetrics } from './conference/index.ts';

/** Registers every feature's metrics, for the reference pages: a server's features register their own. */
export function registerMetrics(registry: Registry): void {
  conferenceMetrics(registry);
}
