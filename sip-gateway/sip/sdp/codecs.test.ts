import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CodecName } from './codecs.ts';
import { SdpSession } from './index.ts';

const ALL: readonly CodecName[] = [
  'opus',
  'G722',
  'speex/32000',
  'speex/16000',
  'PCMU',
  'PCMA',
  'speex/8000',
  'GSM',
];
const LOCAL = { address: '192.0.2.10', port: 4000, codecs: ALL };

function sdp(...media: string[]): string {
  const head = ['v=0', 'o=- 1 1 IN IP4 192.0.2.20', 's=-', 'c=IN IP4 192.0.2.20', 't=0 0'];
  return [...head, ...media, ''].join('\r\n');
}

function answered(...media: string[]) {
  return new SdpSession().answer(sdp(...media), LOCAL);
}

describe('codecs in SDP', () => {
  it('offers GSM with its static payload type, each rate of Speex, and one telephone-event per clock rate (RFC 4733 §2.1)', () => {
    const offer = new SdpSession().offer(LOCAL);
    assert.match(offer, /m=audio 4000 RTP\/AVP 111 9 99 98 0 8 97 3 102 101 104 103\r\n/);
    for (const line of [
      'rtpmap:3 GSM/8000',
      'rtpmap:97 speex/8000',
      'rtpmap:98 speex/16000',
      'rtpmap:99 speex/32000',
      'fmtp:97 mode="5,any"',
      'rtpmap:101 telephone-event/8000',
      'rtpmap:102 telephone-event/48000',
      'rtpmap:103 telephone-event/16000',
      'rtpmap:104 telephone-event/32000',
    ]) {
      assert.ok(offer.includes(`a=${line}\r\n`), line);
    }
    // With its head of about 700 bytes, an INVITE over UDP stays below the MTU.
    assert.ok(offer.length < 750, `${offer.length} bytes`);
  });

  it('answers GSM by its static payload type, without a=rtpmap in the offer', () => {
    const { sdp: answer, audio } = answered('m=audio 5000 RTP/AVP 3');
    assert.match(answer, /m=audio 4000 RTP\/AVP 3\r\na=rtpmap:3 GSM\/8000\r\n/);
    assert.deepEqual([audio.codec, audio.clockRate, audio.sendPayloadType], ['GSM', 8000, 3]);
  });

  it('tells the three rates of Speex apart, in any case, and answers with telephone-event at the same rate', () => {
    for (const rate of [8000, 16_000, 32_000]) {
      const { sdp: answer, audio } = answered(
        'm=audio 5000 RTP/AVP 110 101 102',
        `a=rtpmap:110 SPEEX/${rate}/1`,
        'a=rtpmap:101 telephone-event/8000',
        `a=rtpmap:102 telephone-event/${rate}`,
      );
      assert.deepEqual(
        [audio.codec, audio.clockRate, audio.sendPayloadType, audio.events?.clockRate],
        [`speex/${rate}`, rate, 110, rate],
      );
      assert.ok(answer.includes(`a=rtpmap:110 speex/${rate}\r\n`));
    }
    assert.throws(() => answered('m=audio 5000 RTP/AVP 110', 'a=rtpmap:110 speex/11025'), /no codec/);
    assert.throws(() => answered('m=audio 5000 RTP/AVP 110', 'a=rtpmap:110 speex/16000/2'), /no codec/);
  });

  it('a codec that is not among ours is skipped', () => {
    const codecs = ['PCMU'] as const;
    const offer = sdp('m=audio 5000 RTP/AVP 3 0');
    assert.equal(new SdpSession().answer(offer, { ...LOCAL, codecs }).audio.codec, 'PCMU');
    assert.throws(
      () => new SdpSession().answer(sdp('m=audio 5000 RTP/AVP 3'), { ...LOCAL, codecs }),
      /no codec/,
    );
  });

  it('sends packets of the requested time if the codec has it, or else of the next shorter, within maxptime', () => {
    const ptime = (format: string, ...lines: string[]) =>
      answered(`m=audio 5000 RTP/AVP ${format}`, 'a=rtpmap:96 opus/48000/2', ...lines).audio.ptimeMs;
    for (const [format, wanted] of [
      ['0', { 10: 10, 20: 20, 25: 20, 30: 30, 40: 40, 50: 50, 60: 60, 100: 60 }],
      ['9', { 10: 10, 30: 30, 50: 50 }],
      ['3', { 10: 20, 20: 20, 30: 20, 40: 40, 60: 60 }],
      ['96', { 10: 10, 30: 20, 40: 40, 60: 60, 120: 60 }],
    ] as const) {
      for (const [requested, got] of Object.entries(wanted)) {
        assert.equal(ptime(format, `a=ptime:${requested}`), got, `${format} with ${requested} ms`);
      }
      assert.equal(ptime(format), 20);
      assert.equal(ptime(format, 'a=ptime:0'), 20);
    }
    assert.equal(ptime('0', 'a=ptime:60', 'a=maxptime:30'), 30);
    assert.equal(ptime('0', 'a=maxptime:10'), 10);
    // One frame is the least that GSM can send.
    assert.equal(ptime('3', 'a=maxptime:10'), 20);
  });
});
