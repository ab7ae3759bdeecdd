/** Runs load peers in a separate process, which the generator starts with an IPC channel. */
import { DelayHistogram, type NodeHandlerOptions } from '../../client/node/index.ts';
import { UdpRelay } from '../relay/index.ts';
import type { Scenario } from '../scenarios/index.ts';
import { LoadPeer } from './load-peer.ts';
import type { FromPeerProcess, PeerPlan, ProcessSample, ToPeerProcess } from './messages.ts';

const SAMPLE_INTERVAL_MS = 1000;
/** Where relays listen. */
const RELAY_ADDRESS = '127.0.0.2';

const peers = new Map<number, LoadPeer>();
const relays = new Set<UdpRelay>();
let sampleTimer: NodeJS.Timeout | undefined;
let measuring: { cpuSeconds: number; atMs: number } | undefined;

process.on('message', (message: ToPeerProcess) => {
  handle(message).catch((error: unknown) => {
    process.stderr.write(`load peers: ${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(1));

async function handle(message: ToPeerProcess): Promise<void> {
  switch (message.type) {
    case 'prepare':
      for (const plan of message.peers) {
        await prepare(message.serverUrl, message.scenario, plan);
      }
      sampleTimer ??= setInterval(() => tell({ type: 'sample', sample: sample() }), SAMPLE_INTERVAL_MS);
      tell({ type: 'prepared' });
      break;
    case 'join': {
      const error = await peers.get(message.index)?.join();
      tell({ type: 'joined', index: message.index, ...(error !== undefined && { error }) });
      break;
    }
    case 'part':
      await peers.get(message.index)?.leave();
      tell({ type: 'parted', index: message.index });
      break;
    case 'count': {
      const delay = new DelayHistogram();
      for (const peer of peers.values()) {
        delay.merge(peer.takeDelay());
      }
      tell({ type: 'counts', sample: sample(), delay: delay.toJSON() });
      break;
    }
    case 'measure':
      for (const peer of peers.values()) {
        peer.startMeasuring();
      }
      measuring = { cpuSeconds: cpuSeconds(), atMs: performance.now() };
      break;
    case 'finish': {
      const start = measuring ?? { cpuSeconds: 0, atMs: 0 };
      const used = cpuSeconds() - start.cpuSeconds;
      const wallSeconds = (performance.now() - start.atMs) / 1000;
      clearInterval(sampleTimer);
      const reports = await Promise.all([...peers.values()].map((peer) => peer.finish()));
      tell({ type: 'report', peers: reports, cpuSeconds: used, wallSeconds });
      break;
    }
    case 'leave':
      await Promise.all([...peers.values()].map((peer) => peer.leave()));
      for (const relay of relays) {
        relay.close();
      }
      // The generator ends this process.
      tell({ type: 'left' });
  }
}

async function prepare(serverUrl: string, scenario: Scenario, plan: PeerPlan): Promise<void> {
  const mapCandidate = scenario.network && behindRelay(scenario, plan);
  const options = { serverUrl, scenario, plan, ...(mapCandidate && { mapCandidate }) };
  peers.set(plan.index, await LoadPeer.create(options));
}

/** Puts a bad network between a peer and every address that the server offers: one access line for all of the peer's transports. */
function behindRelay({ network, seed = 1 }: Scenario, plan: PeerPlan): NodeHandlerOptions['mapCandidate'] {
  const opened = new Map<string, Promise<UdpRelay>>();
  return async (candidate) => {
    const upstream = { address: candidate.address ?? candidate.ip, port: candidate.port };
    const key = JSON.stringify(upstream);
    const opening =
      opened.get(key) ??
      UdpRelay.create({
        listen: { address: RELAY_ADDRESS, port: 0 },
        upstream,
        ...network,
        shared: true,
        seed: seed * 10_000 + plan.index,
      });
    opened.set(key, opening);
    const relay = await opening;
    relays.add(relay);
    const { address, port } = relay.address;
    return { ...candidate, ip: address, address, port };
  };
}

function sample(): ProcessSample {
  const total = {
    receivedBytes: 0,
    receivedPackets: 0,
    sentBytes: 0,
    sentPackets: 0,
    lostPackets: 0,
    packets: 0,
    videoStreams: 0,
  };
  for (const peer of peers.values()) {
    const { inbound, link, videoStreams } = peer.counters;
    total.receivedBytes += link.receivedBytes;
    total.receivedPackets += link.receivedPackets;
    total.sentBytes += link.sentBytes;
    total.sentPackets += link.sentPackets;
    total.lostPackets += inbound.lostPackets;
    total.packets += inbound.packets;
    total.videoStreams += videoStreams;
  }
  return { atMs: Date.now(), cpuSeconds: cpuSeconds(), rssBytes: process.memoryUsage.rss(), ...total };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function tell(message: FromPeerProcess): void {
  process.send?.(message);
}
