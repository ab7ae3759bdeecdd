import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { buildNativeCodecs, Codecs } from '../../codecs/index.ts';
import { fitTone, sine } from '../../test-audio/index.ts';
import { MediaThread } from '../index.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');

const LOOPBACK = '127.0.0.1';
const RTP_HEADER = 12;
/** Of the phone, and of somebody in the room. */
const PHONE_SSRC = 1111;
const SPEAKER_SSRC = 2222;
const KEY = 0x3c;

/** Flips a payload by the key and its source; refuses short ones. */
const MODULE = `
  export default ({ key }) => {
    const flip = (payload, ssrc) => payload.map((byte) => byte ^ key ^ (ssrc & 0xff));
    return {
      send: flip,
      receive(payload, ssrc) {
        if (payload.length < 2) throw new Error('short');
        return flip(payload, ssrc);
      },
    };
  };
`;
const flip = (payload: Uint8Array, ssrc: number) => payload.map((byte) => byte ^ KEY ^ (ssrc & 0xff));

async function bind(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4').bind(0, LOOPBACK);
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

const isRtcp = (datagram: Buffer) => (datagram[1] ?? 0) >= 200 && (datagram[1] ?? 0) <= 206;

describe('PayloadTransform', () => {
  let dir: string;
  let thread: MediaThread;
  let room: Awaited<ReturnType<typeof bind>>;
  let phone: Awaited<ReturnType<typeof bind>>;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'canopy-payloads-'));
    await writeFile(join(dir, 'flip.mjs'), MODULE);
    [thread, room, phone] = await Promise.all([MediaThread.start(), bind(), bind()]);
  });
  after(async () => {
    await thread.close();
    room.socket.close();
    phone.socket.close();
    await rm(dir, { recursive: true });
  });

  test('is applied to each Opus frame to and from the room, with its SSRC; frames that it refuses are dropped', async () => {
    const { port: roomPort } = await thread.request('room.open', { roomId: 'r', ip: LOOPBACK, port: 0 });
    const place = { address: LOOPBACK, port: room.port };
    await thread.request('room.connect', {
      roomId: 'r',
      connection: {
        sendTo: place,
        receiveFrom: place,
        sendPayloadType: 100,
        receivePayloadType: 100,
        transform: { url: pathToFileURL(join(dir, 'flip.mjs')).href, options: { key: KEY } },
      },
    });
    const ports = { min: 0, max: 0 };
    const { port: legPort } = await thread.request('leg.open', { legId: 'phone', ip: LOOPBACK, ports });
    const remote = { address: LOOPBACK, port: phone.port };
    const media = { codec: 'PCMU', payloadType: 0, remote } as const;
    await thread.request('leg.start', { legId: 'phone', media });
    await thread.request('leg.join', { legId: 'phone', roomId: 'r', ssrc: PHONE_SSRC });

    const codecs = await Codecs.load();
    const [opus, g711] = [await codecs.createOpus({ sampleRate: 48_000 }), await codecs.createCodec('PCMU')];
    const inRoom: number[] = [];
    // Somebody in the room says what the phone says.
    room.socket.on('message', (datagram) => {
      if (isRtcp(datagram)) {
        return;
      }
      const frame = flip(Uint8Array.from(datagram.subarray(RTP_HEADER)), PHONE_SSRC);
      inRoom.push(...opus.decode(frame));
      const header = Buffer.from(datagram.subarray(0, RTP_HEADER));
      header.writeUInt32BE(SPEAKER_SSRC, 8);
      room.socket.send(Buffer.concat([header, flip(frame, SPEAKER_SSRC)]), roomPort, LOOPBACK);
    });
    const heard: number[] = [];
    for (let packet = 0; packet < 120; packet++) {
      const header = Buffer.alloc(RTP_HEADER);
      header.writeUInt16BE(0x8000, 0);
      header.writeUInt16BE(packet, 2);
      header.writeUInt32BE(160 * packet, 4);
      header.writeUInt32BE(5, 8);
      const samples = sine(160, { frequencyHz: 440, sampleRate: 8_000, from: 160 * packet });
      phone.socket.send(Buffer.concat([header, g711.encode(samples)]), legPort, LOOPBACK);
      const [datagram] = (await once(phone.socket, 'message')) as [Buffer];
      if (!isRtcp(datagram)) {
        heard.push(...g711.decode(datagram.subarray(RTP_HEADER)));
      }
    }
    for (const [where, samples, sampleRate] of [
      ['in the room', inRoom, 48_000],
      ['at the phone', heard, 8_000],
    ] as const) {
      const fit = fitTone(Int16Array.from(samples.slice(-sampleRate / 2)), sampleRate, 440);
      assert.ok(Math.abs(fit.frequencyHz - 440) < 2, `${where}: ${fit.frequencyHz} Hz`);
      assert.ok(fit.amplitude > 1_000, `${where}: amplitude ${fit.amplitude}`);
    }

    const { packetsRejected } = await thread.request('room.stats', { roomId: 'r' });
    assert.equal(packetsRejected, 0);
    const short = Buffer.alloc(RTP_HEADER + 1);
    short.writeUInt16BE(0x8000 | 100, 0);
    room.socket.send(short, roomPort, LOOPBACK);
    while ((await thread.request('room.stats', { roomId: 'r' })).packetsRejected === 0) {
      await once(phone.socket, 'message');
    }
    opus.close();
    g711.close();
  });
});
