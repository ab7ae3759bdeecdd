import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generateRouterRtpCapabilities } from 'mediasoup/ortc';
import type { types } from 'mediasoup-client';
import sdpTransform from 'sdp-transform';
import { offer } from '../../../../test/support/stream-program.ts';
import {
  readIceFragment,
  readOffer,
  sentMedia,
  watchedMedia,
  writeAnswer,
  writeIceFragment,
} from './index.ts';
import { lowestFirst } from './simulcast-order.ts';

const router = generateRouterRtpCapabilities([
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000 },
  {
    kind: 'video',
    mimeType: 'video/H264',
    clockRate: 90_000,
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
  },
]) as types.RtpCapabilities;
const transport = {
  iceParameters: { usernameFragment: 'server', password: 'secretsecretsecretsecret' },
  iceCandidates: [
    {
      ...{ foundation: 'udpcandidate', priority: 1, address: '192.0.2.1', ip: '192.0.2.1' },
      ...({ protocol: 'udp', port: 40_000, type: 'host' } as const),
    },
  ],
  fingerprint: 'AA:BB',
};

function publish(sdp: string) {
  const read = readOffer(sdp, 'publish', router);
  const sent = read.usable.map((section) => sentMedia(read, section));
  return { read, sent, answer: sdpTransform.parse(writeAnswer(read, 'publish', sent, transport)) };
}

describe('the answer to a program that sends', () => {
  it('accepts one codec of each section, with the payload types of the offer', () => {
    const { sent, answer } = publish(offer('publish'));
    assert.deepEqual(
      sent.map(({ rtpParameters: { mid, codecs, encodings } }) => [mid, codecs[0]?.payloadType, encodings]),
      [
        ['0', 111, [{ ssrc: 1111 }]],
        ['1', 96, [{ ssrc: 2222 }]],
      ],
    );
    assert.deepEqual(
      answer.media.map(({ mid, direction, setup, payloads }) => [
        String(mid),
        direction,
        setup,
        String(payloads),
      ]),
      [
        ['0', 'recvonly', 'passive', '111'],
        ['1', 'recvonly', 'passive', '96'],
      ],
    );
    assert.equal(answer.icelite, 'ice-lite');
    assert.equal(answer.media[0]?.candidates?.[0]?.ip, '192.0.2.1');
    assert.equal(answer.media[1]?.candidates, undefined);
  });

  it('makes the server the DTLS client if the program is the server, as FFmpeg is', () => {
    const { read, answer } = publish(offer('publish').replaceAll('actpass', 'passive'));
    assert.equal(read.dtlsParameters.role, 'server');
    assert.equal(answer.media[0]?.setup, 'active');
  });

  it('takes plain baseline for constrained baseline, as FFmpeg writes it', () => {
    const h264 = offer('publish').replace(
      'a=rtpmap:96 VP8/90000',
      'a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=42001e',
    );
    assert.equal(publish(h264).sent[1]?.rtpParameters.codecs[0]?.mimeType, 'video/H264');
    assert.throws(() => publish(h264.replace('42001e', '64001f')), { code: 'SDP_UNACCEPTABLE' });
  });

  it('takes the sha-256 fingerprint among several, as aiortc sends them', () => {
    const sdp = offer('publish').replaceAll(
      /(a=fingerprint:sha-256.*)\r\n/g,
      '$1\r\na=fingerprint:sha-512 AA:BB\r\n',
    );
    assert.equal(publish(sdp).read.dtlsParameters.fingerprints[0].algorithm, 'sha-256');
  });

  it('accepts simulcast by RID, lowest layer first, and repeats the RIDs', () => {
    const sdp = offer('publish').replace(
      'a=ssrc:2222 cname:test',
      'a=rid:h send\r\na=rid:q send\r\na=rid:f send\r\na=simulcast:send f;h;q',
    );
    const { sent } = publish(sdp);
    assert.deepEqual(sent[1]?.rtpParameters.encodings, [{ rid: 'q' }, { rid: 'h' }, { rid: 'f' }]);
  });

  it('refuses the sections that it does not use, in their place', () => {
    const extra = offer('publish').slice(offer('publish').indexOf('m=video')).replace('a=mid:1', 'a=mid:2');
    const sdp = `${offer('publish')}${extra}`.replace('BUNDLE 0 1', 'BUNDLE 0 1 2').replace('2222', '3333');
    const read = readOffer(sdp, 'publish', router);
    const sent = read.usable.slice(0, 2).map((section) => sentMedia(read, section));
    const { media } = sdpTransform.parse(writeAnswer(read, 'publish', sent, transport));
    assert.deepEqual(
      media.map(({ port }) => port !== 0),
      [true, true, false],
    );
  });
});

describe('the answer to a program that watches', () => {
  it('has the payload types of the offer, and no RTX', () => {
    const read = readOffer(offer('watch'), 'watch', router);
    const { rtpCapabilities, sections } = watchedMedia(read, 8);
    assert.deepEqual(
      rtpCapabilities.codecs?.map(({ mimeType, preferredPayloadType }) => [mimeType, preferredPayloadType]),
      [
        ['audio/opus', 111],
        ['video/VP8', 96],
      ],
    );
    const { media } = sdpTransform.parse(writeAnswer(read, 'watch', sections, transport));
    assert.deepEqual(
      media.map(({ direction }) => direction),
      ['sendonly', 'sendonly'],
    );
  });

  it('has only header extensions that both sides give the same number, and several voices only with MIDs', () => {
    const voice = offer('watch').slice(offer('watch').indexOf('m=audio'), offer('watch').indexOf('m=video'));
    const sdp = `${offer('watch')}${voice.replace('a=mid:0', 'a=mid:2')}`.replace(
      'BUNDLE 0 1',
      'BUNDLE 0 1 2',
    );
    const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';
    const watched = (id: number) => {
      const withMid = sdp.replaceAll(/(a=mid:\d)/g, `$1\r\na=extmap:${id} ${MID}`);
      return watchedMedia(readOffer(withMid, 'watch', router), 8);
    };
    const mids = ({ sections }: ReturnType<typeof watched>) =>
      sections.map(({ section }) => String(section.mid));
    assert.deepEqual(mids(watched(9)), ['0', '1']);
    assert.deepEqual(watched(9).rtpCapabilities.headerExtensions, []);
    assert.deepEqual(mids(watched(1)), ['0', '1', '2']);
    assert.ok(
      watched(1).rtpCapabilities.headerExtensions?.every(
        ({ uri, preferredId }) => uri === MID && preferredId === 1,
      ),
    );
  });
});

describe('the fragment of an ICE restart', () => {
  it('is read back', () => {
    const fragment = writeIceFragment(transport, { type: 'audio', mid: '0' });
    assert.deepEqual(readIceFragment(fragment), { usernameFragment: 'server' });
    assert.match(
      fragment,
      /a=candidate:udpcandidate 1 udp 1 192.0.2.1 40000 typ host\r\na=end-of-candidates/,
    );
  });

  it('is refused without a user name, or with two', () => {
    for (const text of [
      'a=end-of-candidates\r\n',
      'a=ice-ufrag:abcd\r\n',
      'a=ice-ufrag:a\r\na=ice-pwd:b\r\nm=audio 9 X 0\r\na=ice-ufrag:c\r\n',
    ]) {
      assert.throws(() => readIceFragment(text), { code: 'SDP_INVALID' });
    }
  });
});

describe('the order of simulcast layers', () => {
  const order = (...layers: Array<[rid: string, params?: string]>) =>
    lowestFirst(layers.map(([rid, params = '']) => ({ rid, params }))).join(' ');

  it('follows restrictions, then usual names, then the preference of the offer', () => {
    assert.equal(order(['a', 'max-width=1280'], ['b', 'max-width=320'], ['c', 'max-width=640']), 'b c a');
    assert.equal(order(['f'], ['q'], ['h']), 'q h f');
    assert.equal(order(['h'], ['m'], ['l']), 'l m h');
    assert.equal(order(['0'], ['1'], ['2']), '2 1 0');
  });
});
