import type { types } from 'mediasoup-client';
import { getRtpEncodings } from 'mediasoup-client/handlers/sdp/unifiedPlanUtils';
import * as ortc from 'mediasoup-client/ortc';
import { CanopyError } from '../../../../base/index.ts';
import { kindOf, type Offer, type Section } from './offer.ts';
import { lowestFirst } from './simulcast-order.ts';

/** What is sent in a section, and how the answer describes it. */
export interface SentMedia {
  readonly section: Section;
  readonly rtpParameters: types.RtpParameters;
  readonly answer: types.RtpParameters;
}

/** As in contract/rtp-send-parameters.ts. */
const MAX_LAYERS = 4;
const MAX_SSRC = 0xffff_ffff;
/** Only these may have several encodings. */
const SIMULCAST_CODEC = /\/(vp8|h264)$/i;
const MID_URI = 'urn:ietf:params:rtp-hdrext:sdes:mid';

/**
 * The RTP parameters of what an offer sends in a section, in the first of its codecs that the room has.
 *
 * @throws {CanopyError} SDP_UNACCEPTABLE - the offer names neither SSRCs nor a way to recognise packets
 */
export function sentMedia(offer: Offer, section: Section): SentMedia {
  const kind = kindOf(section);
  const payloadTypes = new Set(section.rtp.map(({ payload }) => payload));
  const shared = {
    ...offer.shared,
    codecs: offer.shared.codecs.filter(({ localPayloadType }) => payloadTypes.has(localPayloadType)),
  };
  const layers = layersOf(section);
  const codec = shared.codecs.find(
    (each) => each.kind === kind && (layers.length < 2 || SIMULCAST_CODEC.test(each.mimeType)),
  );
  if (!codec) {
    throw new CanopyError('SDP_UNACCEPTABLE', 'simulcast in VP8 or H.264, or one layer');
  }
  const chosen = { ...shared, codecs: [codec] };
  const rtpParameters = ortc.getSendingRtpParameters(kind, chosen);
  const hasMid = rtpParameters.headerExtensions?.some(({ uri }) => uri === MID_URI) ?? false;
  rtpParameters.mid = String(section.mid);
  rtpParameters.encodings =
    layers.length > 0 ? layers.map((rid) => ({ rid })) : singleEncoding(section, rtpParameters, hasMid);
  rtpParameters.rtcp = { reducedSize: true, mux: true };
  return { section, rtpParameters, answer: ortc.getSendingRemoteRtpParameters(kind, chosen) };
}

/** The RIDs that the section sends, lowest layer first; empty without simulcast by RID (RFC 8853). */
function layersOf({ rids = [], simulcast }: Section): string[] {
  const sent = rids.filter(({ direction }) => direction === 'send');
  if (sent.length === 0 || simulcast === undefined) {
    return [];
  }
  return lowestFirst(sent.map(({ id, params = '' }) => ({ rid: String(id), params }))).slice(-MAX_LAYERS);
}

/** The first SSRC, or what has the section's MID. @throws {CanopyError} SDP_INVALID, SDP_UNACCEPTABLE */
function singleEncoding(
  section: Section,
  { codecs }: types.RtpParameters,
  hasMid: boolean,
): types.RtpEncodingParameters[] {
  const { ssrcs = [] } = section;
  if (!ssrcs.every(({ id }) => Number(id) >= 1 && Number(id) <= MAX_SSRC)) {
    throw new CanopyError('SDP_INVALID', 'a=ssrc');
  }
  if (ssrcs.length > 0) {
    return getRtpEncodings({ offerMediaObject: section, codecs }).slice(0, 1);
  }
  if (!hasMid) {
    throw new CanopyError('SDP_UNACCEPTABLE', 'a=ssrc, or the header extension for MIDs');
  }
  return [{}];
}
