import type { Kernel, Room } from '../../kernel/index.ts';
import { registerAllocationRoute } from './allocation-route.ts';
import { bridgeHandlers } from './bridge-handlers.ts';
import { CONFERENCE_REQUESTS } from './contract.ts';
import { mediaHandlers } from './media-handlers.ts';
import { conferenceMetrics } from './metrics.ts';
import { PlayableCodecs } from './playable-codecs.ts';
import { roomHandlers } from './room-handlers.ts';

/** Conferences: entering rooms, sending and receiving media, and the participants of bridges. */
export function registerConference(kernel: Kernel): void {
  const handlers = { ...roomHandlers(kernel), ...mediaHandlers(kernel), ...bridgeHandlers(kernel) };
  kernel.requests(CONFERENCE_REQUESTS, handlers, { perConnection: ['room.join'] });
  registerAllocationRoute(kernel);
  const playable = new PlayableCodecs(kernel);
  kernel.snapshotPart('playable', (room, peer) => playable.of(room, peer));
  kernel.followRights((room, peer) => playable.update(room, peer));
  kernel.sfu.on('receiverschanged', ({ roomId }) => {
    const room = kernel.rooms.find(roomId);
    for (const peer of room?.peers.values() ?? []) {
      playable.update(room as Room, peer);
    }
  });
  const { allocationSeconds } = conferenceMetrics(kernel.registry);
  kernel.sfu.on('allocated', ({ durationMs }) => allocationSeconds.observe(durationMs / 1000));
}
