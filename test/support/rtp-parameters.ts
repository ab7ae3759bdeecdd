import type { RequestInput } from '../../contract/index.ts';

type RtpParameters = RequestInput<'producer.create'>['rtpParameters'];

let nextSsrc = 1_000_000;

/** RTP parameters of a browser's Opus. */
export function opus(): RtpParameters {
  nextSsrc += 1;
  return {
    mid: '0',
    codecs: [
      {
        mimeType: 'audio/opus',
        payloadType: 111,
        clockRate: 48_000,
        channels: 2,
        parameters: { minptime: 10, useinbandfec: 1, usedtx: 1 },
        rtcpFeedback: [{ type: 'transport-cc' }],
      },
    ],
    headerExtensions: [
      { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 },
      { uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: 1 },
    ],
    encodings: [{ ssrc: nextSsrc, dtx: true }],
    rtcp: { cname: 'somebody' },
  };
}

/** RTP parameters of a browser's VP8 simulcast with three layers. */
export function simulcast(): RtpParameters {
  return {
    mid: '1',
    codecs: [
      {
        mimeType: 'video/VP8',
        payloadType: 96,
        clockRate: 90_000,
        parameters: {},
        rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'transport-cc' }],
      },
      { mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 96 } },
    ],
    headerExtensions: [
      { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 },
      { uri: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id', id: 10 },
    ],
    encodings: [
      { rid: 'r0', scalabilityMode: 'L1T3', maxBitrate: 150_000 },
      { rid: 'r1', scalabilityMode: 'L1T3', maxBitrate: 500_000 },
      { rid: 'r2', scalabilityMode: 'L1T3', maxBitrate: 1_500_000 },
    ],
    rtcp: { cname: 'somebody' },
  };
}
