import type { types } from 'mediasoup-client';
import * as ortc from 'mediasoup-client/ortc';
import type { RtpCapabilities } from '../../../../contract/index.ts';
import { kindOf, type Offer, type Section } from './offer.ts';

const MID_URI = 'urn:ietf:params:rtp-hdrext:sdes:mid';

/** What a viewer can receive, and the sections in which it does. */
export interface WatchedMedia {
  readonly rtpCapabilities: RtpCapabilities;
  /** One video, and as many voices as the viewer can tell apart. */
  readonly sections: ReadonlyArray<{ section: Section; answer: types.RtpParameters }>;
}

/**
 * What is sent to a viewer.
 *
 * - The payload types are those of its offer, each codec without RTX: retransmissions come with the packet's own payload type.
 * - The numbers of header extensions are the server's: only those count that the offer gives the same number.
 * - Packets name their section by MID if that is one of these. Otherwise their payload type does, so there is only one section of a kind.
 */
export function watchedMedia(offer: Offer, maxVoices: number): WatchedMedia {
  const shared = receivable(offer.shared);
  const hasMid = shared.headerExtensions.some(({ uri }) => uri === MID_URI);
  const voices = offer.usable.filter(({ type }) => type === 'audio').slice(0, hasMid ? maxVoices : 1);
  const video = offer.usable.find(({ type }) => type === 'video');
  return {
    rtpCapabilities: capabilitiesOf(shared),
    sections: offer.usable
      .filter((section) => section === video || voices.includes(section))
      .map((section) => ({ section, answer: ortc.getSendingRemoteRtpParameters(kindOf(section), shared) })),
  };
}

function capabilitiesOf({ codecs, headerExtensions }: types.ExtendedRtpCapabilities): RtpCapabilities {
  return {
    codecs: codecs.map(({ kind, mimeType, clockRate, channels, localPayloadType, ...codec }) => ({
      ...{ kind, mimeType, clockRate, preferredPayloadType: localPayloadType },
      ...(channels !== undefined && { channels }),
      // As the room's router has them, so that its streams match.
      parameters: codec.remoteParameters as NonNullable<RtpCapabilities['codecs']>[number]['parameters'],
      rtcpFeedback: (codec.rtcpFeedback ?? []).map(({ type, parameter }) => ({
        type,
        ...(parameter && { parameter }),
      })),
    })),
    headerExtensions: headerExtensions.map(({ kind, uri, sendId }) => ({
      kind,
      uri,
      preferredId: sendId,
    })) as RtpCapabilities['headerExtensions'],
  };
}

/** The part that the server may send, each codec of the room once. mediasoup-client names directions as the client sends. */
function receivable({
  codecs,
  headerExtensions,
}: types.ExtendedRtpCapabilities): types.ExtendedRtpCapabilities {
  return {
    codecs: codecs
      .filter(
        ({ remotePayloadType }, index) =>
          codecs.findIndex((each) => each.remotePayloadType === remotePayloadType) === index,
      )
      .map((codec) => ({ ...codec, localRtxPayloadType: undefined })),
    headerExtensions: headerExtensions
      .filter(
        ({ direction, sendId, recvId }) =>
          sendId === recvId && (direction === 'sendrecv' || direction === 'recvonly'),
      )
      .map((extension) => ({ ...extension, direction: 'sendrecv' as const })),
  };
}
