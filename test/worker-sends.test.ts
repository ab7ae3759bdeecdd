// Mostly waits: may run beside other tests.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { constants } from 'node:os';
import { after, before, describe, it, type TestContext } from 'node:test';
import { createWorker } from 'mediasoup';
import type { PlainTransport, Router, Worker } from 'mediasoup/types';
import { isRtcp, parseRtp } from '../base/rtp/index.ts';
import { until } from './support/media-server.ts';
import { isPatched } from './support/patched-worker.ts';
import { SegmentFaults } from './support/segment-fault.ts';

const worker = process.env.MEDIASOUP_WORKER_BIN ?? '';
const skip = !isPatched(process.env.MEDIASOUP_WORKER_BIN)
  ? 'the worker in use was not built by the set-up, which makes it send in groups'
  : process.platform !== 'linux' && 'only Linux sends datagrams in groups';

const RECEIVERS = 4;
const FRAMES = 40;
/** As libwebrtc splits a frame. */
const FRAME = [1000, 1000, 1000, 1001, 1001];
/** mediasoup's probes for bandwidth. */
const PROBE_SSRC = 1234;
const { EAGAIN, EINVAL, EIO, EMSGSIZE, EOPNOTSUPP } = constants.errno;

describe('a worker that sends in groups', { skip }, () => {
  let faults: SegmentFaults;
  before(async () => {
    faults = await SegmentFaults.create();
  });
  after(() => faults.remove());

  for (const family of ['IPv4', 'IPv6'] as const) {
    it(`sends packets of a size together over ${family}: all arrive, in order`, async (t) => {
      const { workerBin, groups } = await faults.wrap(worker, {});
      const room = await PlainRoom.open(t, workerBin, family);
      await room.forwardsAll();
      const sizes = await groups();
      assert.ok(sizes.length > FRAMES, `${sizes.length} groups`);
      assert.ok(sizes.every((size) => size >= 2 && size <= 64));
    });
  }

  for (const [name, errno] of Object.entries({ EIO, EOPNOTSUPP, EINVAL, EMSGSIZE })) {
    it(`sends each packet by itself where groups fail with ${name}, and does not try again`, async (t) => {
      const { workerBin, groups } = await faults.wrap(worker, { errno });
      const room = await PlainRoom.open(t, workerBin, 'IPv4');
      await room.forwardsAll();
      // Each receiver has a socket of its own.
      assert.equal((await groups()).length, RECEIVERS);
    });
  }

  it('loses and reorders nothing when its sockets are not writable', async (t) => {
    const { workerBin, groups } = await faults.wrap(worker, { errno: EAGAIN, blocked: 2 });
    const room = await PlainRoom.open(t, workerBin, 'IPv4');
    await room.forwardsAll();
    assert.ok((await groups()).length > FRAMES);
  });

  it('sends no groups with MEDIASOUP_UDP_SEGMENTATION=off', async (t) => {
    const { workerBin, groups } = await faults.wrap(worker, { setting: 'off' });
    const room = await PlainRoom.open(t, workerBin, 'IPv4');
    await room.forwardsAll();
    assert.deepEqual(await groups(), []);
  });

  it('sends to the others when transports close while packets wait', async (t) => {
    const { workerBin } = await faults.wrap(worker, {});
    const room = await PlainRoom.open(t, workerBin, 'IPv4');
    for (let round = 0; round < 20; round += 1) {
      const { transport } = await room.receiver();
      room.sendFrame();
      transport.close();
    }
    await room.forwardsAll();
    assert.equal(room.worker.closed, false);
  });
});

interface Receiver {
  transport: PlainTransport;
  /** Frame and place of each packet, as received. */
  got: string[];
}

/** One source and some receivers on plain transports. */
class PlainRoom {
  readonly worker: Worker;
  readonly #router: Router;
  readonly #producerId: string;
  readonly #source: Socket;
  readonly #sourcePort: number;
  readonly #ip: string;
  readonly #t: TestContext;
  readonly #receivers: Receiver[] = [];
  #sequence = 0;
  #frames = 0;

  private constructor(parts: {
    t: TestContext;
    worker: Worker;
    router: Router;
    producerId: string;
    source: Socket;
    sourcePort: number;
    ip: string;
  }) {
    this.#t = parts.t;
    this.worker = parts.worker;
    this.#router = parts.router;
    this.#producerId = parts.producerId;
    this.#source = parts.source;
    this.#sourcePort = parts.sourcePort;
    this.#ip = parts.ip;
  }

  static async open(t: TestContext, workerBin: string, family: 'IPv4' | 'IPv6'): Promise<PlainRoom> {
    const started = await createWorker({ workerBin, logLevel: 'none' });
    t.after(() => started.close());
    const router = await started.createRouter({
      mediaCodecs: [{ kind: 'video', mimeType: 'video/VP8', clockRate: 90_000 }],
    });
    const ip = family === 'IPv4' ? '127.0.0.1' : '::1';
    const transport = await router.createPlainTransport({
      listenInfo: { protocol: 'udp', ip },
      comedia: true,
    });
    const { id: producerId } = await transport.produce({
      kind: 'video',
      rtpParameters: {
        codecs: [{ mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000 }],
        encodings: [{ ssrc: 1 }],
      },
    });
    const source = await bound(t, ip);
    const sourcePort = transport.tuple.localPort;
    const room = new PlainRoom({ t, worker: started, router, producerId, source, sourcePort, ip });
    for (let index = 0; index < RECEIVERS; index += 1) {
      room.#receivers.push(await room.receiver());
    }
    return room;
  }

  async receiver(): Promise<Receiver> {
    const socket = await bound(this.#t, this.#ip);
    const got: string[] = [];
    socket.on('message', (packet) => {
      const rtp = isRtcp(packet) ? undefined : parseRtp(packet);
      if (rtp && rtp.ssrc !== PROBE_SSRC) {
        got.push(`${rtp.payload.readUInt32BE(20)}.${rtp.payload[24]} ${rtp.payload.length}`);
      }
    });
    const listenInfo = { protocol: 'udp', ip: this.#ip } as const;
    const transport = await this.#router.createPlainTransport({ listenInfo });
    await transport.connect({ ip: this.#ip, port: socket.address().port });
    const { rtpCapabilities } = this.#router;
    await transport.consume({ producerId: this.#producerId, rtpCapabilities });
    return { transport, got };
  }

  /** Sends a frame to the worker. */
  sendFrame(): void {
    this.#frames += 1;
    for (const [place, size] of FRAME.entries()) {
      this.#sequence += 1;
      const packet = Buffer.alloc(12 + size, place);
      packet.set([0x80, 96 | (place === FRAME.length - 1 ? 0x80 : 0)]);
      packet.writeUInt16BE(this.#sequence & 0xffff, 2);
      packet.writeUInt32BE(this.#frames * 3000, 4);
      packet.writeUInt32BE(1, 8);
      // A key frame of VP8 with one partition (RFC 7741 §4.2); the worker reads no further.
      packet.set([place === 0 ? 0x10 : 0x00, 0x10, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00], 12);
      packet.writeUInt32BE(this.#frames, 32);
      packet[36] = place;
      this.#source.send(packet, this.#sourcePort, this.#ip);
    }
  }

  /** Sends frames, and expects every receiver to get each packet once and in order. */
  async forwardsAll(): Promise<void> {
    // What is lost before the first packet has arrived is not counted.
    await until(() => {
      this.sendFrame();
      return this.#receivers.every(({ got }) => got.length > 0);
    }, 'everyone gets packets');
    const begin = this.#frames + 1;
    for (let frame = 0; frame < FRAMES; frame += 1) {
      this.sendFrame();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const last = `${this.#frames}.${FRAME.length - 1} ${FRAME.at(-1)}`;
    await until(
      () => this.#receivers.every(({ got }) => got.includes(last)),
      'everyone gets the last packet',
    );
    const expected = Array.from({ length: FRAMES }, (_, frame) =>
      FRAME.map((size, place) => `${begin + frame}.${place} ${size}`),
    ).flat();
    for (const { got } of this.#receivers) {
      assert.deepEqual(got.slice(got.indexOf(`${expected[0]}`)), expected);
    }
  }
}

async function bound(t: TestContext, ip: string): Promise<Socket> {
  const socket = createSocket(ip.includes(':') ? 'udp6' : 'udp4').bind(0, ip);
  t.after(() => socket.close());
  await once(socket, 'listening');
  return socket;
}
