import type { BridgeParticipant } from '../../client/sdk/index.ts';
import type { CodecName } from '../codecs/index.ts';

type RtpParameters = Parameters<BridgeParticipant['produce']>[0];

/** URI of the audio level header extension (RFC 6464). The active speaker is selected by it. */
const AUDIO_LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
/** Static payload types (RFC 3551 §6) of the codecs that may be forwarded as they are. */
const STATIC_PAYLOAD_TYPES: Readonly<Partial<Record<CodecName, number>>> = { PCMU: 0, PCMA: 8, G722: 9 };

/** Whether a codec may be forwarded to rooms that can play it. */
export function isForwardable(codec: CodecName | null): codec is CodecName {
  return codec !== null && STATIC_PAYLOAD_TYPES[codec] !== undefined;
}

/** What one phone sends to its room. */
export interface PhoneStream {
  codec: CodecName;
  payloadType: number;
  ssrc: number;
}

/** @param opusPayloadType payload type of the phones' Opus */
export function phoneStream(codec: CodecName, ssrc: number, opusPayloadType: number): PhoneStream {
  return { codec, ssrc, payloadType: STATIC_PAYLOAD_TYPES[codec] ?? opusPayloadType };
}

export function streamParameters(
  { codec, payloadType, ssrc }: PhoneStream,
  audioLevelExtensionId: number,
): RtpParameters {
  const isOpus = codec === 'opus';
  return {
    codecs: [
      {
        mimeType: `audio/${codec}`,
        payloadType,
        clockRate: isOpus ? 48_000 : 8000,
        channels: isOpus ? 2 : 1,
        parameters: isOpus ? { useinbandfec: 1 } : {},
        rtcpFeedback: [],
      },
    ],
    headerExtensions: [{ uri: AUDIO_LEVEL, id: audioLevelExtensionId }],
    encodings: [{ ssrc }],
    rtcp: { cname: `phone-${ssrc}`, reducedSize: true },
  };
}
