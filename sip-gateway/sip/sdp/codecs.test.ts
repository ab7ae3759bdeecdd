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

  it('after a change of the codec, packets with the one before are still accepted (RFC 3264 §8.3.2)', () => {
    const session = new SdpSession();
    const speex = [
      'm=audio 5000 RTP/AVP 110 101',
      'a=rtpmap:110 speex/16000',
      'a=rtpmap:101 telephone-event/8000',
    ];
    session.answer(sdp(...speex), LOCAL);
    const { sdp: answer, audio } = session.answer(
      sdp('m=audio 5000 RTP/AVP 0 101', ...speex.slice(2)),
      LOCAL,
    );
    assert.match(answer, /RTP\/AVP 0 101\r\n/);
    assert.equal(audio.codec, 'PCMU');
    assert.deepEqual(
      audio.receiveFormats.map(({ kind, payloadType }) => [kind, payloadType]),
      [
        ['PCMU', 0],
        ['telephone-event', 101],
        ['speex/16000', 110],
      ],
    );
    // A number that has a new meaning has only that.
    const { audio: reused } = session.answer(
      sdp('m=audio 5000 RTP/AVP 110', 'a=rtpmap:110 opus/48000/2'),
      LOCAL,
    );
    assert.deepEqual(
      reused.receiveFormats.filter(({ payloadType }) => payloadType === 110).map(({ kind }) => kind),
      ['opus'],
    );
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

  it('accepts comfort noise at the codec’s clock rate, with any payload type, and never offers it', () => {
    const noise = (...media: string[]) => answered(...media).audio.comfortNoise;
    const browser = ['a=rtpmap:105 CN/16000', 'a=rtpmap:106 CN/32000', 'a=rtpmap:107 speex/16000'];
    assert.deepEqual(noise('m=audio 5000 RTP/AVP 107 106 105 13', ...browser), {
      payloadType: 105,
      clockRate: 16_000,
    });
    assert.match(
      answered('m=audio 5000 RTP/AVP 107 105', ...browser).sdp,
      /AVP 107 105\r\n(.*\r\n)*a=rtpmap:105 CN\/16000/,
    );
    assert.deepEqual(noise('m=audio 5000 RTP/AVP 9 13'), { payloadType: 13, clockRate: 8000 });
    assert.deepEqual(noise('m=audio 5000 RTP/AVP 0 100', 'a=rtpmap:100 CN/8000'), {
      payloadType: 100,
      clockRate: 8000,
    });
    assert.equal(noise('m=audio 5000 RTP/AVP 107 13', ...browser), undefined);
    assert.ok(!new SdpSession().offer(LOCAL).includes('CN/'));
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

  it('tells the payload formats of AMR-WB apart, keeps the offered modes, and leaves out formats with options it lacks (RFC 4867 §8)', () => {
    const local = { ...LOCAL, codecs: ['AMR-WB', 'AMR-WB/octet-align', 'PCMU'] as const };
    const offer = (fmtp: string) =>
      new SdpSession().answer(
        sdp('m=audio 5000 RTP/AVP 97 0', 'a=rtpmap:97 AMR-WB/16000', `a=fmtp:97 ${fmtp}`),
        local,
      );
    const efficient = offer('mode-set=0,1,2; mode-change-period=2');
    assert.equal(efficient.audio.codec, 'AMR-WB');
    assert.match(efficient.sdp, /a=fmtp:97 mode-set=0,1,2\r\n/);
    const aligned = offer('octet-align=1;mode-set=2');
    assert.equal(aligned.audio.codec, 'AMR-WB/octet-align');
    assert.match(aligned.sdp, /a=fmtp:97 octet-align=1; mode-set=2\r\n/);
    for (const option of [
      'octet-align=1; crc=1',
      'octet-align=1;robust-sorting=1',
      'octet-align=1; interleaving=4',
    ]) {
      assert.equal(offer(option).audio.codec, 'PCMU', option);
    }
    const both = new SdpSession().offer(local);
    assert.match(both, /a=rtpmap:105 AMR-WB\/16000\r\na=rtpmap:106 AMR-WB\/16000\r\n/);
    assert.match(both, /a=fmtp:106 octet-align=1\r\n/);
  });
});
