import type { RunData } from '../generator/index.ts';
import { type Figure, quantile, round } from './numbers.ts';

/** Of /proc/stat, on Linux. */
const TICKS_A_SECOND = 100;

/** How long it took until all were in who came together, and what that cost; of other scenarios nothing. */
export function comingInFigures({ scenario, peers, server, machine }: RunData): Figure[] {
  const joins = peers.flatMap(({ join }) => join ?? []);
  if (!scenario.allTogether || joins.length === 0) return [];
  const startMs = Math.min(...joins.map(({ startedAtMs }) => startedAtMs));
  const sinceStart = (atMs: readonly number[]) => atMs.map((each) => each - startMs).sort((a, b) => a - b);
  const begunMs = sinceStart(joins.map(({ startedAtMs }) => startedAtMs));
  const joinedMs = sinceStart(
    joins.map(({ startedAtMs, connectMs, joinMs }) => startedAtMs + connectMs + joinMs),
  );
  const picturesMs = sinceStart(peers.flatMap(({ firstPicturesAtMs }) => firstPicturesAtMs));
  const from = 'from the first connection until';
  const total = (pick: (peer: RunData['peers'][number]) => number) =>
    peers.reduce((sum, peer) => sum + pick(peer), 0);
  const lost = total(({ inboundBefore }) => inboundBefore.lostPackets);
  const packets = total(({ inboundBefore }) => inboundBefore.packets);
  const busyTicks = machine.cameIn.total - machine.cameIn.idle - machine.empty.total + machine.empty.idle;
  const nodeSeconds = server.cameIn.nodeCpuSeconds - server.before.nodeCpuSeconds;
  const workerSeconds = server.cameIn.workerCpuSeconds - server.before.workerCpuSeconds;
  return [
    { label: `${from} the last had begun (ms)`, value: round(begunMs.at(-1) ?? 0, 0) },
    { label: `${from} everybody had joined (ms)`, value: round(joinedMs.at(-1) ?? 0, 0) },
    { label: `${from} a picture was first received, p50 (ms)`, value: round(quantile(picturesMs, 0.5), 0) },
    { label: `${from} a picture was first received, p99 (ms)`, value: round(quantile(picturesMs, 0.99), 0) },
    { label: `${from} all pictures were received (ms)`, value: round(picturesMs.at(-1) ?? 0, 0) },
    { label: 'loss while they came (%)', value: round((100 * lost) / Math.max(1, lost + packets), 4) },
    { label: 'CPU while they came: Node (s)', value: round(nodeSeconds, 2) },
    { label: 'CPU while they came: media workers (s)', value: round(workerSeconds, 2) },
    { label: 'CPU while they came: the whole machine (s)', value: round(busyTicks / TICKS_A_SECOND, 2) },
  ];
}
