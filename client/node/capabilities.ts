import type { types } from 'mediasoup-client';
import { EXTENSION_URIS } from './header-extensions.ts';

const VIDEO_FEEDBACK: types.RtcpFeedback[] = [
  { type: 'transport-cc' },
  { type: 'ccm', parameter: 'fir' },
  { type: 'nack' },
  { type: 'nack', parameter: 'pli' },
];

const VIDEO_CODECS: Array<{ mimeType: `video/${string}`; parameters: Record<string, unknown> }> = [
  { mimeType: 'video/VP8', parameters: {} },
  { mimeType: 'video/VP9', parameters: { 'profile-id': 0 } },
  {
    mimeType: 'video/H264',
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
  },
];

const FIRST_VIDEO_PAYLOAD_TYPE = 96;

/**
 * What this WebRTC implementation can send or receive, in mediasoup's format: Opus, VP8, VP9 (profile 0), H264 (constrained baseline), each
 * video codec with RTX. Without `transportCc`, no transport-wide congestion control.
 */
export function nativeRtpCapabilities(
  direction: 'sendonly' | 'recvonly',
  transportCc = true,
): types.RtpCapabilities {
  const codecs: types.RtpCodecCapability[] = [
    {
      kind: 'audio',
      mimeType: 'audio/opus',
      preferredPayloadType: 111,
      clockRate: 48_000,
      channels: 2,
      parameters: { minptime: 10, useinbandfec: 1, usedtx: 1 },
      rtcpFeedback: [{ type: 'transport-cc' }, { type: 'nack' }],
    },
  ];
  VIDEO_CODECS.forEach(({ mimeType, parameters }, index) => {
    const payloadType = FIRST_VIDEO_PAYLOAD_TYPE + 2 * index;
    codecs.push(
      {
        kind: 'video',
        mimeType,
        preferredPayloadType: payloadType,
        clockRate: 90_000,
        parameters,
        rtcpFeedback: VIDEO_FEEDBACK,
      },
      {
        kind: 'video',
        mimeType: 'video/rtx',
        preferredPayloadType: payloadType + 1,
        clockRate: 90_000,
        parameters: { apt: payloadType },
        rtcpFeedback: [],
      },
    );
  });
  const all = structuredClone({ codecs, headerExtensions: headerExtensions(direction) });
  return transportCc
    ? all
    : {
        codecs: all.codecs.map((codec) => ({
          ...codec,
          rtcpFeedback: codec.rtcpFeedback?.filter(({ type }) => type !== 'transport-cc') ?? [],
        })),
        headerExtensions: all.headerExtensions.filter(({ uri }) => uri !== EXTENSION_URIS.transportSequence),
      };
}

function headerExtensions(direction: 'sendonly' | 'recvonly'): types.RtpHeaderExtension[] {
  const kindsOf: Record<keyof typeof EXTENSION_URIS, types.MediaKind[]> = {
    mid: ['audio', 'video'],
    rid: ['video'],
    repairedRid: ['video'],
    absSendTime: ['audio', 'video'],
    transportSequence: ['audio', 'video'],
    audioLevel: ['audio'],
    absCaptureTime: ['audio', 'video'],
  };
  return Object.entries(EXTENSION_URIS).flatMap(([name, uri], index) =>
    kindsOf[name as keyof typeof kindsOf].map((kind) => ({
      kind,
      uri,
      preferredId: index + 1,
      preferredEncrypt: false,
      direction,
    })),
  );
}
