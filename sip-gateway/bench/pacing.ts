import { setTimeout as sleep } from 'node:timers/promises';
import { machineFigure, type PhoneReport, quantile, round } from './figures.ts';
import { GatewayMedia } from './gateway-media.ts';
import { type LoggedPacket, RtpLoad } from './rtp-load.ts';
import { speechFrames } from './speech.ts';
import { Witness } from './witness.ts';

const LEGS = 100;
const ROOMS = 25;
const WARM_UP_MS = 4_000;
/** RTP clock of PCMU. */
const TICKS_PER_MS = 8;
export const GOAL_P999_MS = 10;
export const GOAL_MAX_MS = 40;

/**
 * Measures departure-time errors of packets to 100 phones: two-way PCMU calls in 25 rooms with a speaker each, with all phones sent to
 * their rooms as Opus. The kernel's time of receipt on loopback counts as time of departure. The error of a packet is how early or late
 * that is relative to its RTP timestamp.
 */
export async function measurePacing({
  seconds,
  threads,
}: {
  seconds: number;
  threads: number;
}): Promise<PhoneReport> {
  const phones = await RtpLoad.start({
    frames: await speechFrames('PCMU', 8_000),
    payloadType: 0,
    clockRate: 8_000,
  });
  const room = await RtpLoad.start({
    frames: await speechFrames('opus', 48_000),
    payloadType: 100,
    clockRate: 48_000,
  });
  const gateway = await GatewayMedia.start(threads);
  try {
    const ports = await gateway.open({
      legs: LEGS,
      rooms: ROOMS,
      phonesPort: phones.port,
      roomPort: room.port,
    });
    phones.send(ports.legPorts);
    room.send(ports.roomPorts);
    await sleep(WARM_UP_MS);
    const witness = await Witness.start();
    phones.take();
    const cpuBefore = gateway.cpuSeconds;
    const startedMs = performance.now();
    await sleep(seconds * 1_000);
    const arrivals = phones.take();
    const lastedSeconds = (performance.now() - startedMs) / 1_000;
    const cpuShare = (gateway.cpuSeconds - cpuBefore) / lastedSeconds;
    const machine = await witness.stop();
    const errors = departureErrorsMs(arrivals);
    const expected = LEGS * lastedSeconds * 50;
    const { threads: threadStats } = await gateway.stats();
    const p999 = quantile(errors, 0.999);
    const max = quantile(errors, 1);
    return {
      headline: [
        { label: `departure error of ${LEGS} legs, p50 (ms)`, value: round(quantile(errors, 0.5), 2) },
        { label: 'departure error, p99 (ms)', value: round(quantile(errors, 0.99), 2) },
        { label: 'departure error, p99.9 (ms)', value: round(p999, 2), goal: `<= ${GOAL_P999_MS}` },
        { label: 'departure error, largest (ms)', value: round(max, 2), goal: `<= ${GOAL_MAX_MS}` },
        {
          label: 'packets over 40 ms',
          value: errors.filter((error) => error > GOAL_MAX_MS).length,
          goal: '0',
        },
      ],
      details: [
        { label: 'media threads', value: threadStats.length },
        { label: 'packets measured', value: errors.length },
        { label: 'packets measured, share of those due (%)', value: round((100 * errors.length) / expected) },
        { label: 'CPU of the gateway process (% of a core)', value: round(100 * cpuShare) },
        { label: 'CPU per call (% of a core)', value: round((100 * cpuShare) / LEGS, 2) },
        {
          label: 'ticks skipped after a stall',
          value: sum(threadStats.map(({ pacing }) => pacing.skipped)),
        },
        ...machine,
        machineFigure(),
      ],
      notMeasured: [
        'A network: the kernel timestamps packets on loopback.',
        'Signalling: calls are opened directly in the media threads.',
      ],
      traps: [
        'Phones, room and gateway share this machine; if it is busy, the figures are those of its scheduler. Run under `chrt -f 10` to exclude other programs.',
      ],
      met: p999 <= GOAL_P999_MS && max <= GOAL_MAX_MS,
    };
  } finally {
    await gateway.close();
    await Promise.all([phones.close(), room.close()]);
  }
}

/** How much each packet left early or late, relative to the timestamps of its leg, in milliseconds. */
export function departureErrorsMs(arrivals: readonly LoggedPacket[]): number[] {
  const legs = Map.groupBy(arrivals, ({ port }) => port);
  return [...legs.values()].flatMap((leg) => {
    const first = leg[0]?.timestamp ?? 0;
    const transit = leg.map(({ atMs, timestamp }) => atMs - ((timestamp - first) | 0) / TICKS_PER_MS);
    const median = quantile(transit, 0.5);
    return transit.map((ms) => Math.abs(ms - median));
  });
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
