// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { it, type TestContext } from 'node:test';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { createWorker } from 'mediasoup';
import { parseRtp } from '../base/rtp/index.ts';
import { opusPacket, opusStream } from './support/bridge-socket.ts';
import { until } from './support/media-server.ts';
import { isPatched } from './support/patched-worker.ts';

const workerBin = process.env.MEDIASOUP_WORKER_BIN;
const skip =
  !isPatched(workerBin) &&
  'the worker in use was not built by the set-up, which makes its notifications wait for each other';

const SSRC = 1;
const PAYLOAD_TYPE = 111;
const PACKET_MS = 20;
const SILENCE = -80;
const SPEECH = -30;
/** Packets that come within this time have come together. */
const TOGETHER_MS = 5;
/** Notifications wait for up to 60 ms: an onset that waited would come later than this. */
const AT_ONCE_MS = 30;

it('a voice that continues is reported by several packets at a time, all in order', { skip }, async (t) => {
  const { say, heard } = await openMicrophone(t);
  const packets = 100;
  for (let index = 0; index < packets; index += 1) {
    // As between syllables.
    say(index % 8 === 0 ? SPEECH - 15 : SPEECH);
    await delay(PACKET_MS);
  }
  await until(() => heard.length === packets, 'every packet comes');
  assert.deepEqual(
    heard.map(({ sequence }) => (sequence - (heard[0]?.sequence ?? 0)) & 0xffff),
    Array.from({ length: packets }, (_, index) => index),
  );
  const groups = heard.filter(({ atMs }, index) => atMs - (heard[index - 1]?.atMs ?? 0) > TOGETHER_MS).length;
  t.diagnostic(`${packets} packets came in ${groups} groups`);
  assert.ok(groups < packets / 2);
});

it('the first packet of a voice is reported at once', { skip }, async (t) => {
  const { say, said, heard } = await openMicrophone(t);
  const waitsMs: number[] = [];
  for (let onset = 0; onset < 15; onset += 1) {
    for (let index = 0; index < 8; index += 1) {
      say(SILENCE);
      await delay(PACKET_MS);
    }
    // So that the onset's group begins with the next packet.
    await until(() => heard.length === said(), 'nothing waits');
    say(SILENCE);
    say(SPEECH);
    const saidAtMs = performance.now();
    await until(() => heard.length === said(), 'the onset comes');
    waitsMs.push((heard.at(-1)?.atMs ?? Number.NaN) - saidAtMs);
  }
  const median = waitsMs.sort((a, b) => a - b)[Math.floor(waitsMs.length / 2)] ?? Number.NaN;
  t.diagnostic(`after ${median.toFixed(1)} ms (median)`);
  assert.ok(median < AT_ONCE_MS);
});

it('what waits comes before an answer that is sent later', { skip }, async (t) => {
  const { say, said, heard, received } = await openMicrophone(t);
  for (let round = 0; round < 10; round += 1) {
    for (let index = 0; index < 3; index += 1) {
      say(SPEECH);
    }
    await until(async () => (await received()) === said(), 'the worker has all packets');
    // mediasoup emits notifications in the next turn of the loop.
    await turn();
    assert.equal(heard.length, said());
  }
});

/** A microphone whose packets the worker reports to this process. */
async function openMicrophone(t: TestContext) {
  const worker = await createWorker({ logLevel: 'none', ...(workerBin && { workerBin }) });
  t.after(() => worker.close());
  const router = await worker.createRouter({
    mediaCodecs: [{ kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 }],
  });
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  t.after(() => socket.close());
  await once(socket, 'listening');
  const source = await router.createPlainTransport({
    listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
    comedia: true,
  });
  const rtpParameters = opusStream(SSRC, PAYLOAD_TYPE);
  const producer = await source.produce({ kind: 'audio', rtpParameters });
  const tap = await (await router.createDirectTransport()).consume({
    producerId: producer.id,
    rtpCapabilities: router.rtpCapabilities,
  });
  const heard: Array<{ sequence: number; atMs: number }> = [];
  tap.on('rtp', (packet) => {
    heard.push({ sequence: parseRtp(packet)?.sequenceNumber ?? Number.NaN, atMs: performance.now() });
  });
  let said = 0;
  return {
    heard,
    /** Sends 20 ms of sound. */
    say(dbov: number): void {
      said += 1;
      socket.send(opusPacket(SSRC, PAYLOAD_TYPE, said, dbov), source.tuple.localPort, '127.0.0.1');
    },
    said: () => said,
    /** How many packets the worker has received. */
    received: async () => (await producer.getStats())[0]?.packetCount,
  };
}
