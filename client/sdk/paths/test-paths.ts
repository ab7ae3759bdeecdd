import type { types } from 'mediasoup-client';
import { arrivalRateBps, type VideoCounts, videosIn } from './link-estimate.ts';
import { type MediaPath, TestedPath, type TestedPathOptions } from './tested-path.ts';

export interface PathResult {
  path: MediaPath;
  state: 'testing' | 'connected' | 'blocked';
}

/** What a connection test has found so far. */
export interface PathReport {
  /** The paths that the server offers; calls use the first one that connects. */
  paths: PathResult[];
  /** The path that calls will use; undefined while unknown, and if all are blocked. */
  used?: MediaPath;
  /** Average round-trip time between this client and the server, in milliseconds; undefined if the browser does not tell. */
  roundTripMs?: number | undefined;
  /** Share of packets lost at a low rate, 0 to 1. */
  lossShare?: number;
  /** Variation of the packets' delay, in milliseconds. */
  jitterMs?: number | undefined;
  /** What the path carries towards this client, in bits per second. `limited`: the network carries less than a call may send. */
  received?: { bitrateBps: number; limited: boolean; videos: VideoCounts };
}

export interface PathTestOptions extends Omit<TestedPathOptions, 'device' | 'iceServers'> {
  createDevice(): Promise<types.Device>;
  /** Called with each new finding. */
  onProgress?: (report: PathReport) => void;
}

/** The network is the limit if it delivers less than this share of the packets … */
const WHOLE_SHARE = 0.93;
/** … or less than this share of the rate, which is measured with the accuracy of timers. */
const WHOLE_RATE_SHARE = 0.8;

/**
 * Tests over which paths this client's media reaches the server, and what the path that calls use carries. It needs no room, camera or
 * microphone.
 *
 * @throws {CanopyError} RATE_LIMITED, SERVER_BUSY - try later; SERVER_UNVERIFIED, CONNECTION_LOST
 */
export async function testPaths(options: PathTestOptions): Promise<PathReport> {
  const { connection, createDevice, onProgress = () => {} } = options;
  const opened = await connection.request('path.open', {});
  const report: PathReport = { paths: opened.paths.map((path) => ({ path, state: 'testing' })) };
  const found = (changes: Partial<PathReport>) => {
    Object.assign(report, changes);
    onProgress(structuredClone(report));
  };
  found({});
  const attempts: Array<Promise<TestedPath | undefined>> = [];
  try {
    const device = await createDevice();
    await device.load({ routerRtpCapabilities: opened.routerRtpCapabilities as types.RtpCapabilities });
    const { iceServers } = opened;
    for (const path of opened.paths) {
      const attempt = TestedPath.connect(path, { ...options, device, iceServers });
      attempts.push(attempt);
      attempt.then(
        (connected) => found({ paths: withState(report.paths, path, connected ? 'connected' : 'blocked') }),
        () => {},
      );
    }
    for (const [index, attempt] of attempts.entries()) {
      const tested = await attempt;
      if (tested) {
        found({ used: opened.paths[index] as MediaPath });
        await measure(tested, opened.maxBitrateBps, found);
        break;
      }
    }
    await Promise.all(attempts);
    return report;
  } finally {
    for (const attempt of attempts) {
      attempt.then(
        (tested) => tested?.close(),
        () => {},
      );
    }
    connection.request('path.close', {}).catch(() => {});
  }
}

async function measure(
  tested: TestedPath,
  maxBitrateBps: number,
  found: (changes: Partial<PathReport>) => void,
): Promise<void> {
  const light = await tested.receive('light');
  found({
    lossShare: Math.max(0, 1 - light.receivedPackets / light.sentPackets),
    jitterMs: light.jitterMs,
    roundTripMs: await tested.roundTripMs(),
  });
  const { samples, sentBytes, sentMs, sentPackets, receivedPackets } = await tested.receive('full');
  const rateBps = arrivalRateBps(samples) ?? 0;
  const sentBps = (sentBytes * 8 * 1000) / sentMs;
  const limited = receivedPackets < sentPackets * WHOLE_SHARE || rateBps < sentBps * WHOLE_RATE_SHARE;
  const bitrateBps = limited ? Math.min(rateBps, maxBitrateBps) : maxBitrateBps;
  found({ received: { bitrateBps, limited, videos: videosIn(bitrateBps) } });
}

function withState(paths: readonly PathResult[], path: MediaPath, state: PathResult['state']): PathResult[] {
  return paths.map((each) => (each.path === path ? { path, state } : each));
}
