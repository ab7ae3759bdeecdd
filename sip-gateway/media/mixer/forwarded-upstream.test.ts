import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { readExtension } from '../../../base/rtp/index.ts';
import { openNetwork } from '../../../base/udp/index.ts';
import { Codecs } from '../../codecs/index.ts';
import { sine } from '../../test-audio/index.ts';
import type { VoiceTap } from '../leg-types.ts';
import { MediaLog } from '../media-log.ts';
import { parseRtp, type RtpPacket } from '../rtp/index.ts';
import type { ForwardedLeg } from './forwarded-upstream.ts';
import { type MixedLeg, RoomMixer } from './room-mixer.ts';

const SILENT = MediaLog.create(() => undefined, undefined);
const LEVEL_ID = 1;

/** A packet with the level byte of its header extension. */
type Heard = RtpPacket & { level: number };

/** A leg that hears packets on request, and tones at a fixed amplitude in the mix. */
class PacketLeg implements MixedLeg, ForwardedLeg {
  readonly sampleRate = 8_000;
  tap: VoiceTap | undefined;
  readonly reasons: string[] = [];
  amplitude: number;

  constructor(amplitude = 3_000) {
    this.amplitude = amplitude;
  }

  read(): Int16Array {
    return sine(160, { frequencyHz: 500, sampleRate: 8_000, amplitude: this.amplitude });
  }

  write(): void {}

  requireProcessing(reason: string): void {
    this.reasons.push(reason);
  }
}

const codecs = await Codecs.load();
const codec = await codecs.createCodec('PCMU');

function voice(sequence: number, { amplitude = 3_000, marker = false } = {}): RtpPacket {
  const samples = sine(160, { frequencyHz: 500, sampleRate: 8_000, amplitude, from: 160 * sequence });
  return {
    payloadType: 0,
    sequenceNumber: sequence & 0xffff,
    timestamp: (1_000 + 160 * sequence) >>> 0,
    ssrc: 7,
    marker,
    payload: codec.encode(samples).slice(),
  } as RtpPacket;
}

/** Runs `work` with a room that gets what a phone sends, packet by packet. */
async function withRoom(
  work: (room: { leg: PacketLeg; mixer: RoomMixer; next(): Promise<Heard> }) => Promise<void>,
): Promise<void> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const network = openNetwork({ prefer: 'portable' });
  const mixer = await RoomMixer.open({ codecs, network, ip: '127.0.0.1', log: SILENT });
  const packets: Heard[] = [];
  socket.on('message', (datagram) => {
    const packet = parseRtp(datagram);
    // Without RTCP.
    if (packet && packet.payloadType === 0) {
      packets.push({ ...packet, level: readExtension(datagram, packet, LEVEL_ID)?.[0] ?? 127 });
    }
  });
  try {
    const place = { address: '127.0.0.1', port: socket.address().port };
    mixer.connect({
      sendTo: place,
      receiveFrom: place,
      sendPayloadType: 100,
      receivePayloadType: 101,
      audioLevelExtensionId: LEVEL_ID,
    });
    const leg = new PacketLeg();
    mixer.add(leg, 9, undefined, { codec: 'PCMU', payloadType: 0 });
    while (!leg.tap) {
      mixer.tick(0);
      await setImmediate();
    }
    const next = async () => {
      while (packets.length === 0) {
        await once(socket, 'message', { signal: AbortSignal.timeout(5_000) });
      }
      return packets.shift() as Heard;
    };
    await work({ leg, mixer, next });
  } finally {
    mixer.close();
    network.close();
    socket.close();
  }
}

describe('a phone whose packets are forwarded as they are', () => {
  test('the room gets its payloads with a stream of our own, and their level', () =>
    withRoom(async ({ leg, next }) => {
      const sent = [voice(65_535), voice(65_536), voice(65_537)];
      for (const [index, packet] of sent.entries()) {
        leg.tap?.voice(packet, 65_535 + index, 'PCMU');
      }
      const got = [await next(), await next(), await next()];
      assert.deepEqual(
        got.map(({ payload }) => Buffer.from(payload)),
        sent.map(({ payload }) => Buffer.from(payload)),
      );
      const [first] = got as [Heard, ...Heard[]];
      assert.equal(first.marker, true);
      assert.deepEqual(
        got.map(({ ssrc, sequenceNumber, timestamp }) => [
          ssrc,
          (sequenceNumber - first.sequenceNumber) & 0xffff,
          (timestamp - first.timestamp) >>> 0,
        ]),
        [
          [9, 0, 0],
          [9, 1, 160],
          [9, 2, 320],
        ],
      );
      // A sine of 3000: 20 log10(3000 / 32768) - 3 dB.
      assert.ok(Math.abs((first.level & 0x7f) - 24) <= 1, `${first.level & 0x7f}`);
      assert.equal(first.level & 0x80, 0x80, 'voice');
    }));

  test('lost and reordered packets keep their places, and keys leave no gap', () =>
    withRoom(async ({ leg, next }) => {
      const { tap } = leg;
      tap?.voice(voice(10), 10, 'PCMU');
      // 11 is late, and 12 lost.
      tap?.voice(voice(13), 13, 'PCMU');
      tap?.voice(voice(11), 11, 'PCMU');
      tap?.keys(14);
      tap?.keys(15);
      tap?.voice(voice(16), 16, 'PCMU');
      // Too late: we do not know its place any more.
      tap?.voice(voice(12), 12, 'PCMU');
      tap?.voice(voice(17), 17, 'PCMU');
      const got = [await next(), await next(), await next(), await next(), await next()];
      const [first] = got as [Heard, ...Heard[]];
      assert.deepEqual(
        got.map(({ sequenceNumber, timestamp }) => [
          (sequenceNumber - first.sequenceNumber) & 0xffff,
          ((timestamp - first.timestamp) >>> 0) / 160,
        ]),
        [
          [0, 0],
          [3, 3],
          [1, 1],
          [4, 6],
          [5, 7],
        ],
      );
    }));

  test('its stream continues when the phone starts another one', () =>
    withRoom(async ({ leg, mixer, next }) => {
      leg.tap?.voice(voice(10), 10, 'PCMU');
      const first = await next();
      // A tick with the packet, and two without one.
      mixer.tick(20);
      mixer.tick(40);
      mixer.tick(60);
      leg.tap?.voice(voice(90_000), 90_000, 'PCMU');
      const second = await next();
      assert.equal((second.sequenceNumber - first.sequenceNumber) & 0xffff, 1);
      assert.equal((second.timestamp - first.timestamp) >>> 0, 160 * 3);
      assert.equal(second.marker, true);
    }));

  test('of a silent phone hardly any packets are forwarded', () =>
    withRoom(async ({ leg, next }) => {
      for (let sequence = 1; sequence <= 105; sequence++) {
        leg.tap?.voice(voice(sequence, { amplitude: 0 }), sequence, 'PCMU');
      }
      leg.tap?.voice(voice(106), 106, 'PCMU');
      const got: Heard[] = [];
      for (let packet = await next(); ; packet = await next()) {
        got.push(packet);
        if ((packet.level & 0x7f) < 60) {
          break;
        }
      }
      assert.equal(got.length, 20 + 4 + 1);
      assert.equal(got.at(-1)?.marker, true);
    }));

  test('a phone that is too loud, or sends comfort noise or another codec has to be converted', () =>
    withRoom(async ({ leg, mixer }) => {
      mixer.tick(20);
      assert.equal(leg.reasons.length, 0);
      leg.tap?.comfortNoise();
      leg.tap?.voice(voice(1), 1, 'PCMA');
      assert.deepEqual(leg.reasons, ['comfort-noise', 'codec']);
      leg.amplitude = 20_000;
      for (let tick = 2; tick < 200 && !leg.reasons.includes('gain'); tick++) {
        mixer.tick(20 * tick);
      }
      assert.ok(leg.reasons.includes('gain'));
    }));
});
