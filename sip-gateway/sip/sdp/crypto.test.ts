import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readCryptoLine } from './crypto-line.ts';
import { type LocalAudio, type LocalEncryption, SdpError, SdpSession } from './index.ts';

const SUITES = [
  'AEAD_AES_256_GCM',
  'AES_256_CM_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
];
const local = (use: LocalEncryption['use'], suites = SUITES): LocalAudio => ({
  address: '192.0.2.1',
  port: 4000,
  codecs: ['PCMU'],
  encryption: { use, keying: 'sdes', suites, ...(suites.length === 0 && { reason: 'none here' }) },
});
const key = (fill: number, length = 30) => Buffer.alloc(length, fill).toString('base64');
const line = (fill = 1, { tag = 1, suite = 'AES_CM_128_HMAC_SHA1_80', more = '' } = {}) =>
  `a=crypto:${tag} ${suite} inline:${key(fill)}${more}`;
const sdp = (...media: string[]) =>
  ['v=0', 'o=- 1 1 IN IP4 192.0.2.20', 's=-', 'c=IN IP4 192.0.2.20', 't=0 0', ...media, ''].join('\r\n');
const secure = (...lines: string[]) => sdp('m=audio 5000 RTP/SAVP 0', ...lines);
const plain = (...lines: string[]) => sdp('m=audio 5000 RTP/AVP 0', ...lines);

const cryptoOf = (text: string) =>
  [...text.matchAll(/^a=crypto:(\d+) (\S+) inline:(\S+)\r$/gm)].map(([, tag, suite, inline]) => ({
    tag: Number(tag),
    suite,
    key: inline ?? '',
  }));
const profileOf = (text: string) => /^m=audio \d+ (\S+) /m.exec(text)?.[1];
const base64 = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('base64');
const refused = (warning?: number) => (error: unknown) =>
  error instanceof SdpError && error.status === 488 && (warning === undefined || error.warning === warning);

describe('crypto lines (RFC 4568)', () => {
  const value = (more: string, suite = 'AES_CM_128_HMAC_SHA1_80', length = 30) =>
    `1 ${suite} inline:${key(7, length)}${more}`;

  it('are read with lifetime, MKI and session parameters', () => {
    const read = readCryptoLine(value('|2^20|1:4 WSH=256 -KDR9=x'));
    assert.deepEqual(
      [read.tag, read.suite, base64(read.key), read.mki?.toString('hex'), read.window],
      [1, 'AES_CM_128_HMAC_SHA1_80', key(7), '00000001', 256],
    );
    for (const more of ['', '|2^48', '|1000000', '|2^31 WSH=64', ' -FUTURE']) {
      assert.equal(readCryptoLine(value(more)).mki, undefined, more);
    }
    assert.equal(readCryptoLine(value('|65535:2')).mki?.toString('hex'), 'ffff');
    assert.equal(readCryptoLine(value(' WSH=99999')).window, 1024);
    assert.equal(readCryptoLine(`007\taes_cm_128_hmac_sha1_32  INLINE:${key(1)}`).tag, 7);
    assert.equal(readCryptoLine(value('', 'AES_CM_256_HMAC_SHA1_80', 46)).suite, 'AES_256_CM_HMAC_SHA1_80');
    for (const [suite, length] of [
      ['AES_256_CM_HMAC_SHA1_32', 46],
      ['AEAD_AES_128_GCM', 28],
      ['AEAD_AES_256_GCM', 44],
    ] as const) {
      assert.equal(readCryptoLine(value('', suite, length)).key.length, length);
    }
    // Padding may be missing.
    assert.equal(
      readCryptoLine(`1 AEAD_AES_128_GCM inline:${key(1, 28).replaceAll('=', '')}`).key.length,
      28,
    );
  });

  it('threat 37: malformed and unsupported ones are refused', () => {
    for (const text of [
      '',
      '1',
      `${'1'.repeat(10)} AES_CM_128_HMAC_SHA1_80 inline:${key(1)}`,
      `x AES_CM_128_HMAC_SHA1_80 inline:${key(1)}`,
      `1 NULL inline:${key(1)}`,
      `1 F8_128_HMAC_SHA1_80 inline:${key(1)}`,
      `1 constructor inline:${key(1)}`,
      `1 __proto__ inline:${key(1)}`,
      `1 AES_CM_128_HMAC_SHA1_80 prompt:${key(1)}`,
      `1 AES_CM_128_HMAC_SHA1_80 inline:${key(1, 29)}`,
      `1 AES_CM_128_HMAC_SHA1_80 inline:${key(1, 31)}`,
      `1 AES_CM_128_HMAC_SHA1_80 inline:${'A'.repeat(100_000)}`,
      `1 AES_CM_128_HMAC_SHA1_80 inline:${key(1).replace('A', '-')}`,
      `1 AES_CM_128_HMAC_SHA1_80 inline:${key(1)};inline:${key(2)}`,
      value('|'),
      value('|0'),
      value('|2^49'),
      value('|2^999'),
      value('|281474976710657'),
      value('|1:0'),
      value('|1:129'),
      value('|256:1'),
      value('|1:4|2^20'),
      value(`|${'9'.repeat(311)}:128`),
      value(' WSH=63'),
      value(' WSH=x'),
      value(' KDR=1'),
      value(' UNENCRYPTED_SRTP'),
      value(' UNENCRYPTED_SRTCP'),
      value(' UNAUTHENTICATED_SRTP'),
      value(' WSH=128 UNENCRYPTED_SRTP'),
      value(' FEC_ORDER=SRTP_FEC'),
      value(` FEC_KEY=inline:${key(2)}`),
      value(' FUTURE=1'),
    ]) {
      assert.throws(() => readCryptoLine(text), SdpError, text.slice(0, 80));
    }
  });

  it('threat 37: an offer with hundreds of crypto lines is answered by the first usable one', () => {
    const many = Array.from({ length: 150 }, (_, n) => line(9, { tag: n + 1, more: ' UNENCRYPTED_SRTP' }));
    const { sdp: answer, audio } = new SdpSession().answer(
      secure(...many, line(3, { tag: 999 })),
      local('preferred'),
    );
    assert.deepEqual(
      cryptoOf(answer).map(({ tag }) => tag),
      [999],
    );
    assert.equal(base64(audio.crypto?.receiveKey), key(3));
  });
});

describe('encrypted audio in offers and answers', () => {
  for (const profile of ['RTP/SAVP', 'RTP/SAVPF', 'RTP/AVP', 'RTP/AVPF']) {
    it(`answers ${profile} with one crypto line: the first that we support, with a key of our own`, () => {
      const { sdp: answer, audio } = new SdpSession().answer(
        sdp(
          `m=audio 5000 ${profile} 0`,
          `a=crypto:1 F8_128_HMAC_SHA1_80 inline:${key(1)}`,
          line(2, { tag: 5, suite: 'AES_CM_128_HMAC_SHA1_32', more: '|2^20|1:2' }),
          line(3, { tag: 6 }),
        ),
        local('preferred'),
      );
      assert.equal(profileOf(answer), profile);
      const [own, ...others] = cryptoOf(answer);
      assert.deepEqual([own?.tag, own?.suite, others], [5, 'AES_CM_128_HMAC_SHA1_32', []]);
      assert.equal(base64(audio.crypto?.sendKey), own?.key);
      assert.equal(base64(audio.crypto?.receiveKey), key(2));
      assert.notEqual(own?.key, key(2));
      assert.deepEqual(audio.crypto?.receiveMki, Buffer.from([0, 1]));
    });
  }

  it('prefers an encrypted line to a plain one before it, and takes the plain one if encryption is off or impossible', () => {
    const both = sdp('m=audio 5000 RTP/AVP 0', 'm=audio 5002 RTP/SAVP 0', line());
    const encrypted = new SdpSession().answer(both, local('preferred'));
    assert.match(encrypted.sdp, /m=audio 0 RTP\/AVP 0\r\nm=audio 4000 RTP\/SAVP 0\r\n/);
    for (const without of [local('off'), local('preferred', [])]) {
      const { sdp: answer, audio } = new SdpSession().answer(both, without);
      assert.match(answer, /m=audio 4000 RTP\/AVP 0\r\n.*m=audio 0 RTP\/SAVP 0\r\n/s);
      assert.equal(audio.crypto, undefined);
      assert.deepEqual(cryptoOf(answer), []);
    }
    const unusable = plain(line(1, { more: ' UNENCRYPTED_SRTP' }));
    assert.equal(new SdpSession().answer(unusable, local('preferred')).audio.crypto, undefined);
  });

  it('threat 21: required but not offered, or not possible: 488 with a reason', () => {
    for (const [offer, use, suites] of [
      [plain(), 'required', SUITES],
      [plain(line(1, { more: ' UNENCRYPTED_SRTP' })), 'required', SUITES],
      [secure(), 'preferred', SUITES],
      [secure(line(1, { suite: 'AEAD_AES_128_GCM' })), 'preferred', SUITES],
      [secure(line()), 'required', []],
      [secure(line()), 'preferred', []],
      [secure(line()), 'off', SUITES],
      [sdp('m=audio 5000 UDP/TLS/RTP/SAVPF 0', line()), 'preferred', SUITES],
    ] as const) {
      assert.throws(() => new SdpSession().answer(offer, local(use, [...suites])), refused());
    }
    assert.throws(() => new SdpSession().answer(plain(), local('required')), refused(302));
    assert.throws(() => new SdpSession().answer(secure(line()), local('preferred', [])), /none here/);
    assert.throws(() => new SdpSession().offer(local('required', [])), /none here/);
  });

  it('offers RTP/AVP with crypto lines if encryption is preferred, RTP/SAVP if it is required, and no keys if it is off', () => {
    for (const [use, profile] of [
      ['preferred', 'RTP/AVP'],
      ['required', 'RTP/SAVP'],
    ] as const) {
      const offer = new SdpSession().offer(local(use));
      assert.equal(profileOf(offer), profile);
      const lines = cryptoOf(offer);
      assert.deepEqual(
        lines.map(({ tag, suite }) => `${tag} ${suite}`),
        SUITES.map((suite, n) => `${n + 1} ${suite}`),
      );
      assert.equal(new Set(lines.map((each) => each.key)).size, SUITES.length);
    }
    for (const without of [local('off'), local('preferred', [])]) {
      const offer = new SdpSession().offer(without);
      assert.equal(profileOf(offer), 'RTP/AVP');
      assert.deepEqual(cryptoOf(offer), []);
    }
  });

  it('reads the answer by its tag; a peer that ignores the keys is answered in the clear, if it may', () => {
    const session = new SdpSession();
    const own = cryptoOf(session.offer(local('preferred')));
    const { crypto } = session.readAnswer(plain(line(4, { tag: 3 })));
    assert.equal(base64(crypto?.sendKey), own[2]?.key);
    assert.equal(base64(crypto?.receiveKey), key(4));
    for (const use of ['preferred', 'off'] as const) {
      const other = new SdpSession();
      other.offer(local(use));
      assert.equal(other.readAnswer(plain()).crypto, undefined);
    }
    // Keys that answer none of ours.
    const off = new SdpSession();
    off.offer(local('off'));
    assert.equal(off.readAnswer(plain(line())).crypto, undefined);
  });

  it('threat 21: an answer that does not answer one of our crypto lines is refused', () => {
    const read = (use: LocalEncryption['use'], answer: (own: ReturnType<typeof cryptoOf>) => string) => {
      const session = new SdpSession();
      const own = cryptoOf(session.offer(local(use)));
      assert.throws(() => session.readAnswer(answer(own)), refused());
    };
    read('preferred', () => plain(line(1, { tag: 9 })));
    read('preferred', () => plain(line(1, { tag: 4 })));
    read('preferred', () => plain(line(1, { tag: 3 }), line(2, { tag: 3 })));
    read('preferred', () => plain(line(1, { tag: 3, more: ' UNENCRYPTED_SRTP' })));
    read('preferred', () => secure());
    read('required', () => plain());
    read('required', () => secure());
    // Our own key: our packets could be sent back to us.
    read('preferred', (own) => plain(`a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:${own[2]?.key}`));
  });

  it('threat 21: no later offer or answer ends the encryption of a call', () => {
    for (const use of ['preferred', 'required'] as const) {
      const session = new SdpSession();
      const { audio } = session.answer(secure(line(1)), local(use));
      for (const attempt of [
        plain(),
        secure(),
        plain(line(1, { more: ' UNENCRYPTED_SRTP' })),
        sdp('m=audio 0 RTP/SAVP 0', 'm=audio 5000 RTP/AVP 0'),
      ]) {
        for (const then of [local(use), local('off'), local('preferred', [])]) {
          assert.throws(() => session.answer(attempt, then), refused(), attempt);
        }
      }
      // Not even by a change of the settings during the call.
      assert.throws(() => session.offer(local('off', [])), refused());
      const own = cryptoOf(session.offer(local(use)));
      assert.deepEqual(
        own.map((each) => each.key),
        [base64(audio.crypto?.sendKey)],
      );
      assert.throws(() => session.readAnswer(plain()), refused());
      // The call goes on as it was.
      const again = session.answer(secure(line(1), 'a=sendonly'), local(use));
      assert.deepEqual(again.audio.crypto, audio.crypto);
    }
    const called = new SdpSession();
    called.offer(local('preferred'));
    called.readAnswer(plain(line(4, { tag: 3 })));
    assert.throws(() => called.answer(plain(), local('preferred')), refused(302));
  });

  it('threat 39: a re-INVITE keeps our key, and the peer’s unless it changes', () => {
    const session = new SdpSession();
    const first = session.answer(
      secure(line(1), line(2, { tag: 2, suite: 'AES_CM_128_HMAC_SHA1_32' })),
      local('preferred'),
    );
    // The line in use is kept although another one now comes first.
    const held = session.answer(
      secure(line(5, { tag: 4, suite: 'AES_CM_128_HMAC_SHA1_32' }), line(1, { tag: 7 }), 'a=inactive'),
      local('preferred'),
    );
    assert.deepEqual(held.audio.crypto, first.audio.crypto);
    assert.equal(cryptoOf(held.sdp)[0]?.tag, 7);
    const rekeyed = session.answer(secure(line(6)), local('preferred'));
    assert.equal(base64(rekeyed.audio.crypto?.receiveKey), key(6));
    assert.deepEqual(rekeyed.audio.crypto?.sendKey, first.audio.crypto?.sendKey);
    const other = session.answer(secure(line(6, { suite: 'AES_CM_128_HMAC_SHA1_32' })), local('preferred'));
    assert.notDeepEqual(other.audio.crypto?.sendKey, first.audio.crypto?.sendKey);
  });

  it('a call that began in the clear may become encrypted by the peer’s offer, and then stays so', () => {
    const session = new SdpSession();
    session.answer(plain(), local('preferred'));
    assert.deepEqual(cryptoOf(session.offer(local('preferred'))), []);
    assert.ok(session.answer(plain(line()), local('preferred')).audio.crypto);
    assert.throws(() => session.answer(plain(), local('preferred')), refused(302));
  });

  it('any damaged offer results in an answer or an SdpError, and never in keys of another length', () => {
    const sound = sdp(
      'm=audio 5002 RTP/AVP 0',
      'm=audio 5000 RTP/SAVP 0',
      line(1, { more: '|2^20|1:4 WSH=64' }),
      line(2),
    );
    const cut = fc.tuple(
      fc.nat(sound.length),
      fc.constantFrom('', ' ', '\r\n', '|', ':', ';', '=', '2^', '-', 'a=crypto:'),
    );
    fc.assert(
      fc.property(fc.array(cut), (cuts) => {
        let text = sound;
        for (const [at, put] of cuts) {
          text = text.slice(0, at) + put + text.slice(at + 2);
        }
        try {
          const { sdp: answer, audio } = new SdpSession().answer(text, local('preferred'));
          assert.doesNotMatch(answer, /undefined/);
          assert.ok(audio.crypto === undefined || audio.crypto.receiveKey.length === 30);
        } catch (error) {
          assert.ok(error instanceof SdpError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
