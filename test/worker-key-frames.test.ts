// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { it, type TestContext } from 'node:test';
import { createWorker } from 'mediasoup';
import { buildRtp, isRtcp, parseRtp, parseVp8 } from '../base/rtp/index.ts';
import { until } from './support/media-server.ts';
import { isPatched } from './support/patched-worker.ts';

const workerBin = process.env.MEDIASOUP_WORKER_BIN;
const skip =
  !isPatched(workerBin) &&
  'the worker in use was not built by the set-up, which makes it forward the first key frame';

const LOOPBACK = '127.0.0.1';
const SSRC = 1;
const PAYLOAD_TYPE = 96;
const FRAME_MS = 10;
const KEY_INTERVAL_FRAMES = 16;

for (const [what, layers, marksKeys] of [
  ['three temporal layers', [0, 2, 1, 2], true],
  ['three temporal layers, whose key frames are not marked for switching', [0, 2, 1, 2], false],
  ['three announced temporal layers, of which one is sent', [0], true],
] as const) {
  it(`of a single VP8 stream with ${what}, a receiver gets a key frame first`, { skip }, async (t) => {
    const { send, receive } = await openCamera(t);
    let frames = 0;
    const timer = setInterval(() => {
      const temporalLayer = layers[frames % layers.length] as number;
      const isKey = frames % KEY_INTERVAL_FRAMES === 0;
      send(frames, { temporalLayer, isKey, isSync: isKey ? marksKeys : temporalLayer > 0 });
      frames += 1;
    }, FRAME_MS);
    t.after(() => clearInterval(timer));
    // The worker has to know the stream's bitrate before it chooses layers.
    await until(() => frames > 2 * KEY_INTERVAL_FRAMES, 'the stream is under way');
    const received = await receive();
    await until(() => received.length > 2 * KEY_INTERVAL_FRAMES, 'frames are forwarded', 30_000);
    assert.ok(received[0]?.keyFrame);
    assert.deepEqual(new Set(received.map(({ temporalLayer }) => temporalLayer)), new Set(layers));
  });
}

/** A camera of one encoding, for which three temporal layers are announced. */
async function openCamera(t: TestContext) {
  const worker = await createWorker({ logLevel: 'none', ...(workerBin && { workerBin }) });
  t.after(() => worker.close());
  const router = await worker.createRouter({
    mediaCodecs: [{ kind: 'video', mimeType: 'video/VP8', clockRate: 90_000 }],
  });
  const open = async () => {
    const socket = createSocket('udp4').bind(0, LOOPBACK);
    t.after(() => socket.close());
    await once(socket, 'listening');
    const transport = await router.createPlainTransport({ listenInfo: { protocol: 'udp', ip: LOOPBACK } });
    await transport.connect({ ip: LOOPBACK, port: socket.address().port });
    return { socket, transport };
  };
  const [source, sink] = [await open(), await open()];
  const producer = await source.transport.produce({
    kind: 'video',
    rtpParameters: {
      codecs: [{ mimeType: 'video/VP8', payloadType: PAYLOAD_TYPE, clockRate: 90_000 }],
      encodings: [{ ssrc: SSRC, scalabilityMode: 'L1T3' }],
    },
  });
  return {
    /** Sends a frame in one packet (RFC 7741). */
    send(number: number, frame: { temporalLayer: number; isKey: boolean; isSync: boolean }): void {
      const { temporalLayer, isKey, isSync } = frame;
      const descriptor = [0x90, 0xe0, 0x80 | ((number >> 8) & 0x7f), number & 0xff, (number >> 2) & 0xff];
      descriptor.push((temporalLayer << 6) | (isSync ? 0x20 : 0));
      // The head of a key frame tells its size, 320 × 180 (RFC 6386 §9.1).
      const head = isKey ? [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00] : [0x11, 0, 0];
      const packet = buildRtp({
        ssrc: SSRC,
        payloadType: PAYLOAD_TYPE,
        sequenceNumber: number & 0xffff,
        timestamp: number * 90 * FRAME_MS,
        marker: true,
        extensions: [],
        payload: [Uint8Array.from([...descriptor, ...head])],
      });
      source.socket.send(packet, source.transport.tuple.localPort, LOOPBACK);
    },
    /** Subscribes. Returns what is received from then on. */
    async receive() {
      const received: NonNullable<ReturnType<typeof parseVp8>>[] = [];
      const consumer = await sink.transport.consume({
        producerId: producer.id,
        // Without estimation, as bridges have it: then the target is the highest layer at once.
        rtpCapabilities: {
          codecs: router.rtpCapabilities.codecs?.map((codec) => ({ ...codec, rtcpFeedback: [] })),
        },
        paused: true,
      });
      const ssrc = consumer.rtpParameters.encodings?.[0]?.ssrc;
      sink.socket.on('message', (packet) => {
        const rtp = isRtcp(packet) ? undefined : parseRtp(packet);
        const frame = rtp?.ssrc === ssrc && rtp && parseVp8(rtp.payload);
        if (frame) {
          received.push(frame);
        }
      });
      await consumer.resume();
      return received;
    },
  };
}
