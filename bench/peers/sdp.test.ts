import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  acceptedSection,
  answerSdp,
  describedMedia,
  type LocalMedia,
  offeredStreams,
  offerSdp,
  sentSection,
  trickledCandidate,
} from './sdp.ts';

const LOCAL: LocalMedia = {
  iceParameters: { usernameFragment: 'ours', password: 'ourpassword' },
  dtlsParameters: { fingerprints: [{ algorithm: 'sha-256', value: 'AA:BB' }] },
};

/** As LiveKit offers them: data channels first, ICE per section. */
const OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 0.0.0.0',
  's=-',
  't=0 0',
  'a=fingerprint:sha-256 CC:DD',
  'a=ice-lite',
  'a=group:BUNDLE 0 1 2',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  'a=setup:actpass',
  'a=mid:0',
  'a=sctp-port:5000',
  'a=ice-ufrag:theirs',
  'a=ice-pwd:theirpassword',
  'a=candidate:1 1 udp 2130706431 192.0.2.2 5000 typ host',
  'a=candidate:2 1 tcp 1671430143 192.0.2.2 5001 typ host tcptype passive',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97 98',
  'c=IN IP4 0.0.0.0',
  'a=mid:1',
  'a=sendonly',
  'a=rtpmap:96 VP8/90000',
  'a=rtcp-fb:96 nack',
  'a=rtcp-fb:96 nack pli',
  'a=rtcp-fb:96 transport-cc',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
  'a=rtpmap:98 H264/90000',
  'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'a=ssrc-group:FID 11 12',
  'a=ssrc:11 cname:x',
  'a=ssrc:12 cname:x',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'c=IN IP4 0.0.0.0',
  'a=mid:2',
  'a=inactive',
  'a=rtpmap:111 opus/48000/2',
  '',
].join('\r\n');

test('the streams of an offer have the server’s numbers', () => {
  const [stream, ...others] = offeredStreams(OFFER);
  assert.equal(others.length, 0);
  assert.equal(stream?.mid, '1');
  assert.deepEqual(stream.rtpParameters.encodings, [{ ssrc: 11, rtx: { ssrc: 12 } }]);
  assert.deepEqual(
    stream.rtpParameters.codecs.map(({ mimeType, payloadType }) => [mimeType, payloadType]),
    [
      ['video/VP8', 96],
      ['video/rtx', 97],
    ],
  );
  assert.deepEqual(
    stream.rtpParameters.headerExtensions?.map(({ id }) => id),
    [3],
  );
});

test('an answer has the sections of the offer, in order, and only what we can do', () => {
  const answer = answerSdp(LOCAL, OFFER, true);
  assert.deepEqual(answer.match(/^m=.*/gm), [
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  ]);
  assert.match(answer, /a=rtcp-fb:96 transport-cc/);
  assert.match(answer, /^a=inactive/m);
  const without = answerSdp(LOCAL, OFFER, false);
  assert.doesNotMatch(without, /transport-cc|extmap:3/);
});

test('ICE and DTLS come from the first section in use, and only UDP candidates count', () => {
  const { iceParameters, iceCandidates, dtlsParameters } = describedMedia(OFFER);
  assert.deepEqual(iceParameters, {
    usernameFragment: 'theirs',
    password: 'theirpassword',
    iceLite: true,
  });
  assert.deepEqual(dtlsParameters.fingerprints, [{ algorithm: 'sha-256', value: 'CC:DD' }]);
  assert.deepEqual(
    iceCandidates.map(({ address, port }) => [address, port]),
    [['192.0.2.2', 5000]],
  );
  assert.equal(trickledCandidate('candidate:1 1 udp 1 192.0.2.2 7 typ host ufrag x')[0]?.port, 7);
  assert.deepEqual(trickledCandidate('candidate:1 1 udp 1 fd00::2 7 typ host'), []);
});

test('what a server does not accept is not sent', () => {
  const section = sentSection({ mid: '0', kind: 'video', trackId: 't' }, 'c', true);
  const offer = offerSdp(LOCAL, [section]);
  assert.match(offer, /a=rtcp-fb:96 transport-cc/);
  const answer = offer
    .replace(/^a=extmap:(?!1 ).*\r\n/gm, '')
    .replace('SAVPF 96 97', 'SAVPF 96')
    .replace(/^a=(rtpmap|fmtp):97.*\r\n/gm, '');
  const accepted = acceptedSection(section, answer);
  assert.deepEqual(
    accepted?.rtpParameters.codecs.map(({ payloadType }) => payloadType),
    [96],
  );
  assert.equal(accepted.rtpParameters.headerExtensions?.length, 1);
  assert.deepEqual(Object.keys(accepted.ssrcs[0] ?? {}), ['ssrc']);
  assert.equal(acceptedSection(section, answer.replace('m=video 9', 'm=video 0')), undefined);
});
