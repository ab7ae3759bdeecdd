import { Counter, Gauge, type Registry } from 'prom-client';
import type { Lobby } from './lobby.ts';

/** Registers the metrics of lobbies. */
export function linkMetrics(registry: Registry, lobby?: Pick<Lobby, 'size' | 'counts'>): void {
  new Gauge({
    name: 'canopy_lobby_waiting',
    help: 'People waiting in lobbies.',
    registers: [registry],
    collect() {
      this.set(lobby?.size ?? 0);
    },
  });
  new Counter({
    name: 'canopy_lobby_outcomes_total',
    help: 'People who waited in a lobby, by how that ended: admitted, denied, or left by themselves.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(lobby?.counts ?? {})) {
        this.inc({ outcome }, count);
      }
    },
  });
}
