import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { SrtpUse } from '../../contract/index.ts';
import { buildNativeCodecs } from '../codecs/index.ts';
import { MediaPool } from '../media/index.ts';
import { SdpError, SdpSession } from '../sip/index.ts';
import { CallMedia } from './call-media.ts';
import { legMedia } from './leg-media.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');

const SUITE = 'AES_CM_128_HMAC_SHA1_80';
const HOURS_MS = 10_000_000;

function sdp(address: string, ...lines: string[]): string {
  return ['v=0', `o=- 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0', ...lines, ''].join(
    '\r\n',
  );
}

function phone(direction: string, address = '127.0.0.1'): string {
  return sdp(address, 'm=audio 40000 RTP/AVP 0', direction);
}

const HOLDS: Record<string, string> = {
  sendonly: phone('a=sendonly'),
  inactive: phone('a=inactive'),
  '0.0.0.0': phone('a=sendrecv', '0.0.0.0'),
  'sendonly to 0.0.0.0': phone('a=sendonly', '0.0.0.0'),
};

describe('CallMedia', () => {
  let pool: MediaPool;
  let media: CallMedia;
  /** Our setting for SRTP. */
  let use: SrtpUse;

  before(async () => {
    pool = await MediaPool.start({ threads: 1 });
  });
  after(() => pool.close());
  beforeEach(async () => {
    const ports = { min: 0, max: 0 };
    const ice = () => 'accept' as const;
    use = 'off';
    const encryption = () => ({ use, keying: 'sdes' as const, suites: use === 'off' ? [] : [SUITE] });
    const codecs = () => ['PCMU'] as const;
    const address = '127.0.0.1';
    media = await CallMedia.open({ pool, legId: randomUUID(), address, ports, codecs, encryption, ice });
  });
  afterEach(() => media.close());

  for (const [kind, hold] of Object.entries(HOLDS)) {
    it(`after hours on hold by ${kind}, a phone that resumes has the full time until its first packet`, () => {
      media.answer(phone('a=sendrecv'));
      assert.equal(media.held, false);
      media.answer(hold);
      assert.equal(media.held, true);
      assert.equal(media.silentMs({ silentMs: HOURS_MS }), null);
      media.answer(phone('a=sendrecv'));
      assert.equal(media.held, false);
      const silentMs = media.silentMs({ silentMs: HOURS_MS });
      assert.ok(silentMs !== null && silentMs < 5_000, `${silentMs}`);
    });
  }

  it('silence of a phone that sends counts from its last packet, or from the last offer and answer', (t) => {
    media.answer(phone('a=sendrecv'));
    const later = performance.now() + 40_000;
    t.mock.method(performance, 'now', () => later);
    assert.equal(media.silentMs({ silentMs: 7 }), 7);
    for (const silentMs of [null, HOURS_MS]) {
      const counted = media.silentMs({ silentMs });
      assert.ok(counted !== null && counted >= 40_000 && counted < 45_000, `${counted}`);
    }
    media.answer(phone('a=sendrecv'));
    assert.equal(media.silentMs({ silentMs: HOURS_MS }), 0);
  });

  it('a phone that only listens is not on hold, and may be silent indefinitely', () => {
    media.answer(phone('a=recvonly'));
    assert.equal(media.held, false);
    assert.equal(media.silentMs({ silentMs: null }), null);
  });

  it('a caller that is send-only from the start is not on hold; after it has listened, it is', () => {
    media.answer(phone('a=sendonly'));
    assert.equal(media.held, false);
    assert.equal(media.silentMs({ silentMs: HOURS_MS }), null);
    media.answer(phone('a=inactive'));
    assert.equal(media.held, true);
    media.answer(phone('a=sendonly'));
    assert.equal(media.held, false);
    media.answer(phone('a=sendrecv'));
    media.answer(phone('a=sendonly'));
    assert.equal(media.held, true);
  });

  it('a send-only phone is heard but gets no audio, a listen-only phone gets the room, a phone on hold neither', () => {
    const ways = (direction: string, held: boolean) => {
      const local = { address: '127.0.0.1', port: 4000, codecs: ['PCMU'] as const };
      const { audio } = new SdpSession().answer(phone(direction), local);
      const { send, receive } = legMedia(audio, held, '127.0.0.1');
      return { send, receive };
    };
    assert.deepEqual(ways('a=sendrecv', false), { send: true, receive: true });
    assert.deepEqual(ways('a=sendonly', false), { send: false, receive: true });
    assert.deepEqual(ways('a=recvonly', false), { send: true, receive: true });
    assert.deepEqual(ways('a=sendonly', true), { send: false, receive: false });
  });

  it('of two alternatives, the encrypted one is answered, unless it cannot be or must not', () => {
    const crypto = `a=crypto:1 ${SUITE} inline:${Buffer.alloc(30, 1).toString('base64')}`;
    const secure = (line: string) => sdp('127.0.0.1', 'm=audio 40000 RTP/SAVP 0', line);
    const profile = (encryptedOffer: string) =>
      /^m=audio \d+ (\S+)/m.exec(media.answer(phone('a=sendrecv'), encryptedOffer))?.[1];
    assert.equal(profile(secure(crypto)), 'RTP/AVP');
    use = 'preferred';
    assert.equal(profile(secure('a=crypto:1 NULL inline:AAAA')), 'RTP/AVP');
    assert.equal(profile(secure(crypto)), 'RTP/SAVP');
    // The call is encrypted now, and stays so.
    assert.throws(() => media.answer(phone('a=sendrecv')), SdpError);
    assert.throws(() => profile(secure('a=crypto:1 NULL inline:AAAA')), SdpError);
  });

  it('a called phone that answers with hold is on hold', () => {
    for (const hold of Object.values(HOLDS)) {
      media.offer();
      media.readAnswer(hold);
      assert.equal(media.held, true);
    }
    media.offer();
    media.readAnswer(phone('a=sendrecv'));
    assert.equal(media.held, false);
  });
});

describe('CallMedia with Speex', () => {
  let pool: MediaPool;

  before(async () => {
    pool = await MediaPool.start({ threads: 1 });
  });
  after(() => pool.close());

  it('offers every codec in an INVITE that fits into a UDP packet', async () => {
    const ports = { min: 0, max: 0 };
    const encryption = () => ({ use: 'off', keying: 'sdes', suites: [] }) as const;
    const ice = () => 'accept' as const;
    const all = ['opus', 'G722', 'speex/16000', 'speex/32000', 'PCMU', 'PCMA', 'speex/8000', 'GSM'] as const;
    const codecs = () => all;
    const address = '127.0.0.1';
    const media = await CallMedia.open({
      pool,
      legId: randomUUID(),
      address,
      ports,
      codecs,
      encryption,
      ice,
    });
    const offer = media.offer();
    assert.deepEqual(
      [...offer.matchAll(/ speex\/(\d+)/g)].map(([, rate]) => rate),
      ['16000', '32000', '8000'],
    );
    // Below 1300 bytes with a head of up to 700: larger INVITEs would try TCP first.
    assert.ok(offer.length < 600, `${offer.length} bytes`);
    await media.close();
  });
});

describe('legMedia()', () => {
  it('encodes Speex in the first mode that the phone lists, unless it leaves the mode to us (RFC 5574 §4.1.1)', () => {
    const quality = (rate: number, ...fmtp: string[]) => {
      const codecs = ['speex/8000', 'speex/16000'] as const;
      const offer = sdp('192.0.2.1', 'm=audio 5000 RTP/AVP 97', `a=rtpmap:97 speex/${rate}`, ...fmtp);
      const { audio } = new SdpSession().answer(offer, { address: '192.0.2.2', port: 4000, codecs });
      return legMedia(audio, false, '192.0.2.1').speexQuality;
    };
    assert.equal(quality(8000, 'a=fmtp:97 mode="3,any"'), 4);
    assert.equal(quality(8000, 'a=fmtp:97 vbr=vad;mode=7'), 10);
    assert.equal(quality(16_000, 'a=fmtp:97 mode="10,any";vbr=on'), 10);
    assert.equal(quality(16_000, 'a=fmtp:97 mode="0"'), 0);
    for (const fmtp of ['mode=any', 'mode="any"', 'mode="11"', 'mode="100"', 'vbr=on', 'mode=9']) {
      assert.equal(quality(8000, `a=fmtp:97 ${fmtp}`), undefined, fmtp);
    }
    assert.equal(quality(16_000), undefined);
  });
});
