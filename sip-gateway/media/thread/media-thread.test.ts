import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { RtpPacket } from 'rtp.js/packets';
import { buildNativeCodecs, Codecs } from '../../codecs/index.ts';
import { ffmpeg, fitTone, sine, toSamples, writeOggOpus } from '../../test-audio/index.ts';
import { type LegEvent, type LegMedia, MediaThread } from '../index.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');

const LOOPBACK = '127.0.0.1';
const ANY_PORT = { min: 0, max: 0 };
const AUDIO_LEVEL_ID = 10;
const children = new Set<ChildProcess>();
const sockets = new Set<Socket>();

/** A socket that collects RTP. */
async function listen(): Promise<{
  socket: Socket;
  port: number;
  packets: RtpPacket[];
  until(count: number): Promise<void>;
}> {
  const socket = createSocket('udp4');
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  socket.bind(0, LOOPBACK);
  await once(socket, 'listening');
  const packets: RtpPacket[] = [];
  socket.on('message', (datagram) => {
    if ((datagram[1] ?? 0) >= 200 && (datagram[1] ?? 0) <= 206) {
      return;
    }
    const bytes = Uint8Array.from(datagram);
    packets.push(new RtpPacket(new DataView(bytes.buffer)));
    socket.emit('rtp');
  });
  const until = async (count: number) => {
    while (packets.length < count) {
      await once(socket, 'rtp');
    }
  };
  return { socket, port: socket.address().port, packets, until };
}

/** ffmpeg plays a tone in real time as an RTP sender. */
function playTone(frequencyHz: number, port: number, localPort: number, ...codec: string[]): ChildProcess {
  const source = ['-re', '-f', 'lavfi', '-i', `sine=frequency=${frequencyHz}:sample_rate=48000`];
  const target = `rtp://${LOOPBACK}:${port}?localrtpport=${localPort}&pkt_size=1200`;
  const child = spawn(
    'ffmpeg',
    ['-nostdin', '-v', 'error', ...source, '-ac', '1', ...codec, '-f', 'rtp', target],
    {
      stdio: 'ignore',
    },
  );
  children.add(child);
  return child;
}

function payloads(packets: RtpPacket[]): Buffer[] {
  return packets.map((packet) => {
    const view = packet.getPayload();
    return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  });
}

/** Of windows of 100 ms: where time was stretched for the drift of the sender's clock, the tone's phase jumps, and one window is worse. */
function medianSnrDb(samples: Int16Array, sampleRate: number, frequencyHz: number): number {
  const length = sampleRate / 10;
  const each = Array.from(
    { length: Math.floor(samples.length / length) },
    (_, window) =>
      fitTone(samples.subarray(window * length, (window + 1) * length), sampleRate, frequencyHz).snrDb,
  );
  return each.sort((a, b) => a - b)[Math.floor(each.length / 2)] ?? Number.NEGATIVE_INFINITY;
}

async function freePort(): Promise<number> {
  const { socket, port } = await listen();
  socket.close();
  await once(socket, 'close');
  return port;
}

describe('media thread', () => {
  let thread: MediaThread;
  const events: Array<{ legId: string; event: LegEvent }> = [];

  before(async () => {
    thread = await MediaThread.start();
    thread.on('leg', (legId, event) => events.push({ legId, event }));
  });
  after(async () => {
    for (const child of children) {
      child.kill('SIGKILL');
    }
    await thread.close();
    // By now a socket that a test has just closed is no longer among them.
    for (const socket of sockets) {
      socket.close();
    }
  });

  async function openLeg(legId: string, remotePort: number, media: Partial<LegMedia> = {}): Promise<number> {
    const { port } = await thread.request('leg.open', { legId, ip: LOOPBACK, ports: ANY_PORT });
    const remote = { address: LOOPBACK, port: remotePort };
    await thread.request('leg.start', { legId, media: { codec: 'PCMU', payloadType: 0, remote, ...media } });
    return port;
  }

  test('a phone and a room, both simulated by ffmpeg, hear each other, and another phone hears both', async (t) => {
    const room = await listen();
    const listener = await listen();
    const roomPlayerPort = await freePort();
    const { port: roomPort } = await thread.request('room.open', { roomId: 'r', ip: LOOPBACK, port: 0 });
    await thread.request('room.connect', {
      roomId: 'r',
      connection: {
        sendTo: { address: LOOPBACK, port: room.port },
        receiveFrom: { address: LOOPBACK, port: roomPlayerPort },
        sendPayloadType: 100,
        receivePayloadType: 97,
        audioLevelExtensionId: AUDIO_LEVEL_ID,
      },
    });
    const phonePort = await openLeg('phone', await freePort());
    await openLeg('listener', listener.port, { codec: 'G722', payloadType: 9 });
    await thread.request('leg.join', { legId: 'phone', roomId: 'r', ssrc: 1111 });
    await thread.request('leg.join', { legId: 'listener', roomId: 'r', ssrc: 2222 });
    const phone = playTone(440, phonePort, await freePort(), '-ar', '8000', '-c:a', 'pcm_mulaw');
    playTone(1_000, roomPort, roomPlayerPort, '-c:a', 'libopus', '-payload_type', '97');
    await room.until(150);
    room.packets.length = 0;
    listener.packets.length = 0;
    await Promise.all([room.until(150), listener.until(150)]);

    const up = room.packets.slice(0, 150);
    const first = up[0];
    assert.ok(
      first && up.every((packet) => packet.getSsrc() === 1111),
      'only the phone that speaks is sent up',
    );
    assert.equal(first.getPayloadType(), 100);
    const level = first.getExtension(AUDIO_LEVEL_ID)?.getUint8(0) ?? 127;
    assert.ok((level & 0x7f) < 40, `level −${level & 0x7f} dBov`);
    const decoded = await ffmpeg(
      writeOggOpus(payloads(up)),
      ...['-c:a', 'opus', '-f', 'ogg', '-i', 'pipe:0', '-ar', '48000', '-f', 's16le'],
    );
    const inRoom = fitTone(toSamples(decoded).subarray(48_000), 48_000, 440);
    const snrDb = medianSnrDb(toSamples(decoded).subarray(48_000), 48_000, 440);
    t.diagnostic(`phone in the room: ${inRoom.frequencyHz.toFixed(1)} Hz, SNR ${snrDb.toFixed(1)} dB`);
    assert.ok(Math.abs(inRoom.frequencyHz - 440) < 0.5);
    assert.ok(snrDb > 12);
    const echo = fitTone(toSamples(decoded).subarray(48_000), 48_000, 1_000);
    assert.ok(echo.amplitude < 0.02 * inRoom.amplitude, 'nothing of the room comes back to it');

    const g722 = Buffer.concat(payloads(listener.packets.slice(0, 150)));
    const heard = toSamples(await ffmpeg(g722, '-f', 'g722', '-i', 'pipe:0', '-f', 's16le')).subarray(8_000);
    for (const frequencyHz of [440, 1_000]) {
      const fit = fitTone(heard, 16_000, frequencyHz);
      t.diagnostic(
        `at the other phone: ${fit.frequencyHz.toFixed(1)} Hz, amplitude ${fit.amplitude.toFixed(0)}`,
      );
      assert.ok(Math.abs(fit.frequencyHz - frequencyHz) < 0.5);
      assert.ok(fit.amplitude > 1_000);
    }
    const stats = await thread.request('leg.stats', { legId: 'phone' });
    t.diagnostic(JSON.stringify(stats));
    t.diagnostic(JSON.stringify(await thread.request('room.stats', { roomId: 'r' })));
    t.diagnostic(JSON.stringify(await thread.request('thread.stats', {})));
    assert.ok(stats && stats.packetsReceived > 200 && stats.packetsLost === 0);
    const ended = once(phone, 'exit');
    phone.kill('SIGKILL');
    await ended;
    for (const legId of ['phone', 'listener']) {
      await thread.request('leg.close', { legId });
    }
    await thread.request('room.close', { roomId: 'r' });
    const { legs, rooms } = await thread.request('thread.stats', {});
    assert.deepEqual({ legs, rooms }, { legs: 0, rooms: 0 });
    room.socket.close();
    listener.socket.close();
  });

  test('a phone outside any room hears a complete prompt, and its keys are received', async (t) => {
    const phone = await listen();
    const telephoneEvent = { payloadType: 101, clockRate: 8_000 };
    const port = await openLeg('ivr', phone.port, { codec: 'PCMA', payloadType: 8, telephoneEvent });
    const samples = sine(16_000, { frequencyHz: 800, sampleRate: 16_000 });
    const played = new Promise<void>((resolve) => {
      thread.on('leg', (legId, event) => {
        if (legId === 'ivr' && event.type === 'played' && event.completed) {
          resolve();
        }
      });
    });
    await thread.request('leg.play', {
      legId: 'ivr',
      prompt: { promptId: 'p', samples, sampleRate: 16_000 },
    });
    await played;
    const heard = toSamples(
      await ffmpeg(
        Buffer.concat(payloads(phone.packets)),
        '-f',
        'alaw',
        '-ar',
        '8000',
        '-i',
        'pipe:0',
        '-f',
        's16le',
      ),
    );
    const start = heard.findIndex((value) => Math.abs(value) > 2_000);
    const fit = fitTone(heard.subarray(start + 400, start + 7_600), 8_000, 800);
    t.diagnostic(`prompt: SNR ${fit.snrDb.toFixed(1)} dB`);
    assert.ok(fit.snrDb > 33);

    const pressed = new Promise<void>((resolve) => {
      thread.on('leg', (legId, event) => {
        if (legId === 'ivr' && event.type === 'key' && event.state === 'up' && event.key === '#') {
          resolve();
        }
      });
    });
    // As written in RFC 4733 §2.5.2's example: "911" and then "#", each update in a packet, ends three times.
    const script = ['9', '1', '1', '#'].flatMap((key, k) => {
      const event = key === '#' ? 11 : Number(key);
      const bytes = (end: number, duration: number) =>
        Buffer.from([event, end | 10, duration >> 8, duration & 0xff]);
      const steps = [bytes(0, 160), bytes(0, 320), bytes(0x80, 480), bytes(0x80, 480), bytes(0x80, 480)];
      return steps.map((payload, i) => ({
        payload,
        timestamp: 10_000 + 1_000 * k,
        marker: i === 0 && k !== 1,
      }));
    });
    script.forEach(({ payload, timestamp, marker }, i) => {
      const header = Buffer.alloc(12);
      header.writeUInt8(0x80, 0);
      header.writeUInt8((marker ? 0x80 : 0) | 101, 1);
      header.writeUInt16BE(500 + i, 2);
      header.writeUInt32BE(timestamp, 4);
      header.writeUInt32BE(77, 8);
      phone.socket.send(Buffer.concat([header, payload]), port, LOOPBACK);
    });
    await pressed;
    const keys = events.flatMap(({ legId, event }) =>
      legId === 'ivr' && event.type === 'key' && event.state === 'down' ? [event.key] : [],
    );
    assert.deepEqual(keys, ['9', '1', '1', '#']);
    await thread.request('leg.close', { legId: 'ivr' });
    phone.socket.close();
  });

  test('a phone may switch between all codecs of its answer with any packet, and its keys are recognized at each clock rate', async () => {
    await thread.request('room.open', { roomId: 'codecs', ip: LOOPBACK, port: 0 });
    const listener = await listen();
    const phone = await listen();
    const receiveFormats = [
      { kind: 'opus', payloadType: 111, clockRate: 48_000 },
      { kind: 'PCMU', payloadType: 0, clockRate: 8_000 },
      { kind: 'G722', payloadType: 9, clockRate: 8_000 },
      { kind: 'PCMA', payloadType: 8, clockRate: 8_000 },
      { kind: 'telephone-event', payloadType: 101, clockRate: 8_000 },
      { kind: 'telephone-event', payloadType: 102, clockRate: 48_000 },
    ] as const;
    const port = await openLeg('changing', phone.port, { codec: 'opus', payloadType: 111, receiveFormats });
    await openLeg('listening', listener.port);
    for (const [i, legId] of ['changing', 'listening'].entries()) {
      await thread.request('leg.join', { legId, roomId: 'codecs', ssrc: 1 + i });
    }
    const codecs = await Codecs.load();
    const g711 = await codecs.createCodec('PCMU');
    let sequence = 0;
    let timestamp = 0;
    const send = (payloadType: number, payload: Uint8Array) => {
      const header = Buffer.alloc(12);
      header.writeUInt16BE(0x8000 | payloadType, 0);
      header.writeUInt16BE(++sequence, 2);
      header.writeUInt32BE(timestamp, 4);
      header.writeUInt32BE(5, 8);
      phone.socket.send(Buffer.concat([header, payload]), port, LOOPBACK);
    };
    const voices = receiveFormats.filter((format) => format.kind !== 'telephone-event');
    for (const [i, { kind, payloadType }] of [...voices, voices[0] as (typeof voices)[0]].entries()) {
      const frequencyHz = 500 + 200 * i;
      const codec = await codecs.createCodec(kind);
      const count = codec.sampleRate / 50;
      for (let packet = 0; packet < 45; packet++) {
        const from = packet * count;
        send(payloadType, codec.encode(sine(count, { frequencyHz, sampleRate: codec.sampleRate, from })));
        timestamp += codec.clockRate / 50;
        await listener.until(listener.packets.length + 1);
      }
      codec.close();
      const heard = payloads(listener.packets.slice(-25)).flatMap((payload) => [...g711.decode(payload)]);
      const fit = fitTone(Int16Array.from(heard), 8_000, frequencyHz);
      assert.ok(Math.abs(fit.frequencyHz - frequencyHz) < 2, `${kind}: ${fit.frequencyHz} Hz`);
      assert.ok(fit.amplitude > 1_000, `${kind}: amplitude ${fit.amplitude}`);
    }
    g711.close();
    const up = () =>
      events.flatMap(({ legId, event }) =>
        legId === 'changing' && event.type === 'key' && event.state === 'up' ? [event] : [],
      );
    for (const [payloadType, ticks] of [
      [101, 800],
      [102, 4_800],
    ] as const) {
      timestamp += 10_000;
      const before = up().length;
      send(payloadType, Uint8Array.of(10, 0x80, ticks >> 8, ticks & 0xff));
      while (up().length === before) {
        await once(thread, 'leg');
      }
    }
    assert.deepEqual(
      up().map(({ key, durationMs }) => [key, durationMs]),
      [
        ['*', 100],
        ['*', 100],
      ],
    );
    const stats = await thread.request('leg.stats', { legId: 'changing' });
    assert.equal(stats?.packetsMalformed, 0);
    assert.equal(stats?.packetsLost, 0);
    for (const legId of ['changing', 'listening']) {
      await thread.request('leg.close', { legId });
    }
    await thread.request('room.close', { roomId: 'codecs' });
    phone.socket.close();
    listener.socket.close();
  });

  test('RTCP, keep-alives and comfort noise count as signs of life', async () => {
    const phone = await listen();
    const port = await openLeg('quiet', phone.port, { comfortNoise: { payloadType: 13, clockRate: 8_000 } });
    const silence = async () => {
      const stats = await thread.request('leg.stats', { legId: 'quiet' });
      return { silentMs: stats?.silentMs ?? null, rtcpSilentMs: stats?.rtcpSilentMs ?? null };
    };
    const rtp = (payloadType: number, sequence: number) => {
      const bytes = Buffer.alloc(13);
      bytes.writeUInt16BE(0x8000 | payloadType, 0);
      bytes.writeUInt16BE(sequence, 2);
      bytes.writeUInt32BE(5, 8);
      return bytes;
    };
    // An empty receiver report (RFC 3550 §6.4.2).
    const report = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 5]);
    assert.deepEqual(await silence(), { silentMs: null, rtcpSilentMs: null });
    const signs = [
      ['a keep-alive of an unknown payload type', port, rtp(120, 1)],
      ['RTCP', port + 1, report],
      ['comfort noise', port, rtp(13, 2)],
      ['a keep-alive once the source is learnt', port, rtp(121, 3)],
    ] as const;
    for (const [what, target, datagram] of signs) {
      const sent = performance.now();
      phone.socket.send(datagram, target, LOOPBACK);
      let { silentMs } = await silence();
      while (silentMs === null || silentMs > performance.now() - sent) {
        assert.ok(performance.now() - sent < 5_000, what);
        await phone.until(phone.packets.length + 1);
        ({ silentMs } = await silence());
      }
    }
    const { silentMs, rtcpSilentMs } = await silence();
    assert.ok(silentMs !== null && rtcpSilentMs !== null && rtcpSilentMs > silentMs);
    await thread.request('leg.close', { legId: 'quiet' });
    phone.socket.close();
  });

  test('threat 21: if a NAT changes a phone’s port, the new one is accepted once the old one is silent; a stranger’s is not', async () => {
    const phone = await listen();
    const moved = await listen();
    const port = await openLeg('moving', phone.port);
    let sequence = 0;
    const say = (socket: Socket, ssrc: number) => {
      const bytes = Buffer.alloc(172, 0xff);
      bytes.writeUInt16BE(0x8000, 0);
      bytes.writeUInt16BE(++sequence, 2);
      bytes.writeUInt32BE(sequence * 160, 4);
      bytes.writeUInt32BE(ssrc, 8);
      socket.send(bytes, port, LOOPBACK);
    };
    const learnt = once(thread, 'leg');
    say(phone.socket, 5);
    await learnt;
    const began = performance.now();
    const followed = new Promise<number>((resolve) => {
      thread.on('leg', (legId, event) => {
        if (legId === 'moving' && event.type === 'source' && event.port === moved.port) {
          resolve(performance.now() - began);
        }
      });
    });
    const answered = moved.until(1);
    while (moved.packets.length === 0 && performance.now() - began < 10_000) {
      say(moved.socket, 6);
      sequence--;
      say(moved.socket, 5);
      await Promise.race([phone.until(phone.packets.length + 1), answered]);
    }
    assert.ok((await followed) > 1_900, 'only after a while of silence');
    await thread.request('leg.close', { legId: 'moving' });
    phone.socket.close();
    moved.socket.close();
  });

  test('threat 21: after a phone’s first packet, a stranger’s packets are refused and counted', async () => {
    const phone = await listen();
    const stranger = await listen();
    const port = await openLeg('strict', phone.port);
    const packet = (sequence: number) => {
      const bytes = Buffer.alloc(172, 0xff);
      bytes.writeUInt16BE(0x8000, 0);
      bytes.writeUInt16BE(sequence, 2);
      bytes.writeUInt32BE(sequence * 160, 4);
      bytes.writeUInt32BE(5, 8);
      return bytes;
    };
    const learnt = once(thread, 'leg');
    phone.socket.send(packet(1), port, LOOPBACK);
    await learnt;
    for (let i = 0; i < 50; i++) {
      stranger.socket.send(packet(i), port, LOOPBACK);
    }
    await phone.until(5);
    const stats = await thread.request('leg.stats', { legId: 'strict' });
    assert.equal(stats?.packetsReceived, 1);
    assert.equal(stats?.packetsRejected, 50);
    assert.equal(stranger.packets.length, 0);
    await thread.request('leg.close', { legId: 'strict' });
    phone.socket.close();
    stranger.socket.close();
  });

  for (const prefer of ['native', 'portable'] as const) {
    test(`threats 31 and 51: arbitrary RTP in calls in progress does not affect other calls (${prefer})`, async () => {
      const own = await MediaThread.start({ prefer });
      const failed: string[] = [];
      own.on('leg', (legId, event) => {
        if (event.type === 'failed') {
          failed.push(`${legId}: ${event.message}`);
        }
      });
      const join = async (legId: string, remotePort: number, media: Partial<LegMedia> = {}, ssrc = 1) => {
        const { port } = await own.request('leg.open', { legId, ip: LOOPBACK, ports: ANY_PORT });
        const remote = { address: LOOPBACK, port: remotePort };
        const whole: LegMedia = { codec: 'PCMU', payloadType: 0, remote, ...media };
        await own.request('leg.start', { legId, media: whole });
        await own.request('leg.join', { legId, roomId: 'fuzzed', ssrc });
        return port;
      };
      await own.request('room.open', { roomId: 'fuzzed', ip: LOOPBACK, port: 0 });
      const evil = await listen();
      const listener = await listen();
      await join('listener', listener.port);
      const talker = playTone(
        440,
        await join('talker', await freePort()),
        0,
        '-ar',
        '8000',
        '-c:a',
        'pcm_mulaw',
      );
      const common = {
        telephoneEvent: { payloadType: 101, clockRate: 8_000 },
        comfortNoise: { payloadType: 13, clockRate: 8_000 },
      };
      const codecs = [
        { codec: 'PCMU', payloadType: 0 },
        { codec: 'PCMA', payloadType: 8 },
        ...(prefer === 'native' ? [{ codec: 'G722', payloadType: 9 } as const] : []),
        { codec: 'opus', payloadType: 111, opusSampleRate: 8_000 },
        { codec: 'opus', payloadType: 111 },
      ] as const;
      const targets: Array<{ port: number; payloadType: number }> = [];
      for (const [i, media] of codecs.entries()) {
        const port = await join(`evil ${i}`, evil.port, { ...common, ...media }, 10 + i);
        targets.push({ port, payloadType: media.payloadType });
      }
      await listener.until(25);
      listener.packets.length = 0;
      const datagram = fc.record({
        payloadType: fc.option(fc.constantFrom(13, 101, 0, 8, 9, 111, 72, 200), { freq: 3 }),
        skip: fc.oneof(fc.constantFrom(1, 1, 1, 2), fc.integer({ min: 0, max: 0xffff })),
        ticks: fc.oneof(fc.constantFrom(1, 160, 960, 1_000, 2_000), fc.integer({ min: 0, max: 0xffff_ffff })),
        ssrc: fc.constantFrom(7, 7, 7, 7, 8),
        first: fc.constantFrom(0x80, 0x80, 0x80, 0x80, 0x90, 0xa0, 0x8f, 0x40),
        length: fc.oneof(fc.constantFrom(0, 1, 4, 160, 1_000), fc.integer({ min: 0, max: 1_900 })),
        fill: fc.integer({ min: 0, max: 255 }),
      });
      let sequence = 0;
      let timestamp = 0;
      const send = (first: number, payloadType: number | null, ssrc: number, payload: Buffer) => {
        const header = Buffer.alloc(12);
        header[0] = first;
        header.writeUInt16BE(sequence, 2);
        header.writeUInt32BE(timestamp, 4);
        header.writeUInt32BE(ssrc, 8);
        for (const target of targets) {
          header[1] = payloadType ?? target.payloadType;
          evil.socket.send(Buffer.concat([header, payload]), target.port, LOOPBACK);
        }
      };
      const advance = (skip: number, ticks: number) => {
        sequence = (sequence + skip) & 0xffff;
        timestamp = (timestamp + ticks) >>> 0;
      };
      // Valid streams except for skipped packets and odd packet lengths, in real time.
      const stream = fc.record({
        length: fc.constantFrom(1, 160, 480, 960, 961, 1_400),
        fill: fc.constantFrom(0x00, 0x08, 0x48, 0x90, 0xf8, 0xff),
        skip: fc.integer({ min: 1, max: 3 }),
        ticks: fc.oneof(fc.integer({ min: 159, max: 161 }), fc.constantFrom(480, 960, 1_920, 1_921, 2_800)),
      });
      await fc.assert(
        fc.asyncProperty(stream, async ({ length, fill, skip, ticks }) => {
          for (let i = 0; i < 5; i++) {
            advance(skip, ticks);
            send(0x80, null, 7, Buffer.alloc(length, fill));
            await listener.until(listener.packets.length + 2);
          }
          assert.deepEqual(failed, []);
        }),
        {
          numRuns: 12,
          endOnFailure: true,
          examples: [
            [{ length: 1_000, fill: 0x90, skip: 2, ticks: 2_000 }],
            [{ length: 100, fill: 0xf8, skip: 2, ticks: 1_921 }],
          ],
        },
      );
      // And invalid streams.
      await fc.assert(
        fc.asyncProperty(fc.array(datagram, { minLength: 50, maxLength: 100 }), async (script) => {
          for (const { payloadType, skip, ticks, ssrc, first, length, fill } of script) {
            advance(skip, ticks);
            send(first, payloadType, ssrc, Buffer.alloc(length, fill));
          }
          await listener.until(listener.packets.length + 2);
          assert.deepEqual(failed, []);
        }),
        { numRuns: 40, endOnFailure: true },
      );
      const numbers = listener.packets.map((packet) => packet.getSequenceNumber());
      const [begin = 0] = numbers;
      assert.deepEqual(
        numbers,
        numbers.map((_, i) => (begin + i) & 0xffff),
        'the listener got every packet',
      );
      const stats = await own.request('leg.stats', { legId: 'talker' });
      assert.ok(stats && stats.packetsReceived > 0 && stats.packetsLost === 0);
      talker.kill('SIGKILL');
      await own.close();
      evil.socket.close();
      listener.socket.close();
    });
  }

  for (const prefer of ['native', 'portable'] as const) {
    test(`threat 68: a phone with impossible ports does not affect others, not even when it is closed (${prefer})`, async () => {
      const own = await MediaThread.start({ prefer });
      let gone = false;
      own.on('close', () => {
        gone = true;
      });
      const phone = await listen();
      await own.request('room.open', { roomId: 'r', ip: LOOPBACK, port: 0 });
      for (const [i, port] of [phone.port, 70_000].entries()) {
        const legId = `${i}`;
        await own.request('leg.open', { legId, ip: LOOPBACK, ports: ANY_PORT });
        const remote = { address: LOOPBACK, port };
        const media: LegMedia = { codec: 'PCMU', payloadType: 0, remote, remoteRtcp: remote };
        await own.request('leg.start', { legId, media });
        await own.request('leg.join', { legId, roomId: 'r', ssrc: 1 + i });
      }
      await phone.until(10);
      await own.request('leg.close', { legId: '1' });
      await phone.until(phone.packets.length + 10);
      assert.equal(gone, false);
      const { legs } = await own.request('thread.stats', {});
      assert.equal(legs, 1);
      await own.close();
      phone.socket.close();
    });
  }

  test('a thread logs packets that its legs drop, with thread and leg, at its level', async () => {
    const own = await MediaThread.start({ prefer: 'portable', logLevel: 'debug' });
    const refused = new Promise<unknown>((resolve) => {
      own.on('log', ({ level, fields, text }) => {
        if (text === 'packet from another source refused') {
          resolve({ level, fields });
        }
      });
    });
    const stranger = await listen();
    const { port } = await own.request('leg.open', { legId: 'logged', ip: LOOPBACK, ports: ANY_PORT });
    const remote = { address: '127.0.0.9', port: 40_000 };
    await own.request('leg.start', { legId: 'logged', media: { codec: 'PCMU', payloadType: 0, remote } });
    stranger.socket.send(Buffer.concat([Buffer.from([0x80, 0]), Buffer.alloc(170)]), port, LOOPBACK);
    const { level, fields } = (await refused) as { level: string; fields: Record<string, unknown> };
    const { thread: threadId, ...rest } = fields;
    assert.equal(level, 'debug');
    assert.equal(typeof threadId, 'number');
    assert.deepEqual(rest, { legId: 'logged', from: LOOPBACK, port: stranger.port });
    await own.close();
    stranger.socket.close();
  });

  test('invalid requests are rejected with a clear message and have no effect', async () => {
    const none = { legId: 'none' };
    await assert.rejects(thread.request('leg.join', { ...none, roomId: 'r', ssrc: 1 }), /no leg none/);
    const ports = { min: 5, max: 5 };
    await assert.rejects(thread.request('leg.open', { ...none, ip: LOOPBACK, ports }), /port/);
    assert.equal(await thread.request('leg.close', none), null);
  });

  test('a closed thread emits close once, and rejects requests', async () => {
    const other = await MediaThread.start({ prefer: 'portable' });
    assert.equal(other.capabilities.implementation, 'portable');
    let told = 0;
    other.on('close', () => told++);
    const closing = once(other, 'close');
    await other.close();
    await closing;
    await other.close();
    assert.equal(told, 1);
    await assert.rejects(other.request('thread.stats', {}), /closed/);
  });
});
