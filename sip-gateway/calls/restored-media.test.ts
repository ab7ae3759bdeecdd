import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { buildNativeCodecs } from '../codecs/index.ts';
import { MediaPool, Srtp } from '../media/index.ts';
import { CallMedia } from './call-media.ts';
import type { SavedMedia } from './saved-media.ts';

assert.ok(buildNativeCodecs().path, 'these tests need the headers that build.mjs names');

const SUITE = 'AES_CM_128_HMAC_SHA1_80';
const LOOPBACK = '127.0.0.1';

describe('the media of a call after a restart', () => {
  const srtp = Srtp.load();
  const closing: Array<() => unknown> = [];
  let pool: MediaPool;
  let phone: Socket;
  let phoneKey: Buffer;

  beforeEach(async () => {
    pool = await MediaPool.start({ threads: 1 });
    phone = createSocket('udp4').bind(0, LOOPBACK);
    await once(phone, 'listening');
    phoneKey = randomBytes(30);
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) {
      await close();
    }
    phone.close();
    await pool.close();
  });

  const options = (legId: string) => ({
    pool,
    legId,
    address: LOOPBACK,
    ports: { min: 0, max: 0 },
    codecs: () => ['PCMU'] as const,
    events: () => true,
    ice: () => 'off' as const,
    encryption: () => ({ use: 'required', keying: 'sdes', suites: srtp.suites }) as const,
  });
  const offer = (port = phone.address().port) =>
    [
      ...['v=0', `o=- 1 1 IN IP4 ${LOOPBACK}`, 's=-', `c=IN IP4 ${LOOPBACK}`, 't=0 0'],
      `m=audio ${port} RTP/SAVP 0`,
      `a=crypto:1 ${SUITE} inline:${phoneKey.toString('base64')}`,
      '',
    ].join('\r\n');
  const portIn = (sdp: string) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);

  /** The next RTP packet that the phone can decrypt; those that it cannot count as failures. */
  async function next(context: number): Promise<{ ssrc: number; sequence: number; from: number }> {
    const signal = AbortSignal.timeout(8000);
    for (;;) {
      const [bytes, info] = await once(phone, 'message', { signal });
      const type = bytes[1] ?? 0;
      if (type >= 200 && type <= 206) {
        continue;
      }
      const plain = srtp.unprotect(context, Buffer.from(bytes), false);
      assert.ok(typeof plain !== 'string', String(plain));
      return { ssrc: bytes.readUInt32BE(8), sequence: bytes.readUInt16BE(2), from: info.port };
    }
  }

  async function talk(media: CallMedia): Promise<void> {
    await media.start(LOOPBACK);
    await media.play({
      promptId: randomUUID(),
      samples: new Int16Array(8000).fill(900),
      sampleRate: 8000,
      loop: true,
    });
  }

  /** An encrypted call whose phone has heard something, then saved, as its process is killed. */
  async function killed(): Promise<{
    saved: SavedMedia;
    context: number;
    before: Awaited<ReturnType<typeof next>>;
  }> {
    const media = await CallMedia.open(options(randomUUID()));
    const answer = media.answer(offer());
    const key = Buffer.from(/inline:([^\s|]+)/.exec(answer)?.[1] ?? '', 'base64');
    const context = srtp.open({ sending: false, suite: SUITE, key });
    closing.push(() => srtp.close(context));
    // It sends through its own leg, so that the source is known.
    await talk(media);
    let before = await next(context);
    let saved = media.save();
    // Just after an overflow of the sequence number nothing is saved.
    while (!saved) {
      before = await next(context);
      saved = media.save();
    }
    await media.close();
    return { saved: structuredClone(saved), context, before };
  }

  it('has the same port, keys and stream, and uses no sequence number again', async () => {
    const { saved, context, before } = await killed();
    const { media, moved } = await CallMedia.restore(options(randomUUID()), saved, 2000);
    closing.push(() => media.close());
    assert.equal(moved, false);
    assert.equal(media.codec, 'PCMU');
    assert.equal(media.encryption, 'sdes');
    await talk(media);
    const after = await next(context);
    assert.equal(after.ssrc, before.ssrc);
    assert.equal(after.from, before.from);
    const skipped = (after.sequence - before.sequence) & 0xffff;
    assert.ok(skipped > 500 && skipped < 1500, `${skipped}`);
    // A later offer keeps the origin and our key.
    const again = media.answer(offer());
    assert.equal(portIn(again), saved.port);
    assert.equal(/inline:(\S+)/.exec(again)?.[1], /inline:(\S+)/.exec(saved.sdp.lastBody ?? again)?.[1]);
  });

  it('offers another port if its own is gone, with the same keys and stream', async () => {
    const { saved, context, before } = await killed();
    const squatter = createSocket('udp4').bind(saved.port, '0.0.0.0');
    await once(squatter, 'listening');
    closing.push(() => squatter.close());
    const { media, moved } = await CallMedia.restore(options(randomUUID()), saved, 100);
    closing.push(() => media.close());
    assert.equal(moved, true);
    assert.notEqual(portIn(media.offer()), saved.port);
    media.readAnswer(offer());
    await talk(media);
    const after = await next(context);
    assert.equal(after.ssrc, before.ssrc);
    assert.notEqual(after.from, before.from);
  });

  it('is not continued after too long', async () => {
    const { saved } = await killed();
    await assert.rejects(CallMedia.restore(options(randomUUID()), saved, 300_000), RangeError);
  });
});
