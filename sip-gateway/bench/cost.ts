import { setTimeout as sleep } from 'node:timers/promises';
import type { OpusSettings } from '../codecs/index.ts';
import { Srtp } from '../media/index.ts';
import { machineFigure, type PhoneFigure, type PhoneReport, quantile, round } from './figures.ts';
import { GatewayMedia } from './gateway-media.ts';
import type { CallsToOpen } from './gateway-process.ts';
import { RtpLoad, SRTP_SUITE, type Voice } from './rtp-load.ts';
import { Rtpengine, rtpengineVersion } from './rtpengine.ts';
import { speechFrames } from './speech.ts';

const CALLS = 32;
const PHONES_PER_ROOM = 4;
const THREADS = 2;
const WARM_UP_MS = 1_500;
const ROUNDS = 3;
/** How long the gateway handles calls before it is measured, in seconds: its code is compiled while it runs. */
const JIT_SECONDS = 12;
const OPUS_PAYLOAD_TYPE = 100;

/** Settings that both support: rtpengine accepts a bitrate, and always uses complexity 10 without FEC. */
const SAME_SETTINGS: OpusSettings = {
  bitrateBps: 16_000,
  complexity: 10,
  fec: false,
  expectedLossPercent: 0,
};
const RTPENGINE_OPUS = `opus/48000/1/${SAME_SETTINGS.bitrateBps}`;

/** A program that handles calls, with its settings. */
interface Variant {
  label: string;
  /** Whether its phones use SRTP. */
  readonly srtp?: boolean;
  readonly cpuSeconds: () => number;
  open(phones: RtpLoad, peers: RtpLoad): Promise<void>;
  end(): Promise<void>;
}

interface Cost {
  /** CPU per call, in percent of a core, for each round. */
  percent: number[];
  /** Share of packets delivered in the worst round and direction. */
  deliveredPercent: number;
}

/**
 * Measures CPU per two-way call between PCMU and Opus: of the gateway's media (one room per call, so that nothing is shared) and of
 * rtpengine if it is installed, alternately, under the same load. All CPU time of each process counts.
 */
export async function measureCost({ seconds }: { seconds: number }): Promise<PhoneReport> {
  const version = rtpengineVersion();
  const phoneVoice = { frames: await speechFrames('PCMU', 8_000), payloadType: 0, clockRate: 8_000 };
  const peerFrames = await speechFrames('opus', 48_000);
  const peerVoice = { frames: peerFrames, payloadType: OPUS_PAYLOAD_TYPE, clockRate: 48_000 };
  const media = await GatewayMedia.start(THREADS);
  const rtpengine = version === undefined ? undefined : await Rtpengine.start(THREADS);
  try {
    const same = gateway('gateway, settings of rtpengine', media, { opus: SAME_SETTINGS });
    const ours = gateway('gateway, its own settings (complexity 5, FEC)', media, {});
    const shared = gateway(`gateway, its own settings, ${PHONES_PER_ROOM} phones a room`, media, {
      rooms: CALLS / PHONES_PER_ROOM,
    });
    const forwarded = gateway('gateway, PCMU passed through to the room', media, {
      forwards: true,
    });
    const encrypted = Srtp.load().suites.includes(SRTP_SUITE)
      ? gateway(`gateway, its own settings, SRTP (${SRTP_SUITE})`, media, { srtp: true })
      : undefined;
    const engine = rtpengine && viaRtpengine(rtpengine);
    const variants = [
      ...(engine ? [engine] : []),
      same,
      ours,
      ...(encrypted ? [encrypted] : []),
      shared,
      forwarded,
    ];
    const costs = new Map<Variant, Cost>(
      variants.map((variant) => [variant, { percent: [], deliveredPercent: 100 }]),
    );
    const slice = Math.max(2, seconds / (ROUNDS * variants.length));
    await measure(same, [phoneVoice, peerVoice], JIT_SECONDS);
    for (let turn = 0; turn < ROUNDS; turn++) {
      for (const variant of variants) {
        const cost = costs.get(variant) as Cost;
        const { percent, deliveredPercent } = await measure(variant, [phoneVoice, peerVoice], slice);
        cost.percent.push(percent);
        cost.deliveredPercent = Math.min(cost.deliveredPercent, deliveredPercent);
      }
    }
    return report(costs, { same, ours, encrypted, forwarded, engine, version });
  } finally {
    await Promise.all([media.close(), rtpengine?.close()]);
  }
}

function report(
  costs: ReadonlyMap<Variant, Cost>,
  {
    same,
    ours,
    encrypted,
    forwarded,
    engine,
    version,
  }: {
    same: Variant;
    ours: Variant;
    encrypted: Variant | undefined;
    forwarded: Variant;
    engine: Variant | undefined;
    version: string | undefined;
  },
): PhoneReport {
  const variants = [...costs.keys()];
  const of = (variant: Variant) => quantile(costs.get(variant)?.percent ?? [], 0.5);
  const ratio = engine && of(same) / of(engine);
  const ratioFigure: PhoneFigure = {
    label: 'gateway to rtpengine, same Opus settings (ratio)',
    value: ratio === undefined ? 'rtpengine is not installed' : round(ratio, 2),
    goal: '<= 0.5',
  };
  return {
    headline: [
      ...variants.map((variant) => ({
        label: `CPU per call: ${variant.label} (% of a core)`,
        value: round(of(variant), 2),
      })),
      ratioFigure,
      {
        label: 'PCMU passed through, to PCMU converted to Opus (ratio)',
        value: round(of(forwarded) / of(ours), 2),
      },
      {
        label: 'SRTP: share of the cost of an encrypted call (%)',
        value: encrypted ? round(100 * (1 - of(ours) / of(encrypted)), 1) : 'libsrtp is not installed',
      },
    ],
    details: [
      { label: 'concurrent two-way calls', value: CALLS },
      { label: 'rtpengine', value: version ?? 'not installed' },
      ...variants.flatMap((variant): PhoneFigure[] => [
        {
          label: `${variant.label}: each round (% of a core)`,
          value:
            costs
              .get(variant)
              ?.percent.map((p) => p.toFixed(2))
              .join(' ') ?? '',
        },
        {
          label: `${variant.label}: packets delivered, at least (%)`,
          value: round(costs.get(variant)?.deliveredPercent ?? 0),
        },
      ]),
      machineFigure(),
    ],
    notMeasured: [
      'Signalling and the server’s own forwarding: only the gateway’s media threads and main thread count.',
      'The cost of gain control separately: our figures include it, and rtpengine has none.',
      'Equal Opus settings: rtpengine accepts a bitrate (16 kbit/s, mono) and encodes at 48 kHz with complexity 10; with the same settings the gateway encodes at the phone’s own 8 kHz.',
    ],
    traps: [
      'The variants alternate, since a shared machine changes from minute to minute: look at the ratio.',
      'A phone whose packets are late or lost costs less: compare only if nearly all were delivered.',
    ],
    met: ratio === undefined || ratio <= 0.5,
  };
}

async function measure(variant: Variant, [phoneVoice, peerVoice]: [Voice, Voice], seconds: number) {
  const phones = await RtpLoad.start({ ...phoneVoice, srtp: variant.srtp });
  const peers = await RtpLoad.start(peerVoice);
  try {
    await variant.open(phones, peers);
    await sleep(WARM_UP_MS);
    phones.take();
    peers.take();
    const startedMs = performance.now();
    const before = variant.cpuSeconds();
    await sleep(seconds * 1_000);
    const cpuSeconds = variant.cpuSeconds() - before;
    const lastedSeconds = (performance.now() - startedMs) / 1_000;
    const due = CALLS * lastedSeconds * 50;
    const delivered = Math.min(phones.take().length, peers.take().length) / due;
    return {
      percent: (100 * cpuSeconds) / lastedSeconds / CALLS,
      deliveredPercent: Math.min(100, 100 * delivered),
    };
  } finally {
    await variant.end();
    await Promise.all([phones.close(), peers.close()]);
  }
}

function gateway(
  label: string,
  media: GatewayMedia,
  settings: Partial<Pick<CallsToOpen, 'opus' | 'rooms' | 'forwards' | 'srtp'>>,
): Variant {
  return {
    label,
    srtp: settings.srtp,
    cpuSeconds: () => media.cpuSeconds,
    open: async (phones, peers) => {
      const calls = { legs: CALLS, rooms: CALLS, ...settings, phonesPort: phones.port, roomPort: peers.port };
      const { legPorts, roomPorts } = await media.open(calls);
      phones.send(legPorts);
      peers.send(roomPorts);
    },
    end: () => media.end(),
  };
}

function viaRtpengine(engine: Rtpengine): Variant {
  return {
    label: 'rtpengine',
    cpuSeconds: () => engine.cpuSeconds,
    open: async (phones, peers) => {
      const ports: Array<{ phone: number; peer: number }> = [];
      for (let i = 0; i < CALLS; i++) {
        ports.push(await engine.open(phones.port, peers.port, RTPENGINE_OPUS));
      }
      phones.send(ports.map(({ phone }) => phone));
      peers.send(ports.map(({ peer }) => peer));
    },
    end: () => engine.end(),
  };
}
