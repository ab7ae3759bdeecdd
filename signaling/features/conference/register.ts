import type { Kernel } from '../../kernel/index.ts';
import { registerAllocationRoute } from './allocation-route.ts';
import { bridgeHandlers } from './bridge-handlers.ts';
import { CONFERENCE_REQUESTS } from './contract.ts';
import { mediaHandlers } from './media-handlers.ts';
import { conferenceMetrics } from './metrics.ts';
import { roomHandlers } from './room-handlers.ts';

/** Conferences: entering rooms, sending and receiving media, and the participants of bridges. */
export function registerConference(kernel: Kernel): void {
  const handlers = { ...roomHandlers(kernel), ...mediaHandlers(kernel), ...bridgeHandlers(kernel) };
  kernel.requests(CONFERENCE_REQUESTS, handlers, { perConnection: ['room.join'] });
  registerAllocationRoute(kernel);
  const { allocationSeconds } = conferenceMetrics(kernel.registry);
  kernel.sfu.on('allocated', ({ durationMs }) => allocationSeconds.observe(durationMs / 1000));
}
