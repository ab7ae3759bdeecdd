import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mediaAddressIn, SdpError, SdpSession, usableSdp } from './index.ts';

const LOCAL = { address: '192.0.2.10', port: 4000, codecs: ['opus', 'G722', 'PCMU', 'PCMA'] as const };

function offer(media: string[], connection = 'IN IP4 192.0.2.20'): string {
  return ['v=0', 'o=- 1 1 IN IP4 192.0.2.20', 's=-', `c=${connection}`, 't=0 0', ...media, ''].join('\r\n');
}

const PHONE = [
  'm=audio 5000 RTP/AVP 9 0 8 101',
  'a=rtpmap:9 G722/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:30',
];

describe('SDP answers', () => {
  it('chooses the first codec of the offer that we support, with its payload types, telephone-event and packet time', () => {
    const { sdp, audio } = new SdpSession().answer(offer(PHONE), LOCAL);
    assert.match(sdp, /m=audio 4000 RTP\/AVP 9 101\r\n/);
    assert.deepEqual(audio, {
      codec: 'G722',
      clockRate: 8000,
      sendPayloadType: 9,
      receiveFormats: [
        { kind: 'G722', payloadType: 9, clockRate: 8000 },
        { kind: 'telephone-event', payloadType: 101, clockRate: 8000 },
      ],
      remoteFmtp: undefined,
      events: { sendPayloadType: 101, clockRate: 8000 },
      remote: { address: '192.0.2.20', port: 5000, rtcpPort: 5001 },
      rtcpMux: false,
      direction: 'sendrecv',
      ptimeMs: 30,
    });
  });

  it('chooses telephone-event with the codec’s clock rate', () => {
    const { audio } = new SdpSession().answer(
      offer([
        'm=audio 5000 RTP/AVP 96 100 101',
        'a=rtpmap:96 OPUS/48000/2',
        'a=rtpmap:100 telephone-event/8000',
        'a=rtpmap:101 telephone-event/48000',
        'a=rtcp:5999',
        'a=rtcp-mux',
      ]),
      LOCAL,
    );
    assert.equal(audio.codec, 'opus');
    assert.equal(audio.events?.sendPayloadType, 101);
    assert.equal(audio.rtcpMux, true);
    assert.equal(audio.remote.rtcpPort, 5000);
  });

  it('threat 20: four forms of hold are answered as RFC 3264 §6.1 requires', () => {
    const answered = (line: string, connection?: string) =>
      new SdpSession().answer(offer([...PHONE, ...(line ? [line] : [])], connection), LOCAL).audio.direction;
    assert.equal(answered('a=sendonly'), 'recvonly');
    assert.equal(answered('a=inactive'), 'inactive');
    assert.equal(answered('', 'IN IP4 0.0.0.0'), 'recvonly');
    assert.equal(answered('a=recvonly'), 'sendonly');
    assert.equal(answered(''), 'sendrecv');
  });

  it('threat 20: T.38, video, SRTP and unknown codecs are refused: by line next to audio, with 488 without it', () => {
    const fax = 'm=image 5002 udptl t38';
    const video = 'm=video 5004 RTP/AVP 96';
    const { sdp } = new SdpSession().answer(offer([video, ...PHONE, fax]), LOCAL);
    assert.match(sdp, /m=video 0 RTP\/AVP 96\r\nm=audio 4000 .*\r\n[^m]*m=image 0 udptl t38/s);
    for (const [lines, warning] of [
      [[fax], 304],
      [['m=audio 5000 RTP/SAVP 0'], 302],
      [['m=audio 5000 RTP/AVP 18'], 305],
      [['m=audio 0 RTP/AVP 0'], 304],
    ] as const) {
      assert.throws(
        () => new SdpSession().answer(offer([...lines]), LOCAL),
        (error) => error instanceof SdpError && error.status === 488 && error.warning === warning,
      );
    }
  });

  it('threat 21: media is never sent to a multicast address, another address family or a malformed address', () => {
    for (const connection of [
      'IN IP4 224.0.0.1',
      'IN IP4 224.0.0.1/127',
      'IN IP4 1.2.3',
      'IN IP4 999.1.1.1',
      'IN IP7 192.0.2.20',
      'IN IP4',
      'ATM NSAP 47.0091',
      'IN IP4 255.255.255.255',
      'IN IP6 ff02::1',
      'IN IP6 2001:db8::1',
    ]) {
      assert.throws(() => new SdpSession().answer(offer(PHONE, connection), LOCAL), SdpError);
    }
  });

  it('threat 68: impossible media ports are refused, and impossible RTCP ports are replaced by the next port', () => {
    const reads = (port: string, ...lines: string[]) =>
      new SdpSession().answer(offer([`m=audio ${port} RTP/AVP 0`, ...lines]), LOCAL).audio.remote;
    for (const port of ['65536', '70000', '-1', '99999999999']) {
      assert.throws(() => reads(port), SdpError, port);
    }
    for (const rtcp of ['0', '65536', '70000', '-5', '99999999999', 'x']) {
      assert.equal(reads('5000', `a=rtcp:${rtcp}`).rtcpPort, 5001, rtcp);
    }
    assert.equal(reads('5000', 'a=rtcp:65535').rtcpPort, 65_535);
    assert.equal(reads('65535').rtcpPort, 65_535);
  });

  it('comfort noise is accepted if it is offered with a codec of its clock rate', () => {
    const answered = (...media: string[]) => new SdpSession().answer(offer(media), LOCAL).sdp;
    const sdp = answered('m=audio 5000 RTP/AVP 0 13 101', 'a=rtpmap:101 telephone-event/8000');
    assert.match(sdp, /m=audio 4000 RTP\/AVP 0 13 101\r\n/);
    assert.match(sdp, /a=rtpmap:13 CN\/8000\r\n/);
    assert.match(answered('m=audio 5000 RTP/AVP 96 13', 'a=rtpmap:96 opus/48000/2'), /RTP\/AVP 96\r\n/);
    assert.match(answered('m=audio 5000 RTP/AVP 0'), /RTP\/AVP 0\r\n/);
  });

  it('answers an IPv6 offer with IPv6', () => {
    const { sdp } = new SdpSession().answer(offer(PHONE, 'IN IP6 2001:db8::1'), {
      ...LOCAL,
      address: '2001:db8::2',
    });
    assert.match(sdp, /c=IN IP6 2001:db8::2/);
  });

  it('threat 21: a malformed connection line does not fall back to the session’s', () => {
    assert.throws(
      () => new SdpSession().answer(offer(['m=audio 5000 RTP/AVP 0', 'c=IN IP4']), LOCAL),
      SdpError,
    );
  });

  it('threat 21: a host name is never resolved; media uses the signalling address', () => {
    const { audio } = new SdpSession().answer(offer(PHONE, 'IN IP4 phone.example'), LOCAL);
    assert.deepEqual(audio.remote, { address: '', port: 5000, rtcpPort: 5001 });
    assert.equal(audio.direction, 'sendrecv');
  });

  it('reads connection lines with a TTL or extra blanks', () => {
    for (const connection of [
      'IN IP4 192.0.2.20/127',
      'IN IP4 192.0.2.20/127/1',
      'IN  IP4\t192.0.2.20 ',
      'in ip4 192.0.2.20',
    ]) {
      assert.equal(
        new SdpSession().answer(offer(PHONE, connection), LOCAL).audio.remote.address,
        '192.0.2.20',
      );
    }
  });

  it('reads SDP with a byte order mark, trailing blanks, bare LF and tabs', () => {
    const lines = [
      'v=0 ',
      'o=- 1 1 IN IP4 192.0.2.20\t',
      's=-',
      'c=IN IP4 192.0.2.20',
      't=0 0',
      'm=audio\t5000  RTP/AVP 0\t8 ',
      '',
    ];
    for (const text of [`\ufeff${lines.join('\r\n')}`, lines.join('\n'), `\r\n${lines.join('\r\n')}`]) {
      assert.equal(new SdpSession().answer(text, LOCAL).audio.codec, 'PCMU');
    }
  });

  it('reads a port that is followed by a number of ports (RFC 4566 §5.14), in offers and answers', () => {
    const media = ['m=audio 5000/2 RTP/AVP 0'];
    assert.equal(new SdpSession().answer(offer(media), LOCAL).audio.remote.port, 5000);
    const session = new SdpSession();
    session.offer(LOCAL);
    assert.equal(session.readAnswer(offer(media)).remote.port, 5000);
  });

  it('repeats type, transport and formats of every media line in the answer (RFC 3264 §6)', () => {
    const others = [
      'm=video 6000/2 RTP/AVP 96',
      'm=x-data 5000 UDP foo',
      'm=application/TP-LINK 5000 HTTP x y',
      'm=image 5000 UDPTL-X t38',
      'm=application 5000 X.25/foo bar',
      'm=control 49234 H.323 mc',
      'm=application 5000 TCP/DTLS/SCTP webrtc-datachannel',
      'm=application 5000 UDP/BFCP *',
      'm=text 5000 RTP/AVP 98',
      'm=audio 5000 RTP/SAVP 0',
    ];
    const { sdp } = new SdpSession().answer(offer([...others, ...PHONE]), LOCAL);
    assert.deepEqual(
      sdp.split('\r\n').filter((line) => line.startsWith('m=')),
      [...others.map((line) => line.replace(/ [0-9/]+ /, ' 0 ')), 'm=audio 4000 RTP/AVP 9 101'],
    );
  });

  it('refuses SDP with a malformed media line, since no answer could repeat it', () => {
    for (const line of ['m=video', 'm=video x RTP/AVP 96', 'm=', 'm=video 5000']) {
      assert.throws(() => new SdpSession().answer(offer([...PHONE, line]), LOCAL), SdpError);
    }
  });

  it('answers in the profile of the offer, RTP/AVP or RTP/AVPF in any case, and keeps it in later offers', () => {
    for (const protocol of ['RTP/AVPF', 'rtp/avp', 'Rtp/Avpf']) {
      const session = new SdpSession();
      const { sdp } = session.answer(offer([`m=audio 5000 ${protocol} 0`, 'a=rtcp-fb:* nack']), LOCAL);
      assert.ok(sdp.includes(`m=audio 4000 ${protocol} 0\r\n`), sdp);
      assert.doesNotMatch(sdp, /rtcp-fb/);
      assert.ok(session.offer(LOCAL).includes(`m=audio 4000 ${protocol} `));
    }
  });

  it('accepts G722/16000 as G.722, whose RTP clock is 8 kHz', () => {
    for (const payloadType of [9, 96]) {
      const { audio, sdp } = new SdpSession().answer(
        offer([
          `m=audio 5000 RTP/AVP ${payloadType} 101`,
          `a=rtpmap:${payloadType} G722/16000`,
          'a=rtpmap:101 telephone-event/8000',
        ]),
        LOCAL,
      );
      assert.deepEqual([audio.codec, audio.clockRate, audio.sendPayloadType], ['G722', 8000, payloadType]);
      assert.ok(sdp.includes(`a=rtpmap:${payloadType} G722/8000\r\n`));
    }
  });

  it('accepts telephone-event at 16 or 32 kHz if nothing else is offered', () => {
    for (const clockRate of [16_000, 32_000]) {
      const { audio, sdp } = new SdpSession().answer(
        offer(['m=audio 5000 RTP/AVP 0 96', `a=rtpmap:96 telephone-event/${clockRate}`]),
        LOCAL,
      );
      assert.deepEqual([audio.events?.sendPayloadType, audio.events?.clockRate], [96, clockRate]);
      assert.ok(sdp.includes(`a=rtpmap:96 telephone-event/${clockRate}\r\n`));
    }
  });

  it('any damaged offer results in an answer or an SdpError', () => {
    const sound = offer(['m=video 5004 RTP/AVP 96', ...PHONE, 'a=rtcp:5001 IN IP4 192.0.2.1', 'a=mid:1']);
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.nat(sound.length),
            fc.constantFrom('', ' ', '\r\n', '-1', 'NaN', 'm=audio', 'x'.repeat(40), ':'),
          ),
        ),
        (cuts) => {
          let text = sound;
          for (const [at, put] of cuts) {
            text = text.slice(0, at) + put + text.slice(at + 3);
          }
          try {
            const session = new SdpSession();
            assert.doesNotMatch(session.answer(text, LOCAL).sdp, /undefined/);
            session.offer(LOCAL);
          } catch (error) {
            assert.ok(error instanceof SdpError, String(error));
          }
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('malicious text is refused without parsing', () => {
    for (const text of [
      '',
      'hello',
      'v=0\r\n',
      `v=0\r\n${'a=x\r\n'.repeat(500)}`,
      `v=0\r\n${'x'.repeat(20_000)}`,
    ]) {
      assert.throws(() => new SdpSession().answer(text, LOCAL), SdpError);
    }
  });
});

describe('SDP sessions', () => {
  const version = (sdp: string) => Number(/^o=- [0-9]+ ([0-9]+) /m.exec(sdp)?.[1]);

  it('the version of the origin increases only if something has changed', () => {
    const session = new SdpSession();
    const first = session.offer(LOCAL);
    const same = session.offer(LOCAL);
    const held = session.offer({ ...LOCAL, direction: 'sendonly' });
    assert.deepEqual([first, same, held].map(version), [1, 1, 2]);
    assert.equal(/^o=- ([0-9]+)/m.exec(first)?.[1], /^o=- ([0-9]+)/m.exec(held)?.[1]);
  });

  it('reads an answer: the payload types of both sides may differ', () => {
    const session = new SdpSession();
    session.offer(LOCAL);
    const audio = session.readAnswer(
      offer([
        'm=audio 5000 RTP/AVP 96 97',
        'a=rtpmap:96 opus/48000/2',
        'a=rtpmap:97 telephone-event/48000',
        'a=fmtp:96 maxaveragebitrate=20000',
        'a=recvonly',
      ]),
    );
    assert.equal(audio.sendPayloadType, 96);
    assert.equal(audio.events?.sendPayloadType, 97);
    assert.deepEqual(audio.receiveFormats, [
      { kind: 'opus', payloadType: 111, clockRate: 48_000 },
      { kind: 'telephone-event', payloadType: 102, clockRate: 48_000 },
      { kind: 'opus', payloadType: 96, clockRate: 48_000 },
      { kind: 'telephone-event', payloadType: 97, clockRate: 48_000 },
    ]);
    assert.equal(audio.remoteFmtp, 'maxaveragebitrate=20000');
    assert.equal(audio.direction, 'sendonly');
    assert.throws(() => session.readAnswer(offer(['m=audio 0 RTP/AVP 0'])), SdpError);
  });

  it('we receive all formats of an answer, and send the first (RFC 3264 §7)', () => {
    const read = (...media: string[]) => {
      const session = new SdpSession();
      session.offer(LOCAL);
      const { codec, events, receiveFormats } = session.readAnswer(offer(media));
      return {
        codec,
        events: events?.clockRate,
        receives: receiveFormats.map(
          ({ kind, payloadType, clockRate }) => `${payloadType} ${kind}/${clockRate}`,
        ),
      };
    };
    assert.deepEqual(
      read(
        'm=audio 5000 RTP/AVP 111 0 18 8 101 102',
        'a=rtpmap:111 opus/48000/2',
        'a=rtpmap:101 telephone-event/8000',
        'a=rtpmap:102 telephone-event/48000',
      ),
      {
        codec: 'opus',
        events: 48_000,
        receives: [
          '111 opus/48000',
          '0 PCMU/8000',
          '8 PCMA/8000',
          '101 telephone-event/8000',
          '102 telephone-event/48000',
        ],
      },
    );
    // The peer uses our number for keys at 48 kHz with another meaning: both numbers are understood.
    assert.deepEqual(
      read(
        'm=audio 5000 RTP/AVP 0 111 102',
        'a=rtpmap:111 opus/48000/2',
        'a=rtpmap:102 telephone-event/8000',
      ),
      {
        codec: 'PCMU',
        events: 8000,
        receives: ['0 PCMU/8000', '111 opus/48000', '101 telephone-event/8000', '102 telephone-event/8000'],
      },
    );
  });

  it('a later offer keeps the order of lines and the meaning of payload types', () => {
    const session = new SdpSession();
    session.answer(
      offer([
        'm=video 5004 RTP/AVP 96',
        'm=audio 5000 RTP/AVP 111',
        'a=rtpmap:111 telephone-event/8000',
        'm=audio 5006 RTP/AVP 98 111',
        'a=rtpmap:98 opus/48000/2',
        'a=rtpmap:111 telephone-event/8000',
      ]),
      LOCAL,
    );
    const own = session.offer(LOCAL);
    assert.match(own, /m=video 0 .*\r\nm=audio 0 .*\r\nm=audio 4000 RTP\/AVP 98 /s);
    assert.match(own, /a=rtpmap:111 telephone-event\/8000/);
  });

  it('refuses an SRTP answer to an RTP offer', () => {
    for (const protocol of ['RTP/SAVP', 'RTP/SAVPF', 'UDP/TLS/RTP/SAVP']) {
      const session = new SdpSession();
      session.offer(LOCAL);
      assert.throws(
        () => session.readAnswer(offer([`m=audio 5000 ${protocol} 0`])),
        (error) => error instanceof SdpError && error.warning === 302,
      );
    }
  });

  it('prefers the alternative with unencrypted audio', () => {
    const [secure, plain] = ['RTP/SAVP', 'RTP/AVP'].map((protocol) => offer([`m=audio 5000 ${protocol} 0`]));
    assert.deepEqual(usableSdp([secure, plain] as string[]), { sdp: plain, encryptedSdp: secure });
    assert.deepEqual(usableSdp([secure, 'v=1'] as string[]), { sdp: secure });
    assert.deepEqual(usableSdp([plain] as string[]), { sdp: plain });
    assert.deepEqual(usableSdp([]), {});
  });

  it('finds the IP address of the audio', () => {
    assert.equal(
      mediaAddressIn(offer(['m=video 1 RTP/AVP 96', 'c=IN IP4 192.0.2.9', ...PHONE])),
      '192.0.2.20',
    );
    assert.equal(mediaAddressIn(offer(PHONE, 'IN IP6 2001:db8::1')), '2001:db8::1');
    for (const text of [offer(PHONE, 'IN IP4 phone.example'), offer(['m=audio 0 RTP/AVP 0']), 'v=1']) {
      assert.equal(mediaAddressIn(text), undefined);
    }
  });
});
