/** The broadcaster as a child process of `canopy serve`. Its compositors are processes of their own, one for each room. */
import { setPriority } from 'node:os';
import { LIVE_AUDIO_KBPS } from '../base/index.ts';
import { MediaUdp, RoomBroadcaster } from '../recorder/index.ts';
import type { BroadcastOptions } from '../signaling/index.ts';
import { BroadcasterMetrics } from './broadcaster-metrics.ts';
import { becomeRoomProgram } from './room-program.ts';

/** Below the conference, above the compositors. */
const NICENESS = 5;
const FRAMES_PER_SECOND = 30;
const ENCODER_THREADS = 1;

setPriority(NICENESS);
// Compositors play what they get, so it comes as it is sent.
const udp = new MediaUdp({ isUrgent: true });
let metrics: BroadcasterMetrics;

becomeRoomProgram<BroadcastOptions, boolean>({
  name: 'broadcaster',
  metrics(rooms) {
    metrics = new BroadcasterMetrics(rooms);
    return metrics;
  },
  async start({ roomId, output }, { config, log, sessions, report, ended }) {
    const { height, videoKbps } = config.live;
    const broadcaster = await RoomBroadcaster.start({
      roomId,
      composition: {
        // Encoders want even numbers.
        width: 2 * Math.round((height * 8) / 9),
        height: 2 * Math.floor(height / 2),
        framesPerSecond: FRAMES_PER_SECOND,
        videoKbps,
        audioKbps: LIVE_AUDIO_KBPS,
        threads: ENCODER_THREADS,
        output,
      },
      udp,
      join: (room) => sessions.join(room, { takesVideo: true }),
      log,
    });
    broadcaster.on('flowing', (isFlowing) => {
      if (!isFlowing) {
        metrics.interruptions.inc();
      }
      report(isFlowing);
    });
    broadcaster.once('ended', ended);
    return broadcaster;
  },
  closeMs: 5_000,
});
