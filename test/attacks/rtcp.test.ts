// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AttackedServer } from '../support/attacked-server.ts';
import { MediaCall } from '../support/media-call.ts';
import { newIdentity } from '../support/protocol-client.ts';
import { type RawLink, RawPeer } from '../support/raw-peer.ts';
import { bye, fir, nackRange, nearReport, pli, rtcp, transportFeedback } from '../support/rtcp.ts';
import type { TestServer } from '../support/server.ts';

const PACKETS = 10_000;
const RANDOM_PACKETS = 4000;
const AT_ONCE = 40;
const PAUSE_MS = 2;
const SENDER_REPORT = 200;
/** RTP parameters of the hostile peer's own stream; the payload type is opus()'s. */
const OWN_SSRC = 0x1000_0000;
const OWN_MID = '0';
const MID_EXTENSION = 4;
const PAYLOAD_TYPE = 111;

describe('threat 11: a participant who sends arbitrary, correctly encrypted packets', () => {
  let attacked: AttackedServer;
  let server: TestServer;
  let call: MediaCall;
  let hostile: RawPeer;
  /** The hostile peer's consumer of Ann's video. */
  let consumed: { ssrc: number; firstSequence: number };

  before(async () => {
    attacked = await AttackedServer.start({ flags: ['--workers', '1'] });
    server = attacked.server;
    call = await MediaCall.start(server, 'team');
    hostile = await RawPeer.enter(server.url, await newIdentity(server), 'team');
    await hostile.announceAudio(OWN_MID, OWN_SSRC);
    await Promise.all([call.ann, call.bob].map((talker) => talker.subscribed(3)));
    const producer = hostile.producers.find(({ producerId }) => producerId === videoProducerId());
    assert.ok(producer);
    const { consumers } = await hostile.client.get('consumer.create', {
      transportId: hostile.recv.info.transportId,
      producerIds: [producer.producerId],
    });
    const [consumer] = consumers;
    assert.ok(consumer);
    const { encodings } = consumer.rtpParameters as unknown as { encodings: Array<{ ssrc: number }> };
    const ssrc = encodings[0]?.ssrc ?? 0;
    const first = hostile.recv.rtp((packet) => packet.readUInt32BE(8) === ssrc);
    await hostile.client.get('consumer.resume', { consumerIds: [consumer.consumerId] });
    consumed = { ssrc, firstSequence: (await first).readUInt16BE(2) };
  });
  after(async () => {
    await hostile.leave();
    await call.leave();
    await attacked.close();
  });

  it(`threat 11: ${PACKETS} key-frame requests (PLI and FIR) cause few key frames at the sender`, async (t) => {
    const before = { requests: call.ann.outboundVideo.counters.keyFrameRequests, frames: call.bob.keyFrames };
    const beganMs = performance.now();
    await flood(hostile.recv, (index) => (index % 2 ? pli(consumed.ssrc) : fir(consumed.ssrc, index, 50)));
    await call.goesOn();
    const seconds = (performance.now() - beganMs) / 1000;
    const requests = call.ann.outboundVideo.counters.keyFrameRequests - before.requests;
    const frames = call.bob.keyFrames - before.frames;
    t.diagnostic(`${requests} reached the sender in ${seconds.toFixed(1)} s, ${frames} key frames came`);
    assert.ok(requests > 0);
    assert.ok(requests <= 2 + 4 * seconds, `${requests} requests in ${seconds} s`);
  });

  it(`threat 11: a storm of ${PACKETS} NACKs for everything buffered, with a tiny round-trip time, does not reach senders`, async (t) => {
    const before = { ...hostile.recv.counters };
    const resent = call.ann.outboundVideo.counters.retransmittedPackets;
    await flood(hostile.recv, (index) => {
      const { ssrc, firstSequence } = consumed;
      return index % 20 ? nackRange(ssrc, firstSequence, 340) : nearReport(ssrc);
    });
    await call.goesOn();
    const { receivedBytes, sentBytes } = hostile.recv.counters;
    t.diagnostic(`${receivedBytes - before.receivedBytes} bytes came for ${sentBytes - before.sentBytes}`);
    assert.ok(receivedBytes > before.receivedBytes, 'the worker has read them');
    // The server answers receivers' NACKs itself: senders retransmit only what was lost on their own link.
    assert.ok(call.ann.outboundVideo.counters.retransmittedPackets - resent < 1000);
  });

  it('threat 11: BYEs and sender reports for others’ streams, and for one’s own, end nothing', async () => {
    const report = Buffer.alloc(24, 0xff);
    for (const name of [call.ann.outboundVideo.ssrc, consumed.ssrc, OWN_SSRC]) {
      report.writeUInt32BE(name, 0);
      for (const link of [hostile.send, hostile.recv]) {
        await flood(link, (index) => (index % 2 ? bye([name]) : rtcp(SENDER_REPORT, 0, report)), 200);
      }
    }
    await call.goesOn();
  });

  it(`threat 11: ${PACKETS} unannounced audio streams reach nobody`, async (t) => {
    const before = { bytes: await workerBytes(), bob: call.bob.inbound };
    const { ssrc } = call.ann.outboundVideo;
    // For no stream, for one's own, for an unknown one, and for another peer's.
    const mids = [undefined, OWN_MID, '7', undefined];
    await flood(hostile.send, (index) =>
      voice(index % 4 === 3 ? ssrc : OWN_SSRC + 1 + index, index, mids[index % 4]),
    );
    await call.goesOn();
    const gainedBytes = (await workerBytes()) - before.bytes;
    t.diagnostic(`the worker grew by ${Math.round(gainedBytes / 1024)} KiB`);
    assert.ok(gainedBytes < 32 * 1024 * 1024);
    assert.deepEqual(call.bob.inbound, before.bob);
    const [silent] = call.bob.inbound.filter(({ counters }) => counters.packets === 0);
    assert.ok(silent, "none of it passed as the sender's announced stream");
    const received = call.bob.inbound.find(({ kind }) => kind === 'video')?.counters.packets ?? 0;
    assert.ok(received <= call.ann.outboundVideo.counters.packets);
    assert.equal((await server.objects()).producers, 5);
  });

  it('threat 11: malformed transport-wide feedback ends neither the worker nor a call', async () => {
    const malformed = [
      '', // neither sequence number nor count
      '0000', // half a header
      '0000ffff00000100', // 65,535 packets in no chunk
      '0000ffff000001003fff', // in one run of 8,191 whose deltas are missing
      '0000000000000100', // of no packet
      'fffe0004000001002004ffffffff', // wraps, with large deltas
      '00000007800000ffd555', // a negative reference time, a vector of two-byte deltas that are missing
      '0001000100000100e000', // the reserved status
      `00010400ffffffff${'bfff'.repeat(300)}`,
      `0001ffff000001${'3fff00'.repeat(400)}`,
    ].map((hex) => Buffer.from(hex, 'hex'));
    await flood(hostile.recv, (index) => {
      const mediaSsrc = [consumed.ssrc, 1234, 0][index % 3] as number;
      return transportFeedback(mediaSsrc, malformed[index % malformed.length] as Buffer);
    });
    await call.goesOn();
  });

  const random = {
    RTCP: (bytes: Buffer) =>
      rtcp(192 + (bytes.readUInt8(0) % 32), bytes.readUInt8(1) % 32, bytes.subarray(2)),
    'RTCP whose length lies': (bytes: Buffer) => {
      const packet = rtcp(
        SENDER_REPORT + (bytes.readUInt8(0) % 8),
        bytes.readUInt8(1) % 32,
        bytes.subarray(4),
      );
      packet.writeUInt16BE(bytes.readUInt16BE(2), 2);
      return packet;
    },
    RTP: (bytes: Buffer) => {
      const packet = Buffer.from(bytes);
      packet.writeUInt8(0x80 | (bytes.readUInt8(0) & 0x3f), 0);
      packet.writeUInt8(PAYLOAD_TYPE, 1);
      if (bytes.readUInt8(1) % 2) {
        packet.writeUInt32BE(OWN_SSRC, 8);
      }
      return packet;
    },
  };
  for (const [what, make] of Object.entries(random)) {
    it(`threat 11: ${RANDOM_PACKETS} packets of ${what} with random content end neither`, async () => {
      for (const link of [hostile.send, hostile.recv]) {
        await flood(link, (index) => make(randomBytes(`${what} ${index}`)), RANDOM_PACKETS / 2);
      }
      await call.goesOn();
    });
  }

  function videoProducerId(): string | undefined {
    return call.ann.room.publications.find(({ source }) => source === 'camera')?.producerId;
  }

  /** Sends many packets without saturating the machine. */
  async function flood(link: RawLink, make: (index: number) => Buffer, packets = PACKETS): Promise<void> {
    for (let index = 0; index < packets; index += 1) {
      link.send(make(index));
      if (index % AT_ONCE === 0) {
        await delay(PAUSE_MS);
      }
    }
  }

  async function workerBytes(): Promise<number> {
    const [pid] = await server.workerPids();
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
  }
});

/** Random bytes, the same in each run. */
function randomBytes(seed: string): Buffer {
  const hash = createHash('shake256', { outputLength: 16 + (seed.length % 4) * 4 + 100 });
  return hash.update(seed).digest();
}

/** A 20 ms audio packet, optionally with a MID. */
function voice(ssrc: number, index: number, mid?: string): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(mid === undefined ? 0x80 : 0x90, 0);
  header.writeUInt8(PAYLOAD_TYPE, 1);
  header.writeUInt16BE(index & 0xffff, 2);
  header.writeUInt32BE(index * 960, 4);
  header.writeUInt32BE(ssrc, 8);
  // RFC 8285: a one-byte element.
  const extension = mid && Buffer.from([0xbe, 0xde, 0, 1, MID_EXTENSION << 4, mid.charCodeAt(0), 0, 0]);
  return Buffer.concat([header, ...(extension ? [extension] : []), Buffer.alloc(40, index)]);
}
