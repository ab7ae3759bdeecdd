import type { RouterRtpCodecCapability, RtpCapabilities } from 'mediasoup/types';

/** The payload types that mediasoup gives to RTX, in this order. */
const FIRST_DYNAMIC = 100;
const LAST_DYNAMIC = 127;

/**
 * The codecs of a router for one receiver, with the receiver's own payload types: mediasoup sends with the payload types of the router. It
 * also takes one for the RTX of each video codec, so a codec is left out if its own is taken by then, which needs two adjacent ones.
 */
export function ownCodecs({ codecs = [] }: RtpCapabilities): RouterRtpCodecCapability[] {
  const media = codecs.filter(({ mimeType }) => !/\/rtx$/i.test(mimeType));
  const taken = new Set<number>();
  return media.toSorted(byDynamic).flatMap(({ rtcpFeedback: _, ...codec }) => {
    const { preferredPayloadType } = codec;
    if (preferredPayloadType === undefined || taken.has(preferredPayloadType)) {
      return [];
    }
    taken.add(preferredPayloadType);
    if (codec.kind === 'video') {
      taken.add(nextDynamic(taken));
    }
    return [codec];
  });
}

/** Those first that RTX could take from the others, lowest first. */
function byDynamic(one: { preferredPayloadType?: number }, other: { preferredPayloadType?: number }): number {
  const rank = ({ preferredPayloadType = 0 }) =>
    preferredPayloadType >= FIRST_DYNAMIC ? preferredPayloadType : preferredPayloadType + LAST_DYNAMIC;
  return rank(one) - rank(other);
}

function nextDynamic(taken: ReadonlySet<number>): number {
  for (let payloadType = FIRST_DYNAMIC; payloadType <= LAST_DYNAMIC; payloadType += 1) {
    if (!taken.has(payloadType)) {
      return payloadType;
    }
  }
  return LAST_DYNAMIC;
}
