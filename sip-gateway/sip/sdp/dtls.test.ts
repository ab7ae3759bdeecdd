import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type LocalAudio, type LocalEncryption, SdpError, SdpSession, SecuritySession } from './index.ts';

const OWN = `sha-256 ${'AB:'.repeat(31)}AB`;
const SUITES = ['AES_CM_128_HMAC_SHA1_80'];
const encryption = (given: Partial<LocalEncryption> = {}): LocalEncryption => ({
  use: 'preferred',
  keying: 'dtls',
  suites: SUITES,
  fingerprint: OWN,
  ...given,
});
const local = (given: Partial<LocalEncryption> = {}): LocalAudio => ({
  address: '192.0.2.1',
  port: 4000,
  codecs: ['PCMU'],
  encryption: encryption(given),
});
const FINGERPRINT = `a=fingerprint:SHA-256 ${'12:'.repeat(31)}12`;
const CRYPTO = `a=crypto:1 ${SUITES[0]} inline:${Buffer.alloc(30, 1).toString('base64')}`;
const PROFILE = 'UDP/TLS/RTP/SAVP';
const sdp = (profile: string, ...lines: string[]) =>
  ['v=0', 'o=- 1 1 IN IP4 192.0.2.20', 's=-', 'c=IN IP4 192.0.2.20', 't=0 0', `m=audio 5000 ${profile} 0`]
    .concat(lines, '')
    .join('\r\n');
const phone = (...lines: string[]) => sdp(PROFILE, FINGERPRINT, ...lines);
const setupOf = (text: string) => /^a=setup:(\S+)\r$/m.exec(text)?.[1];
const profileOf = (text: string) => /^m=audio \d+ (\S+) /m.exec(text)?.[1];
const refused = (error: unknown) => error instanceof SdpError && error.status === 488;

describe('DTLS-SRTP in offers and answers (RFC 5763)', () => {
  it('an offer is answered with our fingerprint, in each profile; the peer begins unless it leaves that to us', () => {
    for (const [profile, setup, own] of [
      [PROFILE, 'actpass', 'passive'],
      ['UDP/TLS/RTP/SAVPF', 'active', 'passive'],
      ['RTP/SAVPF', 'passive', 'active'],
      ['RTP/AVP', 'actpass', 'passive'],
    ] as const) {
      const offer = sdp(profile, FINGERPRINT, `a=setup:${setup}`);
      const { sdp: text, audio } = new SdpSession().answer(offer, local());
      assert.equal(profileOf(text), profile);
      assert.equal(setupOf(text), own);
      assert.ok(text.includes(`a=fingerprint:${OWN}\r\n`));
      assert.deepEqual(
        [audio.dtls?.active, audio.dtls?.hash, audio.dtls?.digests],
        [own === 'active', 'sha-256', [Buffer.alloc(32, 0x12)]],
      );
      assert.equal(audio.crypto, undefined);
    }
  });

  it('of an offer with keys of both kinds, the preferred one is used, or the one that is possible', () => {
    const both = sdp('RTP/SAVP', FINGERPRINT, CRYPTO);
    const kinds = (given: Partial<LocalEncryption>) => {
      const { audio } = new SdpSession().answer(both, local(given));
      return [audio.crypto && 'sdes', audio.dtls && 'dtls'].filter(Boolean);
    };
    assert.deepEqual(kinds({ keying: 'dtls' }), ['dtls']);
    assert.deepEqual(kinds({ keying: 'sdes' }), ['sdes']);
    assert.deepEqual(kinds({ keying: 'sdes', suites: [] }), ['dtls']);
    assert.deepEqual(kinds({ keying: 'dtls', fingerprint: undefined }), ['sdes']);
    assert.throws(() => kinds({ suites: [], fingerprint: undefined, reason: 'none' }), refused);
    assert.throws(() => kinds({ use: 'off' }), refused);
    // Without either, an offer of RTP/AVP goes on in the clear.
    const clear = new SdpSession().answer(sdp('RTP/AVP', FINGERPRINT), local({ fingerprint: undefined }));
    assert.deepEqual([clear.audio.dtls, setupOf(clear.sdp)], [undefined, undefined]);
  });

  it('our first and second offers follow the setting', () => {
    const offers = (given: Partial<LocalEncryption>) =>
      [false, ...(SecuritySession.canRetry(encryption(given)) ? [true] : [])].map((isRetry) => {
        const text = new SdpSession().offer(local(given), isRetry);
        const keys = /a=fingerprint/.test(text) ? 'dtls' : /a=crypto/.test(text) ? 'sdes' : 'none';
        return `${profileOf(text)} ${keys}`;
      });
    const [avp, savp, tls, plain] = ['RTP/AVP sdes', 'RTP/SAVP sdes', `${PROFILE} dtls`, 'RTP/AVP none'];
    assert.deepEqual(offers({ use: 'off' }), [plain]);
    assert.deepEqual(offers({ keying: 'sdes' }), [avp, savp]);
    assert.deepEqual(offers({ keying: 'dtls' }), [tls, avp]);
    assert.deepEqual(offers({ keying: 'sdes', suites: [] }), [plain, tls]);
    assert.deepEqual(offers({ keying: 'sdes', suites: [], fingerprint: undefined }), [plain]);
    assert.deepEqual(offers({ keying: 'dtls', fingerprint: undefined }), [avp, savp]);
    assert.deepEqual(offers({ use: 'required', keying: 'sdes' }), [savp, tls]);
    assert.deepEqual(offers({ use: 'required', keying: 'dtls' }), [tls, savp]);
    assert.deepEqual(offers({ use: 'required', suites: [] }), [tls]);
    assert.throws(() => offers({ use: 'required', suites: [], fingerprint: undefined }), refused);
    assert.equal(setupOf(new SdpSession().offer(local())), 'actpass');
  });

  it('threat 21: an answer must choose a role and name a certificate', () => {
    const answer = (text: string) => {
      const session = new SdpSession();
      session.offer(local());
      return session.readAnswer(text).dtls?.active;
    };
    assert.equal(answer(phone('a=setup:active')), false);
    assert.equal(answer(phone('a=setup:passive')), true);
    for (const wrong of [
      phone('a=setup:actpass'),
      phone('a=setup:holdconn'),
      sdp(PROFILE, 'a=setup:active'),
      sdp(PROFILE, CRYPTO, 'a=setup:active'),
      sdp('RTP/AVP'),
      sdp('RTP/AVP', CRYPTO),
    ]) {
      assert.throws(() => answer(wrong), refused, wrong);
    }
  });

  it('threat 21: no later offer or answer ends the encryption, and roles stay', () => {
    const session = new SdpSession();
    const first = session.answer(phone('a=setup:passive'), local());
    assert.equal(first.audio.dtls?.active, true);
    const again = session.answer(phone('a=setup:actpass'), local());
    assert.deepEqual(again.audio.dtls, first.audio.dtls);
    assert.equal(setupOf(again.sdp), 'active');
    for (const downgrade of [
      sdp('RTP/AVP'),
      sdp(PROFILE, 'a=setup:active'),
      sdp('RTP/AVP', 'a=fingerprint:sha-1 00'),
    ]) {
      assert.throws(() => session.answer(downgrade, local()), refused);
    }
    const offer = session.offer(local());
    assert.deepEqual([profileOf(offer), setupOf(offer)], [PROFILE, 'actpass']);
    assert.doesNotMatch(offer, /a=crypto/);
    assert.throws(() => session.readAnswer(sdp('RTP/AVP')), refused);
    const other = FINGERPRINT.replaceAll('12', '34');
    const moved = session.answer(sdp(PROFILE, other, 'a=setup:active'), local());
    assert.deepEqual(moved.audio.dtls?.digests, [Buffer.alloc(32, 0x34)]);
  });

  it('both sides name the association (RFC 8842), and another name of the peer’s begins a new one, for which we have another name, too', () => {
    const idOf = (text: string) => /^a=tls-id:(.*?)\r?$/m.exec(text)?.[1];
    const tlsId = (letter: string) => `a=tls-id:${letter.repeat(20)}`;
    const session = new SdpSession();
    const first = session.answer(phone('a=setup:active', tlsId('a')), local());
    const own = idOf(first.sdp);
    assert.match(own ?? '', /^[\w-]{20,255}$/);
    assert.equal(first.audio.dtls?.tlsId, 'a'.repeat(20));
    const offer = session.offer(local());
    assert.equal(idOf(offer), own, 'we continue it');
    assert.equal(session.readAnswer(phone('a=setup:active', tlsId('a'))).dtls?.tlsId, 'a'.repeat(20));
    const silent = session.answer(phone('a=setup:active'), local());
    assert.deepEqual([idOf(silent.sdp), silent.audio.dtls], [undefined, first.audio.dtls]);
    const restored = SdpSession.restore(structuredClone(session.save()));
    assert.equal(idOf(restored.offer(local())), own);
    const other = session.answer(phone('a=setup:active', tlsId('b')), local());
    assert.notEqual(idOf(other.sdp), own);
    assert.equal(other.audio.dtls?.tlsId, 'b'.repeat(20));
    const plain = new SdpSession().answer(phone('a=setup:active', 'a=tls-id:short'), local());
    assert.deepEqual([idOf(plain.sdp), plain.audio.dtls?.tlsId], [undefined, undefined]);
  });

  it('threat 37: malformed, weak and hostile fingerprints are refused; of several, the best hash counts', () => {
    const read = (...lines: string[]) => new SdpSession().answer(sdp(PROFILE, ...lines), local()).audio.dtls;
    const weak = `a=fingerprint:sha-1 ${'00:'.repeat(19)}00`;
    const best = `a=fingerprint:sha-512 ${'77:'.repeat(63)}77`;
    for (const lines of [
      [weak],
      [`a=fingerprint:md5 ${'00:'.repeat(15)}00`],
      ['a=fingerprint:'],
      ['a=fingerprint:sha-256'],
      [`a=fingerprint:sha-256 ${'00:'.repeat(30)}00`],
      [`a=fingerprint:sha-256 ${'0G:'.repeat(31)}00`],
      [`a=fingerprint:sha-256 ${'00'.repeat(32)}`],
      [FINGERPRINT, 'a=setup:holdconn'],
      [FINGERPRINT, 'a=setup:7'],
    ]) {
      assert.throws(() => read(...lines), refused, lines.join());
    }
    const several = read(weak, FINGERPRINT, best, best);
    assert.deepEqual([several?.hash, several?.digests.length], ['sha-512', 2]);
    assert.ok((read(...Array<string>(100).fill(FINGERPRINT))?.digests.length ?? 0) <= 8);
    const inSession = phone()
      .replace(/^a=fingerprint.*\r\n/m, '')
      .replace('t=0 0', `t=0 0\r\n${FINGERPRINT}`);
    assert.ok(new SdpSession().answer(inSession, local()).audio.dtls);
    const piece = fc.oneof(
      fc.constantFrom('a=fingerprint:', 'a=setup:', '\r\n', 'sha-256 ', FINGERPRINT),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        try {
          read(pieces.join(''));
        } catch (error) {
          assert.ok(error instanceof SdpError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
