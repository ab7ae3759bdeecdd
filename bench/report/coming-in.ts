import type { RunData } from '../generator/index.ts';
import { type Figure, quantile, round } from './numbers.ts';

/** Of /proc/stat, on Linux. */
const TICKS_A_SECOND = 100;

/** For scenarios where everyone joins at once: how long it took until everyone was in, and what that cost. */
export function comingInFigures({ scenario, peers, server, machine }: RunData): Figure[] {
  const joins = peers.flatMap(({ join }) => join ?? []);
  if (!scenario.allTogether || joins.length === 0) {
    return [];
  }
  const startMs = Math.min(...joins.map(({ startedAtMs }) => startedAtMs));
  const sinceStart = (atMs: readonly number[]) => atMs.map((each) => each - startMs).sort((a, b) => a - b);
  const begunMs = sinceStart(joins.map(({ startedAtMs }) => startedAtMs));
  const joinedMs = sinceStart(
    joins.map(({ startedAtMs, connectMs, joinMs }) => startedAtMs + connectMs + joinMs),
  );
  const picturesMs = sinceStart(peers.flatMap(({ firstPicturesAtMs }) => firstPicturesAtMs));
  const from = 'from the first connection to';
  const total = (pick: (peer: RunData['peers'][number]) => number) =>
    peers.reduce((sum, peer) => sum + pick(peer), 0);
  const lost = total(({ inboundBefore }) => inboundBefore.lostPackets);
  const packets = total(({ inboundBefore }) => inboundBefore.packets);
  const busyTicks = machine.cameIn.total - machine.cameIn.idle - machine.empty.total + machine.empty.idle;
  const nodeSeconds = server.cameIn.nodeCpuSeconds - server.before.nodeCpuSeconds;
  const workerSeconds = server.cameIn.workerCpuSeconds - server.before.workerCpuSeconds;
  return [
    { label: `${from} the last one (ms)`, value: round(begunMs.at(-1) ?? 0, 0) },
    { label: `${from} everyone joined (ms)`, value: round(joinedMs.at(-1) ?? 0, 0) },
    { label: `${from} a video’s first frame, p50 (ms)`, value: round(quantile(picturesMs, 0.5), 0) },
    { label: `${from} a video’s first frame, p99 (ms)`, value: round(quantile(picturesMs, 0.99), 0) },
    { label: `${from} the last video’s first frame (ms)`, value: round(picturesMs.at(-1) ?? 0, 0) },
    { label: 'loss while joining (%)', value: round((100 * lost) / Math.max(1, lost + packets), 4) },
    { label: 'CPU while joining: Node (s)', value: round(nodeSeconds, 2) },
    { label: 'CPU while joining: media workers (s)', value: round(workerSeconds, 2) },
    { label: 'CPU while joining: the whole machine (s)', value: round(busyTicks / TICKS_A_SECOND, 2) },
  ];
}
