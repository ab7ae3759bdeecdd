import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { RtpPacket } from 'rtp.js/packets';
import { buildNativeCodecs } from '../../codecs/index.ts';
import { MediaThread, Srtp } from '../index.ts';
import { MediaPool } from './index.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');

const LOOPBACK = '127.0.0.1';
const ANY_PORT = { min: 0, max: 0 };
const srtp = Srtp.load();

/** A phone, as far as its media goes. */
class Phone {
  readonly socket: Socket = createSocket('udp4');
  readonly packets: RtpPacket[] = [];
  goodbyes = 0;
  /** Its SRTP contexts, if its call is encrypted. */
  srtp: { send: number; receive: number } | undefined;
  /** Why it dropped packets. */
  readonly dropped: string[] = [];
  /** The last packet that it sent. */
  said = Buffer.alloc(0);
  #sequence = 0;

  async open(): Promise<number> {
    this.socket.bind(0, LOOPBACK);
    await once(this.socket, 'listening');
    this.socket.on('message', (received) => {
      const type = received[1] ?? 0;
      const datagram = this.#decrypted(received, type >= 200 && type <= 206);
      if (!datagram) {
        return;
      }
      if (type >= 200 && type <= 206) {
        if (Buffer.from(datagram).includes(Buffer.from([0x81, 203]))) {
          this.socket.emit('goodbye', ++this.goodbyes);
        }
        return;
      }
      this.packets.push(new RtpPacket(new DataView(Uint8Array.from(datagram).buffer)));
      this.socket.emit('rtp');
    });
    return this.socket.address().port;
  }

  async hears(packets: number): Promise<RtpPacket[]> {
    this.packets.length = 0;
    while (this.packets.length < packets) {
      await once(this.socket, 'rtp');
    }
    return this.packets.slice(0, packets);
  }

  say(port: number): void {
    const bytes = Buffer.alloc(172, 0xff);
    bytes.writeUInt16BE(0x8000, 0);
    bytes.writeUInt16BE(++this.#sequence, 2);
    bytes.writeUInt32BE(this.#sequence * 160, 4);
    bytes.writeUInt32BE(5, 8);
    this.said = this.srtp ? Buffer.from(srtp.protect(this.srtp.send, bytes, false) ?? []) : bytes;
    this.socket.send(this.said, port, LOOPBACK);
  }

  #decrypted(datagram: Buffer, isRtcp: boolean): Uint8Array | undefined {
    const opened = this.srtp ? srtp.unprotect(this.srtp.receive, datagram, isRtcp) : datagram;
    if (typeof opened !== 'string') {
      return opened;
    }
    this.dropped.push(opened);
    return undefined;
  }
}

describe('MediaPool', () => {
  let pool: MediaPool;
  let threads: MediaThread[];
  let phones: Phone[];

  async function start(): Promise<MediaThread> {
    const thread = await MediaThread.start();
    threads.push(thread);
    return thread;
  }

  beforeEach(async () => {
    threads = [];
    phones = [];
    pool = await MediaPool.start({ threads: 2, start });
  });
  afterEach(async () => {
    for (const { socket } of phones) {
      socket.close();
    }
    await pool.close();
  });
  after(() => assert.ok(threads.length > 0));

  async function openPhone(legId: string, roomId?: string): Promise<{ phone: Phone; port: number }> {
    const phone = new Phone();
    phones.push(phone);
    const remote = { address: LOOPBACK, port: await phone.open() };
    const { port } = await pool.openLeg({ legId, roomId, ip: LOOPBACK, ports: ANY_PORT });
    await pool.request('leg.start', {
      legId,
      media: { codec: 'PCMU', payloadType: 0, remote, rtcpMux: true },
    });
    return { phone, port };
  }

  /** Legs and rooms of each thread, the fuller one first. */
  async function spread(): Promise<number[][]> {
    const stats = await pool.stats();
    return stats.threads.map(({ legs, rooms }) => [legs, rooms]).sort(([a = 0], [b = 0]) => b - a);
  }

  test('rooms are spread over the threads, and a room’s legs are in its thread', async () => {
    for (const roomId of ['a', 'b']) {
      await pool.openRoom({ roomId, ip: LOOPBACK, port: 0 });
      for (const n of [1, 2]) {
        await openPhone(`${roomId}${n}`, roomId);
        await pool.join({ legId: `${roomId}${n}`, roomId, ssrc: n });
      }
    }
    assert.deepEqual(await spread(), [
      [2, 1],
      [2, 1],
    ]);
    assert.equal((await pool.request('room.stats', { roomId: 'b' })).legs, 2);
    await pool.closeLeg('b1');
    await pool.closeLeg('b2');
    await pool.closeRoom('b');
    assert.deepEqual(await spread(), [
      [2, 1],
      [0, 0],
    ]);
  });

  test('a phone opened without a room moves to the room’s thread with the same ports and stream, without BYE', async () => {
    await pool.openRoom({ roomId: 'r', ip: LOOPBACK, port: 0 });
    await openPhone('member', 'r');
    const { phone, port } = await openPhone('late');
    phone.say(port);
    assert.deepEqual(await spread(), [
      [1, 1],
      [1, 0],
    ]);
    const [last] = (await phone.hears(5)).slice(-1);
    await pool.join({ legId: 'late', roomId: 'r', ssrc: 9 });
    assert.deepEqual(await spread(), [
      [2, 1],
      [0, 0],
    ]);
    const [first] = await phone.hears(5);
    assert.ok(last && first);
    assert.equal(first.getSsrc(), last.getSsrc());
    const gap = (first.getSequenceNumber() - last.getSequenceNumber()) & 0xffff;
    assert.ok(gap >= 1 && gap < 50, `sequence numbers go on after ${gap}`);
    assert.equal(phone.goodbyes, 0);
    phone.say(port);
    phone.say(port);
    const stats = await pool.request('leg.stats', { legId: 'late' });
    assert.ok(stats?.silentMs !== null, 'it has been heard before');
    assert.equal((await pool.request('room.stats', { roomId: 'r' })).legs, 1);
    const goodbye = once(phone.socket, 'goodbye');
    await pool.closeLeg('late');
    await goodbye;
  });

  test('when a thread dies, its calls continue in its successor on the same ports', async (t) => {
    t.mock.method(performance, 'now', longAgo());
    const { port: roomPort } = await pool.openRoom({ roomId: 'r', ip: LOOPBACK, port: 0 });
    const { phone, port } = await openPhone('leg', 'r');
    await pool.join({ legId: 'leg', roomId: 'r', ssrc: 1 });
    const died = once(pool, 'died');
    const dying = await threadOf('leg');
    await dying.close();
    const [, calls] = await died;
    assert.deepEqual(calls, { legs: 1, resumed: true });
    // A request that finds the thread dead waits for the next one.
    assert.equal((await pool.request('room.stats', { roomId: 'r' })).legs, 1);
    await phone.hears(5);
    phone.say(port);
    assert.equal(threads.length, 3);
    await pool.closeLeg('leg');
    await pool.closeRoom('r');
    await pool.openRoom({ roomId: 'again', ip: LOOPBACK, port: roomPort });
    assert.deepEqual((await pool.stats()).legs, 0);
  });

  test('threat 39: an encrypted call that moves to another thread, and whose thread then dies, continues its counters', async (t) => {
    t.mock.method(performance, 'now', longAgo());
    const suite = 'AES_CM_128_HMAC_SHA1_80';
    const [phoneKey, ownKey] = [Buffer.alloc(30, 1), Buffer.alloc(30, 2)];
    const context = (sending: boolean, key: Buffer) => srtp.open({ sending, suite, key });
    const phone = new Phone();
    phones.push(phone);
    phone.srtp = { send: context(true, phoneKey), receive: context(false, ownKey) };
    const own = { send: context(true, ownKey), receive: context(false, phoneKey) };
    const remote = { address: LOOPBACK, port: await phone.open() };
    await pool.openRoom({ roomId: 'r', ip: LOOPBACK, port: 0 });
    await openPhone('member', 'r');
    const { port } = await pool.openLeg({ legId: 'leg', ip: LOOPBACK, ports: ANY_PORT });
    await pool.request('leg.start', {
      legId: 'leg',
      media: { codec: 'PCMU', payloadType: 0, remote, rtcpMux: true, srtp: own },
    });
    const refused = async () => {
      const before = (await pool.request('leg.stats', { legId: 'leg' }))?.packetsUnauthenticated ?? 0;
      phone.socket.send(phone.said, port, LOOPBACK);
      while ((await pool.request('leg.stats', { legId: 'leg' }))?.packetsUnauthenticated === before) {
        await phone.hears(1);
      }
    };
    phone.say(port);
    await phone.hears(3);
    await refused();
    await pool.join({ legId: 'leg', roomId: 'r', ssrc: 9 });
    await phone.hears(3);
    // A packet that was received before the move is still known.
    await refused();
    const died = once(pool, 'died');
    await (await threadOf('leg')).close();
    await died;
    await phone.hears(3);
    await refused();
    const goodbye = once(phone.socket, 'goodbye');
    await pool.closeLeg('leg');
    await goodbye;
    assert.deepEqual(phone.dropped, []);
    for (const id of [...Object.values(phone.srtp), ...Object.values(own)]) {
      srtp.close(id);
    }
  });

  test('when a thread dies soon after its start, its calls fail, and new ones can be made', async () => {
    await pool.openRoom({ roomId: 'r', ip: LOOPBACK, port: 0 });
    await openPhone('leg', 'r');
    const failed = once(pool, 'leg');
    const dying = await threadOf('leg');
    await dying.close();
    const [legId, event] = await failed;
    assert.equal(legId, 'leg');
    assert.equal(event.type, 'failed');
    assert.equal(await pool.closeLeg('leg'), null);
    await pool.closeRoom('r');
    await pool.openRoom({ roomId: 'r', ip: LOOPBACK, port: 0 });
    const { phone } = await openPhone('leg', 'r');
    await pool.join({ legId: 'leg', roomId: 'r', ssrc: 1 });
    await phone.hears(5);
  });

  test('invalid requests are rejected with a clear message, and closing an unknown leg or room has no effect', async () => {
    await assert.rejects(pool.join({ legId: 'none', roomId: 'r', ssrc: 1 }), /no leg none/);
    await assert.rejects(pool.request('room.stats', { roomId: 'none' }), /no room none/);
    const busy = { min: 5, max: 5 };
    await assert.rejects(pool.openLeg({ legId: 'x', ip: LOOPBACK, ports: busy }), /port/);
    assert.equal(await pool.closeLeg('x'), null);
    await pool.closeRoom('none');
  });

  async function threadOf(legId: string): Promise<MediaThread> {
    for (const thread of threads) {
      const found = await thread.request('leg.stats', { legId }).catch(() => null);
      if (found) {
        return thread;
      }
    }
    throw new Error(`no thread has ${legId}`);
  }
});

/** A clock that is an hour ahead: threads that were started before it have lived long. */
function longAgo(): () => number {
  const now = performance.now.bind(performance);
  return () => now() + 3_600_000;
}
