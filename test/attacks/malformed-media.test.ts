// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createWorker } from 'mediasoup';
import { AttackedServer } from '../support/attacked-server.ts';
import { MediaCall } from '../support/media-call.ts';
import { newIdentity } from '../support/protocol-client.ts';
import { type RawLink, RawPeer } from '../support/raw-peer.ts';

/** Above what a worker reads as one packet. */
const MAX_BYTES = 1500;
const PACKETS = 4000;
const AT_ONCE = 40;
const PAUSE_MS = 2;
const SSRC = 0x2000_0000;
const PAYLOAD_TYPE = 111;
const VIDEO_PAYLOAD_TYPE = 96;
const DEPENDENCY_EXTENSION = 8;
const DEPENDENCY_DESCRIPTOR =
  'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension';

/** Codecs by name, with what their descriptors usually begin with. */
const CODECS = {
  VP8: { parameters: {}, starts: ['90e0ffff', '90808001', '10', '80', '90ff', 'ff'] },
  VP9: { parameters: { 'profile-id': 0 }, starts: ['8f', 'aa8001', 'ff', 'ea80010201', '02ff', 'be8001'] },
  H264: {
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
    starts: ['7c85', '78ffff', '780000', '67', '65', '7c'],
  },
  AV1: { parameters: {}, starts: ['0a', '1a0b', '38ffffffff', '28', '08'] },
} as const;

describe('threats 31 and 32: malformed media of an authorised participant', () => {
  let attacked: AttackedServer;
  let call: MediaCall;
  let hostile: RawPeer;

  before(async () => {
    attacked = await AttackedServer.start({ flags: ['--workers', '1'], env: { CANOPY_MEDIA_AV1: 'true' } });
    const { server } = attacked;
    call = await MediaCall.start(server, 'team');
    hostile = await RawPeer.enter(server.url, await newIdentity(server), 'team');
    await hostile.announceAudio('0', SSRC);
  });
  after(async () => {
    await hostile.leave();
    await call.leave();
    await attacked.close();
  });

  for (const what of ['RTP', 'RTCP'] as const) {
    it(`threat 31: ${what} of every size up to ${MAX_BYTES} bytes ends neither the worker nor a call`, async () => {
      for (const link of [hostile.send, hostile.recv]) {
        // libdatachannel itself refuses shorter ones.
        await flood(link, MAX_BYTES, (size) => malformed(what, size));
      }
      await call.goesOn();
    });
  }

  for (const [name, { parameters, starts }] of Object.entries(CODECS)) {
    it(`threat 32: truncated payload descriptors of ${name} and hostile dependency descriptors end neither`, async () => {
      const { producerId } = await hostile.client.get('producer.create', {
        transportId: hostile.send.info.transportId,
        kind: 'video',
        source: 'camera',
        rtpParameters: {
          mid: '1',
          codecs: [
            { mimeType: `video/${name}`, payloadType: VIDEO_PAYLOAD_TYPE, clockRate: 90_000, parameters },
          ],
          headerExtensions: [{ uri: DEPENDENCY_DESCRIPTOR, id: DEPENDENCY_EXTENSION }],
          encodings: [{ ssrc: SSRC + 1, scalabilityMode: 'L3T3' }],
          rtcp: { cname: 'hostile' },
        },
      });
      await flood(hostile.send, PACKETS, (index) => {
        const noise = bytes(`${name} ${index}`, 64);
        const start = Buffer.from(starts[index % starts.length] as string, 'hex');
        const payload = Buffer.concat([start, noise.subarray(0, noise.readUInt8(0) % 40)]);
        // Cut anywhere, also before the first byte.
        const kept = payload.subarray(0, noise.readUInt8(1) % (payload.length + 1));
        const descriptor = index % 2 ? noise.subarray(2, 2 + (noise.readUInt8(2) % 60)) : undefined;
        return video(index, noise.readUInt8(3) % 4 === 0, kept, descriptor);
      });
      await call.goesOn();
      await hostile.client.get('producer.close', { producerId });
    });
  }

  /** Sends many packets without saturating the machine. */
  async function flood(link: RawLink, packets: number, make: (index: number) => Buffer): Promise<void> {
    for (let index = 0; index < packets; index += 1) {
      link.send(make(index));
      if (index % AT_ONCE === 0) {
        await delay(PAUSE_MS);
      }
    }
  }
});

it('threats 31 and 34: a plain transport survives RTP, RTCP, SCTP and noise of every size, and forwards afterwards', async (t) => {
  const { MEDIASOUP_WORKER_BIN: workerBin } = process.env;
  const worker = await createWorker({ ...(workerBin && { workerBin }), logLevel: 'none' });
  t.after(() => worker.close());
  const router = await worker.createRouter({
    mediaCodecs: [{ kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 }],
  });
  const listenInfo = { protocol: 'udp', ip: '127.0.0.1' } as const;
  const source = await router.createPlainTransport({ listenInfo, comedia: true, enableSctp: true });
  const { id: producerId } = await source.produce({
    kind: 'audio',
    rtpParameters: {
      codecs: [{ mimeType: 'audio/opus', payloadType: PAYLOAD_TYPE, clockRate: 48_000, channels: 2 }],
      encodings: [{ ssrc: SSRC }],
    },
  });
  const sink = await router.createPlainTransport({ listenInfo });
  const sockets = [
    createSocket('udp4').bind(0, '127.0.0.1'),
    createSocket('udp4').bind(0, '127.0.0.1'),
  ] as const;
  const [sender, receiver] = sockets;
  await Promise.all(sockets.map((socket) => once(socket, 'listening')));
  t.after(() => sockets.map((socket) => socket.close()));
  await sink.connect({ ip: '127.0.0.1', port: receiver.address().port });
  await sink.consume({ producerId, rtpCapabilities: router.rtpCapabilities });
  for (const what of ['RTP', 'RTCP', 'SCTP', 'noise'] as const) {
    for (let size = 1; size <= MAX_BYTES; size += 1) {
      sender.send(malformed(what, size), source.tuple.localPort, '127.0.0.1');
      if (size % AT_ONCE === 0) {
        await delay(PAUSE_MS);
      }
    }
  }
  const arrived = once(receiver, 'message', { signal: AbortSignal.timeout(10_000) });
  for (let index = 0; index < 10; index += 1) {
    const packet = Buffer.alloc(60);
    packet.set([0x80, PAYLOAD_TYPE]);
    packet.writeUInt16BE((40_000 + index) & 0xffff, 2);
    packet.writeUInt32BE(index * 960, 4);
    packet.writeUInt32BE(SSRC, 8);
    sender.send(packet, source.tuple.localPort, '127.0.0.1');
  }
  await arrived;
  assert.equal(worker.closed, false);
});

/** Random content of this size, the same in each run, behind the first bytes of its protocol. */
function malformed(what: 'RTP' | 'RTCP' | 'SCTP' | 'noise', size: number): Buffer {
  const packet = bytes(`${what} ${size}`, Math.max(12, size));
  if (what === 'RTP') {
    packet.writeUInt8(0x80 | (packet.readUInt8(0) & 0x3f), 0);
    packet.writeUInt8(PAYLOAD_TYPE | (packet.readUInt8(1) & 0x80), 1);
    packet.writeUInt32BE(SSRC, 8);
  } else if (what === 'RTCP') {
    packet.writeUInt8(0x80 | (packet.readUInt8(0) & 0x3f), 0);
    packet.writeUInt8(200 + (packet.readUInt8(1) % 8), 1);
    if (size % 2) {
      packet.writeUInt16BE(Math.max(0, Math.floor(size / 4) - 1), 2);
    }
  } else if (what === 'SCTP') {
    // Both ports are 5000; then a chunk of any type (RFC 9260 §3).
    packet.writeUInt32BE(0x1388_1388, 0);
    if (size > 16) {
      packet.writeUInt8(packet.readUInt8(12) % 16, 12);
      packet.writeUInt16BE(size % 3 ? size - 12 : packet.readUInt16BE(14), 14);
    }
  }
  return packet.subarray(0, size);
}

/** A video packet, optionally with a dependency descriptor in a two-byte element (RFC 8285 §4.3). */
function video(index: number, marker: boolean, payload: Buffer, descriptor: Buffer | undefined): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(descriptor ? 0x90 : 0x80, 0);
  header.writeUInt8(VIDEO_PAYLOAD_TYPE | (marker ? 0x80 : 0), 1);
  header.writeUInt16BE(index & 0xffff, 2);
  header.writeUInt32BE(index * 1500, 4);
  header.writeUInt32BE(SSRC + 1, 8);
  if (!descriptor) {
    return Buffer.concat([header, payload]);
  }
  const element = Buffer.concat([Buffer.from([DEPENDENCY_EXTENSION, descriptor.length]), descriptor]);
  const padded = Buffer.concat([element, Buffer.alloc((4 - (element.length % 4)) % 4)]);
  const start = Buffer.from([0x10, 0x00, 0, padded.length / 4]);
  return Buffer.concat([header, start, padded, payload]);
}

function bytes(seed: string, outputLength: number): Buffer {
  return createHash('shake256', { outputLength }).update(seed).digest();
}
