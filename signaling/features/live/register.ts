import { LIVE_AUDIO_KBPS } from '../../../base/index.ts';
import type { Kernel } from '../../kernel/index.ts';
import { LIVE_REQUESTS } from './contract.ts';
import { liveHandlers } from './live-handlers.ts';
import { registerLiveRoutes } from './live-routes.ts';
import { LiveStreams } from './live-streams.ts';

/** CPU time of each line of the picture, in percent of a core: not less than was measured with 360, 720 and 1080 lines (docs/figures.md). */
const CPU_PERCENT_PER_LINE = 0.1;

/** Live streams: a separate process composes rooms and sends them out, and everyone in them is notified. */
export function registerLive(kernel: Kernel): void {
  const { config, log, broadcaster } = kernel;
  const streams =
    broadcaster && new LiveStreams({ config, broadcaster, log, room: (roomId) => kernel.rooms.find(roomId) });
  kernel.requests(LIVE_REQUESTS, liveHandlers(streams), { audited: ['live.start', 'live.stop'] });
  kernel.snapshotPart('live', (room) => ({
    running: streams?.in(room.roomId) ?? null,
    targets: streams ? config.live.targets : [],
    hls: streams !== undefined && config.live.hls,
    kbps: config.live.videoKbps + LIVE_AUDIO_KBPS,
    cpuPercent: Math.ceil(config.live.height * CPU_PERCENT_PER_LINE),
  }));
  if (!streams) {
    return;
  }
  registerLiveRoutes(kernel, streams);
  kernel.starting.add(() => streams.clear());
  kernel.follow((room, { kind }) => {
    if (kind === 'participant.left') {
      streams.peopleChanged(room);
    }
  });
  kernel.closing.add(() => streams.clear());
}
