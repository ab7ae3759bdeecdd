import { Gauge, type Registry } from 'prom-client';
import type { Streams } from './streams.ts';

/** @param streams without it, for the reference pages only */
export function streamMetrics(registry: Registry, streams?: Pick<Streams, 'count'>): void {
  new Gauge({
    name: 'canopy_streams',
    help: 'Programs that send into rooms (direction publish) or watch them (watch).',
    labelNames: ['direction'],
    registers: [registry],
    collect() {
      for (const direction of ['publish', 'watch'] as const) {
        this.set({ direction }, streams?.count(direction) ?? 0);
      }
    },
  });
}
