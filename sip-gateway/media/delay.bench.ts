/**
 * Delay that the gateway adds, both ways, on loopback: `node sip-gateway/media/delay.bench.ts [bursts=40]`.
 *
 * A paced sender of 20 ms packets plays a phone and the room, each saying a short burst every half second. Measured from the moment
 * that the packet with the beginning of the burst is sent to the moment that the gateway's packet with it is received, plus where in
 * that packet it begins: jitter buffer, mixing tick, gain control and codec delays are in it, the 20 ms of a packet are not.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { loadavg, setPriority } from 'node:os';
import { type Codec, type CodecName, Codecs } from '../codecs/index.ts';
import { sine } from '../test-audio/index.ts';
import { MediaThread } from './index.ts';
import { parseRtp, SendStream } from './rtp/index.ts';

const LOOPBACK = '127.0.0.1';
const BURST_EVERY = 25;
const BURST_PACKETS = 5;
const bursts = Number(process.argv[2] ?? 40);

async function socketOnLoopback() {
  const socket = createSocket('udp4');
  socket.bind(0, LOOPBACK);
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

/** When bursts begin in the received stream, in ms of performance.now(). */
function detector(codec: Codec, onBurst: (atMs: number) => void) {
  let quiet = 0;
  return (datagram: Buffer) => {
    const nowMs = performance.now();
    const packet = (datagram[1] ?? 0) >= 200 && (datagram[1] ?? 0) <= 206 ? null : parseRtp(datagram);
    if (!packet) return;
    const samples = codec.decode(packet.payload);
    const at = samples.findIndex((value) => Math.abs(value) > 1_500);
    if (at < 0) quiet++;
    else {
      if (quiet > 5) onBurst(nowMs + (at * 1000) / codec.sampleRate);
      quiet = 0;
    }
  };
}

function quantile(values: number[], share: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toFixed(1);
}

async function measure(
  thread: MediaThread,
  codecs: Codecs,
  name: CodecName,
  payloadType: number,
): Promise<void> {
  const phone = await socketOnLoopback();
  const room = await socketOnLoopback();
  const roomId = `room ${name}`;
  const legId = `leg ${name}`;
  const { port: roomPort } = await thread.request('room.open', { roomId, ip: LOOPBACK, port: 0 });
  const roomAddress = { address: LOOPBACK, port: room.port };
  const payloads = { sendPayloadType: 100, receivePayloadType: 100 };
  const connection = { sendTo: roomAddress, receiveFrom: roomAddress, ...payloads };
  await thread.request('room.connect', { roomId, connection });
  const { port: legPort } = await thread.request('leg.open', {
    legId,
    ip: LOOPBACK,
    ports: { min: 0, max: 0 },
  });
  const remote = { address: LOOPBACK, port: phone.port };
  await thread.request('leg.start', { legId, media: { codec: name, payloadType, remote } });
  await thread.request('leg.join', { legId, roomId, ssrc: 9 });

  const ways = [
    {
      from: phone,
      to: legPort,
      type: payloadType,
      codec: await codecs.createCodec(name),
      heard: [] as number[],
      sent: [] as number[],
    },
    {
      from: room,
      to: roomPort,
      type: 100,
      codec: await codecs.createOpus(),
      heard: [] as number[],
      sent: [] as number[],
    },
  ] as const;
  const [up, down] = ways;
  room.socket.on(
    'message',
    detector(await codecs.createOpus({ sampleRate: 16_000 }), (atMs) => up.heard.push(atMs)),
  );
  phone.socket.on(
    'message',
    detector(await codecs.createCodec(name), (atMs) => down.heard.push(atMs)),
  );
  const streams = ways.map(
    ({ type }) => new SendStream({ ssrc: 5, payloadType: type, firstSequenceNumber: 0, firstTimestamp: 0 }),
  );

  const startMs = performance.now();
  await new Promise<void>((resolve) => {
    let i = 0;
    const timer = setInterval(() => {
      for (; i * 20.01 < performance.now() - startMs; i++) {
        for (const [w, way] of ways.entries()) {
          const { sampleRate, clockRate } = way.codec;
          // The two ways speak in turn, so that gain and echo of one do not touch the other.
          const burst = (i + w * 12) % BURST_EVERY < BURST_PACKETS;
          const amplitude = burst ? 12_000 : 0;
          const samples = sine(sampleRate / 50, { frequencyHz: 1_000, sampleRate, amplitude });
          const stream = streams[w] as SendStream;
          way.from.socket.send(stream.packet(way.codec.encode(samples)), way.to, LOOPBACK);
          if ((i + w * 12) % BURST_EVERY === 0) way.sent.push(performance.now());
          stream.advance(clockRate / 50);
        }
        if (i > bursts * BURST_EVERY) {
          clearInterval(timer);
          resolve();
          return;
        }
      }
    }, 1);
  });
  for (const [label, { sent, heard }] of [
    [`${name} phone → room`, up],
    [`room → ${name} phone`, down],
  ] as const) {
    // The first second is for finding one another.
    const delays = heard.flatMap((atMs) => {
      const began = sent.findLast((sentMs) => sentMs < atMs);
      return began !== undefined && atMs - began < 250 && began - startMs > 1_000 ? [atMs - began] : [];
    });
    const [p50, p95, max] = [0.5, 0.95, 1].map((share) => quantile(delays, share));
    console.log(`${label}: ${p50} ms (95 %: ${p95}, largest ${max}) over ${delays.length} bursts`);
  }
  await thread.request('leg.close', { legId });
  await thread.request('room.close', { roomId });
  for (const { codec } of ways) codec.close();
  phone.socket.close();
  room.socket.close();
}

setPriority(-10);
const codecs = await Codecs.load();
const thread = await MediaThread.start();
console.log(`load average ${loadavg()[0]?.toFixed(1)}`);
for (const [name, payloadType] of [
  ['PCMU', 0],
  ['G722', 9],
  ['opus', 96],
] as const) {
  await measure(thread, codecs, name, payloadType);
}
await thread.close();
