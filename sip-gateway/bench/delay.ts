import { setTimeout as sleep } from 'node:timers/promises';
import { type Codec, Codecs } from '../codecs/index.ts';
import { chirp, findChirp } from './chirp.ts';
import { machineFigure, type PhoneFigure, type PhoneReport, quantile, round } from './figures.ts';
import { BenchRoom, callRoom, preparePhones, type ServerWithPhones, setPassThrough } from './room-call.ts';
import { type LoggedPacket, RtpLoad } from './rtp-load.ts';

/** Codecs of the phones, with their payload types in our offers. */
const PAYLOAD_TYPES = { PCMU: 0, G722: 9, opus: 111 } as const;
type PhoneCodec = keyof typeof PAYLOAD_TYPES;
/** The phones, and whether the room gets what they send as it is. */
const VARIANTS: ReadonlyArray<{ name: PhoneCodec; passes: boolean }> = [
  { name: 'PCMU', passes: false },
  { name: 'PCMU', passes: true },
  { name: 'G722', passes: false },
  { name: 'opus', passes: false },
];
const CLIP_FRAMES = 25;
/** Such that a phone needs no gain, which would prevent the pass-through. */
const AMPLITUDE = 3_000;
const SETTLE_MS = 2_000;
/** Within one call, the phase between packets and mixer ticks is constant. Several calls show the spread. */
const CALLS = 4;
/** How long after a burst was sent the receiver's audio is searched for it. */
const WINDOW_MS = 400;
const MIN_SIMILARITY = 0.4;
const GOAL_MS = 60;
const ROOM_PAYLOAD_TYPE = 100;

/**
 * Measures the delay between a phone and its room through a whole server: SIP call, gateway, media worker, and a plain transport of the
 * room. Both ends send a burst every half second, which is found by cross-correlation in the audio received at the other end. All packets
 * are timestamped by one clock, received ones by the kernel.
 */
export async function measureDelay(
  server: ServerWithPhones,
  { seconds }: { seconds: number },
): Promise<PhoneReport> {
  const headline: PhoneFigure[] = [];
  const details: PhoneFigure[] = [];
  let met = true;
  await preparePhones(server);
  for (const { name, passes } of VARIANTS) {
    await setPassThrough(server, passes);
    const results: DelayResult[] = [];
    for (let call = 0; call < CALLS; call++) {
      results.push(...(await measureCall(server, { name, passes }, seconds / VARIANTS.length / CALLS)));
    }
    for (const [label, group] of Map.groupBy(results, ({ label }) => label)) {
      const delaysMs = group.flatMap((result) => result.delaysMs);
      const bursts = group.reduce((sum, result) => sum + result.bursts, 0);
      const p50 = quantile(delaysMs, 0.5);
      const p95 = quantile(delaysMs, 0.95);
      met &&= p50 <= GOAL_MS && p95 <= GOAL_MS;
      headline.push(
        { label: `${label}: delay, p50 (ms)`, value: round(p50), goal: `<= ${GOAL_MS}` },
        { label: `${label}: delay, p95 (ms)`, value: round(p95), goal: `<= ${GOAL_MS}` },
      );
      details.push({ label: `${label}: bursts found`, value: `${delaysMs.length} of ${bursts}` });
    }
  }
  return {
    headline,
    details: [...details, machineFigure()],
    notMeasured: [
      'Packetization: a phone and a browser each take 20 ms to fill a packet, with or without a gateway.',
      'The far end’s own jitter buffer, and the network: sender, server and receiver are on loopback.',
    ],
    traps: [
      'Included: the gateway’s jitter buffer (about 10 to 20 ms on a calm network), the wait for the mixer’s tick (up to 20 ms), the look-ahead of Opus (6.5 ms at our encoder, the sender’s own in the other direction), and the media worker.',
      'On a busy machine packets arrive unevenly and the jitter buffer grows: that delay is the machine’s.',
    ],
    met,
  };
}

/** Delays of one call in one direction. */
interface DelayResult {
  label: string;
  delaysMs: number[];
  bursts: number;
}

async function measureCall(
  server: ServerWithPhones,
  { name, passes }: { name: PhoneCodec; passes: boolean },
  seconds: number,
): Promise<DelayResult[]> {
  const codecs = await Codecs.load();
  const phone = await startLoad(await codecs.createCodec(name), PAYLOAD_TYPES[name]);
  const peer = await startLoad(await codecs.createOpus({ bitrateBps: 32_000 }), ROOM_PAYLOAD_TYPE);
  const room = await BenchRoom.join(server, peer.port, ROOM_PAYLOAD_TYPE);
  const call = await callRoom(server, { codec: name, port: phone.port });
  try {
    phone.send([call.port]);
    peer.send([room.port]);
    await sleep(SETTLE_MS);
    phone.take();
    peer.take();
    await sleep(seconds * 1_000);
    const atPhone = phone.take();
    const atPeer = peer.take();
    return [
      {
        label: `${name} phone to room${passes ? ', passed through' : ''}`,
        ...delays(atPhone, atPeer, await codecs.createCodec(passes ? name : 'opus', { sampleRate: 16_000 })),
      },
      {
        label: `room to ${name} phone${passes ? ', passed through' : ''}`,
        ...delays(atPeer, atPhone, await codecs.createCodec(name)),
      },
    ];
  } finally {
    await call.close();
    await room.close();
    await Promise.all([phone.close(), peer.close()]);
  }
}

/** Sends a burst, then silence, in a loop. */
async function startLoad(codec: Codec, payloadType: number): Promise<RtpLoad> {
  const frame = codec.sampleRate / 50;
  const clip = new Int16Array(CLIP_FRAMES * frame);
  clip.set(chirp(codec.sampleRate, AMPLITUDE));
  const frames = Array.from({ length: CLIP_FRAMES }, (_, i) =>
    codec.encode(clip.subarray(i * frame, (i + 1) * frame)).slice(),
  );
  codec.close();
  return RtpLoad.start({ frames, payloadType, clockRate: codec.clockRate, logsSent: true });
}

/** Delays from each burst's first packet until the receiver had the start of the burst. */
function delays(
  sender: LoggedPacket[],
  receiver: LoggedPacket[],
  codec: Codec,
): { delaysMs: number[]; bursts: number } {
  const sent = sender.filter(({ port, sequenceNumber }) => port === 0 && sequenceNumber % CLIP_FRAMES === 0);
  const received = receiver.filter(({ port }) => port !== 0);
  const decoded = received.map((packet) => ({ ...packet, samples: codec.decode(packet.payload).slice() }));
  const lastMs = received.at(-1)?.atMs ?? 0;
  const complete = sent.filter(({ atMs }) => atMs + WINDOW_MS < lastMs);
  const delaysMs = complete.flatMap(({ atMs }) => {
    const window = decoded.filter((packet) => packet.atMs >= atMs && packet.atMs < atMs + WINDOW_MS);
    const first = window[0];
    if (!first) {
      return [];
    }
    // Place samples by their timestamps, because silence is not sent.
    const place = ({ timestamp }: LoggedPacket) =>
      (((timestamp - first.timestamp) | 0) * codec.sampleRate) / codec.clockRate;
    const line = new Int16Array(((WINDOW_MS + 100) * codec.sampleRate) / 1000);
    for (const packet of window) {
      const at = place(packet);
      if (at >= 0 && at + packet.samples.length <= line.length) {
        line.set(packet.samples, at);
      }
    }
    const { at, similarity } = findChirp(line, codec.sampleRate);
    const holder = window.findLast((packet) => place(packet) <= at);
    if (similarity < MIN_SIMILARITY || !holder) {
      return [];
    }
    return [holder.atMs + ((at - place(holder)) * 1000) / codec.sampleRate - atMs];
  });
  codec.close();
  return { delaysMs, bursts: complete.length };
}
