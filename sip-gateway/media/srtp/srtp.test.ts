import assert from 'node:assert/strict';
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { locate } from './build.mjs';
import { buildNativeSrtp, Srtp } from './index.ts';

assert.ok(buildNativeSrtp().path !== null, 'these tests need a C compiler and libsrtp2-dev');
const path = locate();
const srtp = Srtp.load();

/** Master key and salt of RFC 3711 B.3. */
const RFC_MASTER = Buffer.from('E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6', 'hex');
const SSRC = 0xcafebabe;

const SUITES = {
  AES_CM_128_HMAC_SHA1_80: { keyBytes: 16, saltBytes: 14, tagBytes: 10 },
  AES_CM_128_HMAC_SHA1_32: { keyBytes: 16, saltBytes: 14, tagBytes: 4 },
  AES_256_CM_HMAC_SHA1_80: { keyBytes: 32, saltBytes: 14, tagBytes: 10 },
  AES_256_CM_HMAC_SHA1_32: { keyBytes: 32, saltBytes: 14, tagBytes: 4 },
  AEAD_AES_128_GCM: { keyBytes: 16, saltBytes: 12, tagBytes: 16 },
  AEAD_AES_256_GCM: { keyBytes: 32, saltBytes: 12, tagBytes: 16 },
};
type Suite = keyof typeof SUITES;

function masterOf(suite: Suite): Buffer {
  const { keyBytes, saltBytes } = SUITES[suite];
  return suite.startsWith('AES_CM_128') ? RFC_MASTER : randomBytes(keyBytes + saltBytes);
}

/** The key stream of AES in counter mode. */
function keyStream(key: Buffer, iv: Buffer, length: number): Buffer {
  return createCipheriv(key.length === 16 ? 'aes-128-ctr' : 'aes-256-ctr', key, iv).update(
    Buffer.alloc(length),
  );
}

/** A session key (RFC 3711 §4.3; RFC 7714 §11 for the shorter salt). */
function derive(master: Buffer, suite: Suite, label: number, length: number): Buffer {
  const { keyBytes } = SUITES[suite];
  const iv = Buffer.alloc(16);
  master.copy(iv, 0, keyBytes);
  iv[7] = (iv[7] as number) ^ label;
  return keyStream(master.subarray(0, keyBytes), iv, length);
}

const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, at) => byte ^ (b[at] as number)));

/** What a packet must become, by the RFCs and node:crypto. `index`: of the packet, 48 bits in RTP and 31 bits in RTCP. */
function protectedByRfc(suite: Suite, master: Buffer, packet: Buffer, index: number, rtcp: boolean): Buffer {
  const { keyBytes, saltBytes, tagBytes } = SUITES[suite];
  const first = rtcp ? 3 : 0;
  const headerBytes = rtcp ? 8 : 12;
  const key = derive(master, suite, first, keyBytes);
  const salt = derive(master, suite, first + 2, saltBytes);
  const header = packet.subarray(0, headerBytes);
  const payload = packet.subarray(headerBytes);
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32BE(rtcp ? 0x8000_0000 + index : Math.floor(index / 65_536));
  const iv = Buffer.alloc(saltBytes);
  if (saltBytes === 14) {
    iv.writeUInt32BE(SSRC, 4);
    iv.writeUIntBE(index, 8, 6);
    const ciphertext = xor(
      payload,
      keyStream(key, Buffer.concat([xor(salt, iv), Buffer.alloc(2)]), payload.length),
    );
    const authKey = derive(master, suite, first + 1, 20);
    const authenticated = Buffer.concat([header, ciphertext, trailer]);
    const tag = createHmac('sha1', authKey)
      .update(authenticated)
      .digest()
      .subarray(0, rtcp ? 10 : tagBytes);
    return Buffer.concat([header, ciphertext, ...(rtcp ? [trailer] : []), tag]);
  }
  iv.writeUInt32BE(SSRC, 2);
  iv.writeUIntBE(index, 6, 6);
  const cipher = createCipheriv(keyBytes === 16 ? 'aes-128-gcm' : 'aes-256-gcm', key, xor(salt, iv));
  cipher.setAAD(rtcp ? Buffer.concat([header, trailer]) : header);
  const ciphertext = Buffer.concat([cipher.update(payload), cipher.final()]);
  return Buffer.concat([header, ciphertext, cipher.getAuthTag(), ...(rtcp ? [trailer] : [])]);
}

function rtp(sequenceNumber: number, ssrc = SSRC): Buffer {
  const packet = Buffer.alloc(172, 0xab);
  packet.writeUInt32BE(0x8000_0000 + (sequenceNumber & 0xffff));
  packet.writeUInt32BE(0xdecafbad, 4);
  packet.writeUInt32BE(ssrc, 8);
  return packet;
}

function rtcp(ssrc = SSRC): Buffer {
  const packet = Buffer.alloc(8);
  packet.writeUInt32BE(0x80c9_0001);
  packet.writeUInt32BE(ssrc, 4);
  return packet;
}

/** Contexts of both ends of one direction. */
function open(suite: Suite = 'AES_CM_128_HMAC_SHA1_80', { mki = Buffer.alloc(0), window = 128 } = {}) {
  const key = masterOf(suite);
  const sender = srtp.open({ sending: true, suite, key, mki });
  const receiver = srtp.open({ sending: false, suite, key, mki, window });
  return {
    key,
    sender,
    receiver,
    send: (packet: Buffer, isRtcp = false) => Buffer.from(srtp.protect(sender, packet, isRtcp) ?? []),
    receive: (packet: Buffer, isRtcp = false) => {
      const opened = srtp.unprotect(receiver, Buffer.from(packet), isRtcp);
      return typeof opened === 'string' ? opened : Buffer.from(opened);
    },
    close: () => {
      srtp.close(sender);
      srtp.close(receiver);
    },
  };
}

describe('SRTP', () => {
  it('session keys are those of RFC 3711 B.3', () => {
    const suite = 'AES_CM_128_HMAC_SHA1_80';
    const hex = (label: number, length: number) => derive(RFC_MASTER, suite, label, length).toString('hex');
    assert.equal(hex(0, 16), 'c61e7a93744f39ee10734afe3ff7a087');
    assert.equal(hex(2, 14), '30cbbc08863d8c85d49db34a9ae1');
    assert.equal(hex(1, 20), 'cebe321f6ff7716b6fd4ab49af256a156d38baa4');
  });

  it('libsrtp has all suites', () => {
    assert.deepEqual(new Set(srtp.suites), new Set(Object.keys(SUITES)));
    assert.equal(srtp.reason, undefined);
  });

  for (const suite of ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_256_GCM'] as const) {
    it(`${suite}: contexts that continue those of an earlier process use no index twice, and read what follows`, () => {
      for (const roc of [0, 3]) {
        const key = masterOf(suite);
        const state = { rtcpSent: 700, streams: [{ ssrc: SSRC, roc }] };
        const sender = srtp.resume({ sending: true, suite, key }, state);
        const receiver = srtp.resume({ sending: false, suite, key }, state);
        assert.deepEqual(srtp.state(sender), { rtcpSent: 700, streams: [{ ssrc: SSRC, roc: 0 }] });
        for (const index of [roc * 65_536 + 65_535, (roc + 1) * 65_536]) {
          const packet = rtp(index & 0xffff);
          const sent = Buffer.from(srtp.protect(sender, packet, false) ?? []);
          assert.deepEqual(sent, protectedByRfc(suite, key, packet, index, false));
          assert.ok(
            Buffer.from(packet).equals(srtp.unprotect(receiver, Buffer.from(sent), false) as Uint8Array),
          );
        }
        assert.deepEqual(srtp.state(sender).streams, [{ ssrc: SSRC, roc: roc + 1 }]);
        const report = Buffer.from(srtp.protect(sender, rtcp(), true) ?? []);
        assert.deepEqual(report, protectedByRfc(suite, key, rtcp(), 701, true));
        assert.ok(rtcp().equals(srtp.unprotect(receiver, report, true) as Uint8Array));
        srtp.close(sender);
        srtp.close(receiver);
        assert.deepEqual(srtp.state(sender), { rtcpSent: 0, streams: [] });
      }
    });
  }

  for (const suite of ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'] as const) {
    it(`${suite}: a stream that overflowed while nobody listened is continued, after forged packets too`, () => {
      const key = masterOf(suite);
      const state = { rtcpSent: 0, streams: [{ ssrc: SSRC, roc: 3 }] };
      const receiver = srtp.resume({ sending: false, suite, key }, state);
      const at = (index: number) => protectedByRfc(suite, key, rtp(index & 0xffff), index, false);
      const forged = at(4 * 65_536 + 4);
      forged[20] = (forged[20] ?? 0) ^ 1;
      assert.equal(srtp.unprotect(receiver, forged, false), 'forged');
      assert.equal(srtp.unprotect(receiver, at(6 * 65_536 + 5), false), 'forged');
      for (const index of [4 * 65_536 + 5, 4 * 65_536 + 6]) {
        assert.ok(rtp(index & 0xffff).equals(srtp.unprotect(receiver, at(index), false) as Uint8Array));
      }
      assert.equal(srtp.unprotect(receiver, at(4 * 65_536 + 5), false), 'replayed');
      assert.deepEqual(srtp.state(receiver).streams, [{ ssrc: SSRC, roc: 4 }]);
      srtp.close(receiver);
    });
  }

  for (const suite of Object.keys(SUITES) as Suite[]) {
    it(`${suite}: RTP and RTCP are as the RFCs say, and come back as they were`, () => {
      const { key, send, receive, close } = open(suite);
      for (const sequenceNumber of [0x1234, 0x1235]) {
        const packet = rtp(sequenceNumber);
        const sent = send(packet);
        assert.deepEqual(sent, protectedByRfc(suite, key, packet, sequenceNumber, false));
        assert.deepEqual(receive(sent), packet);
      }
      for (const index of [1, 2]) {
        const sent = send(rtcp(), true);
        assert.deepEqual(sent, protectedByRfc(suite, key, rtcp(), index, true));
        assert.deepEqual(receive(sent, true), rtcp());
      }
      close();
    });
  }

  it('threat 11: a packet with any changed byte, or of any length, is dropped, and changes nothing', () => {
    for (const suite of ['AES_CM_128_HMAC_SHA1_32', 'AEAD_AES_128_GCM'] as const) {
      const { send, receive, close } = open(suite);
      for (const isRtcp of [false, true]) {
        const sent = send(isRtcp ? rtcp() : rtp(1), isRtcp);
        for (let at = 0; at < sent.length; at++) {
          const changed = Buffer.from(sent);
          changed[at] = (changed[at] as number) ^ 0x10;
          assert.equal(typeof receive(changed, isRtcp), 'string', `byte ${at}`);
          assert.equal(typeof receive(sent.subarray(0, at), isRtcp), 'string', `length ${at}`);
        }
        for (const length of [0, 1, 7, 11, 12, 1501, 2048, 2049, 65_507]) {
          assert.equal(typeof receive(randomBytes(length), isRtcp), 'string');
        }
        assert.equal(typeof receive(sent, isRtcp), 'object');
      }
      close();
    }
  });

  it('threat 11: a repeated packet is dropped, as is one older than the window', () => {
    const { send, receive, close } = open('AES_CM_128_HMAC_SHA1_80', { window: 64 });
    const sent = Array.from({ length: 200 }, (_, n) => send(rtp(n)));
    for (const n of [0, 2, 1]) {
      assert.equal(typeof receive(sent[n] as Buffer), 'object');
      assert.equal(receive(sent[n] as Buffer), 'replayed');
    }
    assert.equal(typeof receive(sent[199] as Buffer), 'object');
    assert.equal(typeof receive(sent[150] as Buffer), 'object');
    assert.equal(receive(sent[100] as Buffer), 'replayed');
    const report = send(rtcp(), true);
    assert.equal(typeof receive(report, true), 'object');
    assert.equal(receive(report, true), 'replayed');
    close();
  });

  it('threat 39: after 22 minutes the rollover counter continues, also if 10 minutes of packets were lost', () => {
    const { key, send, receive, close } = open();
    for (let n = 0; n < 66_000; n++) {
      const sent = send(rtp(n));
      if (n < 30_000 || n > 60_000) {
        assert.equal(typeof receive(sent), 'object', `${n}`);
      }
    }
    assert.deepEqual(
      send(rtp(66_000)),
      protectedByRfc('AES_CM_128_HMAC_SHA1_80', key, rtp(66_000), 66_000, false),
    );
    close();
  });

  it('threat 39: a context that another thread takes over continues: no index of RTP or RTCP is used twice', async () => {
    const { key, sender, send, close } = open();
    for (let n = 65_000; n < 65_540; n++) {
      send(rtp(n));
    }
    send(rtcp(), true);
    const worker = new Worker(
      `const { parentPort, workerData: { path, context, packets } } = require('node:worker_threads');
      const module_ = { exports: {} };
      process.dlopen(module_, path);
      parentPort.postMessage(packets.map(([packet, isRtcp]) => {
        const out = new Uint8Array(400);
        return out.subarray(0, module_.exports.transform(context, packet, out, isRtcp));
      }));`,
      {
        eval: true,
        workerData: {
          path,
          context: sender,
          packets: [
            [rtp(65_540), false],
            [rtcp(), true],
          ],
        },
      },
    );
    const [[media, report]] = (await once(worker, 'message')) as [Uint8Array[]];
    await worker.terminate();
    const suite = 'AES_CM_128_HMAC_SHA1_80';
    assert.deepEqual(
      Buffer.from(media as Uint8Array),
      protectedByRfc(suite, key, rtp(65_540), 65_540, false),
    );
    assert.deepEqual(Buffer.from(report as Uint8Array), protectedByRfc(suite, key, rtcp(), 2, true));
    close();
  });

  it('packets carry a master key identifier if there is one, and others are dropped', () => {
    const mki = Buffer.from('0001', 'hex');
    const { send, receive, close } = open('AES_CM_128_HMAC_SHA1_80', { mki });
    const sent = send(rtp(1));
    assert.deepEqual(sent.subarray(-12, -10), mki);
    assert.deepEqual(receive(sent), rtp(1));
    const other = send(rtp(2));
    other[other.length - 11] = 2;
    assert.equal(receive(other), 'forged');
    close();
  });

  it('threat 33: a sender may use 32 streams with one key; our own streams are not limited', () => {
    const { send, receive, close } = open();
    const streams = Array.from({ length: 40 }, (_, n) => send(rtp(1, n + 1)));
    const results = streams.map((sent) => typeof receive(sent) === 'object');
    assert.deepEqual([results.indexOf(false), results.lastIndexOf(true)], [32, 31]);
    assert.equal(receive(streams[35] as Buffer), 'refused');
    // Packets that are not authentic start no stream.
    const other = open();
    for (let n = 0; n < 1000; n++) {
      other.receive(Buffer.concat([rtp(1, n + 1), randomBytes(10)]));
    }
    assert.equal(typeof other.receive(other.send(rtp(1))), 'object');
    close();
    other.close();
  });

  it('a closed context serves no more, and its id is not given out again', () => {
    const { sender, receiver, send, receive, close } = open();
    const sent = send(rtp(1));
    close();
    close();
    assert.equal(srtp.protect(sender, rtp(2), false), undefined);
    assert.equal(receive(sent), 'refused');
    const next = open();
    assert.ok(![sender, receiver].includes(next.sender));
    next.close();
    for (const id of [-1, 0.5, Number.NaN, 2 ** 60]) {
      assert.equal(srtp.protect(id, rtp(2), false), undefined);
    }
  });

  it('wrong keys and unknown suites are refused', () => {
    const base = { sending: true, suite: 'AES_CM_128_HMAC_SHA1_80', key: RFC_MASTER };
    for (const wrong of [
      { key: RFC_MASTER.subarray(1) },
      { suite: 'NULL' },
      { mki: Buffer.alloc(129) },
      { window: 1 },
      { window: 100_000 },
    ]) {
      assert.throws(() => srtp.open({ ...base, ...wrong }), RangeError);
    }
  });

  it('without the add-on there are no suites, and a reason', () => {
    for (const options of [{ prefer: 'portable' as const }, { path: '/nowhere/canopy-srtp.node' }]) {
      const none = Srtp.load(options);
      assert.deepEqual(none.suites, []);
      assert.ok(none.reason);
      assert.throws(() => none.protect(1, rtp(1), false), RangeError);
    }
  });
});
