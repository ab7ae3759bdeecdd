import type { Kernel } from '../../kernel/index.ts';
import { disksOf } from './disks.ts';
import type { ServerStatus } from './rest.ts';

/** The state of the server, for whoever runs it. */
export async function statusOf(kernel: Kernel, startedAtMs: number): Promise<ServerStatus> {
  const { config, recorder, rooms, sfu, sockets, store } = kernel;
  const [workers, traffic, disks, bucket] = await Promise.all([
    sfu.workers(),
    sfu.traffic(),
    disksOf(config),
    kernel.recordingStorage(),
  ]);
  const load = sfu.load();
  const loads = new Map(load.workers.map((each) => [each.workerId, each]));
  return {
    name: config.server.name,
    version: kernel.version,
    startedAtMs,
    draining: kernel.draining,
    connections: sockets.size,
    rooms: rooms.size,
    participants: rooms.peers.reduce((sum, { participants }) => sum + participants.size, 0),
    workers: workers.map(({ workerId, pid, rtcPort, rooms, consumers, maxRssBytes }) => ({
      pid,
      rtcPort,
      rooms,
      consumers,
      cpuShare: loads.get(workerId)?.cpuShare ?? null,
      stressLevel: loads.get(workerId)?.stressLevel ?? 0,
      maxMemoryBytes: maxRssBytes,
    })),
    stealShare: load.stealShare,
    link: {
      allocatedBps: load.egressBps,
      limitBps: load.linkBps,
      heldConsumers: load.heldConsumers,
      receivedBytes: traffic.receivedBytes,
      sentBytes: traffic.sentBytes,
    },
    disks,
    database: store.engine,
    phones: kernel.callsPhones() ? 'ready' : config.sip.enabled ? 'down' : 'off',
    recorder: recorder === undefined ? 'off' : recorder.isUp ? 'ready' : 'down',
    bucket: bucket ?? null,
  };
}
