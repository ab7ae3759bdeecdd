/** The captioner as a child process of `canopy serve`. */
import { CanopyError } from '../base/index.ts';
import { MediaUdp, RoomListener } from '../recorder/index.ts';
import type { ListenOptions } from '../signaling/index.ts';
import { CaptionerMetrics } from './captioner-metrics.ts';
import type { CaptionerReport } from './captioner-report.ts';
import { becomeRoomProgram, type RoomContext } from './room-program.ts';

const udp = new MediaUdp();
let metrics: CaptionerMetrics;

becomeRoomProgram<ListenOptions, CaptionerReport>({
  name: 'captioner',
  metrics(rooms) {
    metrics = new CaptionerMetrics(rooms);
    return metrics;
  },
  start,
  closeMs: 2_000,
});

async function start(
  { roomId, language }: ListenOptions,
  { config, log, sessions, report, ended }: RoomContext<CaptionerReport>,
): Promise<RoomListener> {
  const { url, secret, voices } = config.captions;
  if (url === undefined) {
    throw new CanopyError('CAPTIONS_UNAVAILABLE');
  }
  const listener = await RoomListener.start({
    udp,
    roomId,
    language,
    maxVoices: voices,
    service: { url, secret },
    join: (room) => sessions.join(room),
    log,
  });
  listener.on('heard', (participantId, { text, isFinal }) => {
    metrics.texts.inc();
    report({ participantId, text, isFinal });
  });
  listener.on('failed', () => {
    metrics.failures.inc();
    report('unheard');
  });
  listener.once('ended', ended);
  return listener;
}
