/**
 * Departure-time error of paced legs: `node sip-gateway/media/pacing.bench.ts [legs=100] [rooms=25] [seconds=60] [threads=1]`.
 *
 * Every leg is a two-way PCMU call in a room with one speaker, and goes up as Opus. The phones are another process on the same
 * machine, which stamps each packet as it reads it: its own delays are in the figures. The error of a packet is the time by which it
 * comes early or late against the leg's RTP timestamps.
 */
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { loadavg, setPriority } from 'node:os';
import { Codecs } from '../codecs/index.ts';
import { sine } from '../test-audio/index.ts';
import { MediaThread } from './index.ts';
import { SendStream } from './rtp/index.ts';

const LOOPBACK = '127.0.0.1';
const WARM_UP_MS = 5_000;

interface PhonesResult {
  packets: number;
  errorsMs: { p50: number; p99: number; p999: number; max: number };
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** The child: sends a tone for every phone on a grid of its own and stamps what comes back. */
async function phones(): Promise<void> {
  // It is the instrument: it shall not be late itself.
  setPriority(-10);
  const socket = createSocket('udp4');
  socket.bind(0, LOOPBACK);
  await once(socket, 'listening');
  socket.setRecvBufferSize(4 << 20);
  process.send?.(socket.address().port);
  const [{ ports, seconds }] = (await once(process, 'message')) as [{ ports: number[]; seconds: number }];
  const codec = await (await Codecs.load()).createCodec('PCMU');
  const payload = codec.encode(sine(160, { frequencyHz: 400, sampleRate: 8_000 })).slice();
  const streams = ports.map((port, i) => ({
    port,
    stream: new SendStream({ ssrc: i + 1, payloadType: 0, firstSequenceNumber: 0, firstTimestamp: 0 }),
  }));
  const deviations = new Map<number, number[]>(ports.map((port) => [port, []]));
  const startMs = performance.now();
  socket.on('message', (datagram, { port }) => {
    const nowMs = performance.now();
    if (nowMs - startMs < WARM_UP_MS || (datagram[1] ?? 0) >= 200) return;
    deviations.get(port)?.push(nowMs - datagram.readUInt32BE(4) / 8);
  });
  let sent = 0;
  const timer = setInterval(() => {
    // Phones are spread over the 20 ms as real ones are.
    for (; (sent * 20) / streams.length < performance.now() - startMs; sent++) {
      const phone = streams[sent % streams.length];
      if (!phone) continue;
      socket.send(phone.stream.packet(payload), phone.port, LOOPBACK);
      phone.stream.advance(160);
    }
  }, 1);
  setTimeout(
    () => {
      clearInterval(timer);
      const errors = [...deviations.values()].flatMap((leg) => {
        const median = quantile(Float64Array.from(leg).sort(), 0.5);
        return leg.map((value) => Math.abs(value - median));
      });
      const sorted = Float64Array.from(errors).sort();
      const [p50 = 0, p99 = 0, p999 = 0, max = 0] = [0.5, 0.99, 0.999, 1].map((share) =>
        quantile(sorted, share),
      );
      process.send?.({ packets: errors.length, errorsMs: { p50, p99, p999, max } } satisfies PhonesResult);
      socket.close();
      process.disconnect();
    },
    WARM_UP_MS + seconds * 1000,
  );
}

async function main(): Promise<void> {
  const [legs = 100, rooms = 25, seconds = 60, threads = 1] = process.argv.slice(2).map(Number);
  const child = fork(import.meta.filename, ['phones']);
  const [phonesPort] = (await once(child, 'message')) as [number];
  const sink = createSocket('udp4');
  sink.bind(0, LOOPBACK);
  await once(sink, 'listening');
  const speakerSocket = createSocket('udp4');
  speakerSocket.bind(0, LOOPBACK);
  await once(speakerSocket, 'listening');

  const pool = await Promise.all(Array.from({ length: threads }, () => MediaThread.start()));
  const roomPorts: number[] = [];
  for (let r = 0; r < rooms; r++) {
    const roomId = `room ${r}`;
    const thread = pool[r % threads] as MediaThread;
    const { port } = await thread.request('room.open', { roomId, ip: LOOPBACK, port: 0 });
    roomPorts.push(port);
    const connection = {
      sendTo: { address: LOOPBACK, port: sink.address().port },
      receiveFrom: { address: LOOPBACK, port: speakerSocket.address().port },
      sendPayloadType: 100,
      receivePayloadType: 100,
      audioLevelExtensionId: 10,
    };
    await thread.request('room.connect', { roomId, connection });
  }
  const ports: number[] = [];
  for (let i = 0; i < legs; i++) {
    const legId = `leg ${i}`;
    const thread = pool[(i % rooms) % threads] as MediaThread;
    const { port } = await thread.request('leg.open', { legId, ip: LOOPBACK, ports: { min: 0, max: 0 } });
    const remote = { address: LOOPBACK, port: phonesPort };
    await thread.request('leg.start', { legId, media: { codec: 'PCMU', payloadType: 0, remote } });
    await thread.request('leg.join', { legId, roomId: `room ${i % rooms}`, ssrc: 1_000 + i });
    ports.push(port);
  }

  // One speaker a room.
  const opus = await (await Codecs.load()).createOpus({ sampleRate: 48_000, bitrateBps: 32_000 });
  const payload = opus.encode(sine(960, { frequencyHz: 300, sampleRate: 48_000 })).slice();
  const stream = new SendStream({ ssrc: 7, payloadType: 100, firstSequenceNumber: 0, firstTimestamp: 0 });
  const startMs = performance.now();
  let spoken = 0;
  const speaking = setInterval(() => {
    for (; spoken * 20 < performance.now() - startMs; spoken++) {
      const packet = stream.packet(payload);
      stream.advance(960);
      for (const port of roomPorts) speakerSocket.send(packet, port, LOOPBACK);
    }
  }, 5);

  child.send({ ports, seconds });
  const cpuBefore = await Promise.all(pool.map((thread) => thread.request('thread.stats', {})));
  const [result] = (await once(child, 'message')) as [PhonesResult];
  const after = await Promise.all(pool.map((thread) => thread.request('thread.stats', {})));
  clearInterval(speaking);
  const cpuSeconds = after.reduce(
    (sum, { cpuSeconds }, i) => sum + cpuSeconds - (cpuBefore[i]?.cpuSeconds ?? 0),
    0,
  );
  const first = await pool[0]?.request('leg.stats', { legId: 'leg 0' });
  const runSeconds = seconds + WARM_UP_MS / 1000;
  console.log(
    `${legs} legs, ${rooms} rooms, ${threads} media threads, ${seconds} s; load average ${loadavg()[0]?.toFixed(1)}`,
  );
  console.log(`packets measured ${result.packets} of ${legs * seconds * 50}`);
  console.log('departure error seen by the phones (ms)', result.errorsMs);
  for (const { pacing } of after) console.log('lateness of ticks (ms)', pacing);
  console.log(
    `CPU ${((100 * cpuSeconds) / runSeconds).toFixed(0)} % of a core, ${((100 * cpuSeconds) / runSeconds / legs).toFixed(2)} % a call`,
  );
  console.log('first leg', first);
  await Promise.all(pool.map((thread) => thread.close()));
  sink.close();
  speakerSocket.close();
}

await (process.argv[2] === 'phones' ? phones() : main());
