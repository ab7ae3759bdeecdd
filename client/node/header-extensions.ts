import type { types } from 'mediasoup-client';

/** The supported header extensions, with their URIs. */
export const EXTENSION_URIS = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  absSendTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  transportSequence: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  audioLevel: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  absCaptureTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
} as const satisfies Record<string, types.RtpHeaderExtensionUri>;

/** The negotiated id of each extension; 0 if not negotiated. */
export type ExtensionIds = Record<keyof typeof EXTENSION_URIS, number>;

export function extensionIds(parameters: types.RtpParameters): ExtensionIds {
  const ids = {} as ExtensionIds;
  for (const [name, uri] of Object.entries(EXTENSION_URIS)) {
    const negotiated = parameters.headerExtensions?.find((extension) => extension.uri === uri);
    ids[name as keyof ExtensionIds] = negotiated?.id ?? 0;
  }
  return ids;
}
