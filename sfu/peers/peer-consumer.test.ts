import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createWorker } from 'mediasoup';
import type { DirectTransport, Producer, Router, Worker } from 'mediasoup/types';
import { RtpPacket } from 'rtp.js/packets';
import { PeerConsumer } from './peer-consumer.ts';

const SSRCS = [1111, 2222];
const PAYLOAD_TYPE = 96;
const CODEC = {
  kind: 'video' as const,
  mimeType: 'video/VP8',
  clockRate: 90_000,
  rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
};
/** RTCP: payload-specific feedback, picture loss indication (RFC 4585 §6.3.1). */
const PSFB = 206;
const PLI = 1;

describe('PeerConsumer', () => {
  let worker: Worker;
  let router: Router;
  let sending: DirectTransport;
  let producer: Producer;
  let consumer: PeerConsumer;
  let sequenceNumber = 0;
  let requests = 0;
  const onRequest = new Set<() => void>();

  before(async () => {
    worker = await createWorker({ logLevel: 'error' });
    router = await worker.createRouter({ mediaCodecs: [CODEC] });
    sending = await router.createDirectTransport();
    producer = await sending.produce({
      kind: 'video',
      rtpParameters: {
        codecs: [{ ...CODEC, payloadType: PAYLOAD_TYPE }],
        encodings: SSRCS.map((ssrc) => ({ ssrc })),
        rtcp: { cname: 'sender' },
      },
    });
    sending.on('rtcp', (packet) => {
      if (packet[1] !== PSFB || ((packet[0] ?? 0) & 0x1f) !== PLI) {
        return;
      }
      requests += 1;
      for (const heard of onRequest) {
        heard();
      }
    });
    const receiving = await router.createDirectTransport();
    const { rtpCapabilities } = router;
    consumer = new PeerConsumer(
      await receiving.consume({ producerId: producer.id, rtpCapabilities, paused: true }),
    );
  });

  after(() => worker.close());

  /** Sends one packet of a layer. */
  function send(layer: number, frame: 'key' | 'inter'): void {
    const packet = new RtpPacket();
    packet.setPayloadType(PAYLOAD_TYPE);
    packet.setSsrc(SSRCS[layer] ?? 0);
    sequenceNumber += 1;
    packet.setSequenceNumber(sequenceNumber);
    packet.setTimestamp(sequenceNumber * 3000);
    // A descriptor with the start of a partition, and a frame's first byte (RFC 7741 §4.2 and §4.3).
    const payload = Buffer.from([0x10, frame === 'key' ? 0 : 1, 0, 0, 0, 0, 0, 0]);
    packet.setPayload(new DataView(payload.buffer, payload.byteOffset, payload.byteLength));
    const bytes = Buffer.alloc(packet.getByteLength());
    packet.serialize(bytes.buffer, bytes.byteOffset);
    producer.send(bytes);
  }
  /** Resolves once this many key frames were requested in all. */
  const requested = async (count: number) => {
    while (requests < count) {
      await new Promise<void>((resolve) => onRequest.add(resolve));
      onRequest.clear();
    }
  };

  it('re-requests a key frame if both requests of the worker were lost, until it arrives', async () => {
    send(0, 'inter');
    await consumer.setServerLayers({ spatialLayer: 0, temporalLayer: 0 });
    await consumer.setHeld(false);
    await consumer.setWanted(true);
    await requested(2);
    consumer.checkKeyFrame();
    consumer.checkKeyFrame();
    await requested(3);
    const { mediasoupConsumer } = consumer;
    const came = new Promise((resolve) => mediasoupConsumer.once('layerschange', resolve));
    send(0, 'key');
    await came;
    const asked = requests;
    for (const _look of [1, 2, 3]) {
      consumer.checkKeyFrame();
    }
    // The worker handles requests in order.
    await mediasoupConsumer.getStats();
    assert.equal(requests, asked);
  });
});
