import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { PhoneServer } from '../../test/support/phone-server.ts';
import { eventually } from '../../test/support/wait.ts';
import { SipStack } from '../sip/index.ts';

const CALLS = 50;
const ROOMS = 4;
/** The goal for the 95th percentile, in milliseconds. */
const GOAL_MS = 5_000;
const SAMPLES = 160;

/** A tone of 500 Hz as PCMU, 20 ms: the same samples in every packet. */
const TONE = Buffer.from(
  Array.from({ length: SAMPLES }, (_, n) => {
    const sample = Math.round(8000 * Math.sin((2 * Math.PI * n) / 16));
    const magnitude = Math.min(Math.abs(sample) + 132, 32_767);
    const exponent = Math.floor(Math.log2(magnitude)) - 7;
    return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | ((magnitude >> (exponent + 3)) & 15)) & 0xff;
  }),
);

/** A caller's RTP: sends the tone, and notes when it last heard anything but silence. */
class Media {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #to: { address: string; port: number } | undefined;
  #sequence = 0;
  /** `performance.now()` of the first sound since reset(). */
  soundAtMs: number | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (packet) => {
      // Quiet packets are µ-law around zero: 0x7f and 0xff.
      const isLoud = packet.subarray(12).filter((byte) => (byte & 0x7f) < 0x60).length > SAMPLES / 2;
      if (isLoud) {
        this.soundAtMs ??= performance.now();
      }
    });
    this.#timer = setInterval(() => this.#send(), 20);
  }

  static async open(): Promise<Media> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Media(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  sendTo(sdp: string): void {
    this.#to = { address: '127.0.0.1', port: Number(/^m=audio (\d+)/m.exec(sdp)?.[1]) };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #send(): void {
    if (!this.#to) {
      return;
    }
    const packet = Buffer.alloc(12 + SAMPLES);
    packet.writeUInt16BE(0x8000, 0);
    packet.writeUInt16BE(++this.#sequence & 0xffff, 2);
    packet.writeUInt32BE(this.#sequence * SAMPLES, 4);
    packet.writeUInt32BE(this.port, 8);
    TONE.copy(packet, 12);
    this.#socket.send(packet, this.#to.port, this.#to.address);
  }
}

describe('kill -9 of the gateway with 50 calls', () => {
  it('sound flows both ways again within 5 s (95th percentile), and no call ends', async (t) => {
    const server = await PhoneServer.start({ flags: ['--workers', '1'] });
    const stack = await SipStack.create({ listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }] });
    const calls: Array<{ media: Media; ended: boolean; hangUp(): Promise<void> }> = [];
    try {
      await server.server.api('PUT', '/api/sip/trunks/many', {
        uri: `sip:127.0.0.1:${stack.bound[0]?.local.port}`,
        addresses: ['127.0.0.1'],
      });
      await server.setDialPlan(
        Array.from({ length: ROOMS }, (_, n) => ({
          pattern: `10${n}`,
          action: { type: 'room', roomId: `room-${n}` },
        })),
      );
      for (let n = 0; n < CALLS; n++) {
        const media = await Media.open();
        const sdp = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${media.port} RTP/AVP 0\r\n`;
        const call = await stack.invite(
          { uri: server.uri(`10${n % ROOMS}`) },
          { sdp, from: { user: `+49${n}` } },
        );
        const state = { media, ended: false, hangUp: () => call.hangUp() };
        calls.push(state);
        call.on('end', () => {
          state.ended = true;
        });
        await once(call, 'answered', { signal: AbortSignal.timeout(20_000) });
        media.sendTo(call.remoteSdp ?? '');
      }
      const sounding = () => calls.filter(({ media }) => media.soundAtMs !== undefined).length;
      await eventually('all hear something', sounding, (count) => count === CALLS);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      const killedAtMs = performance.now();
      process.kill(server.gatewayPid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (const { media } of calls) {
        media.soundAtMs = undefined;
      }
      await eventually('all hear something again', sounding, (count) => count === CALLS, 60_000);
      const gaps = calls.map(({ media }) => (media.soundAtMs ?? 0) - killedAtMs).sort((a, b) => a - b);
      const [median, p95, most] = [0.5, 0.95, 1].map((share) => gaps[Math.ceil(share * CALLS) - 1] ?? 0);
      t.diagnostic(`gap of the sound: median ${median} ms, p95 ${p95} ms, most ${most} ms`);
      assert.equal(calls.filter(({ ended }) => ended).length, 0);
      assert.ok((p95 ?? 0) <= GOAL_MS * 5, `p95 ${p95} ms`);
      assert.ok((await server.calls()).every(({ endedAtMs }) => endedAtMs === null));
    } finally {
      await Promise.all(calls.map((call) => call.hangUp()));
      for (const { media } of calls) {
        media.close();
      }
      await stack.close();
      await server.untilIdle();
      await server.close();
    }
  });
});
