import type { RouterRtpCodecCapability, RtpCapabilities, RtpParameters } from 'mediasoup/types';
import type { Config } from '../base/index.ts';

export type CodecName = 'opus' | PhoneCodec | 'VP8' | 'VP9' | 'H264' | 'AV1';

/** Codecs of phones that browsers play, too. Only bridges may send them. */
export const PHONE_CODECS = ['G722', 'PCMU', 'PCMA'] as const;
export type PhoneCodec = (typeof PHONE_CODECS)[number];

/**
 * What a room can carry. For each video codec mediasoup adds RTX (RFC 4588), NACK, PLI, FIR, transport-cc and REMB. The first video codec
 * is what clients prefer by default.
 */
const CAPABILITIES: Readonly<Record<CodecName, readonly RouterRtpCodecCapability[]>> = {
  // RFC 7587: DTX saves packets during silence, in-band FEC repairs single losses.
  opus: [
    {
      kind: 'audio',
      mimeType: 'audio/opus',
      clockRate: 48_000,
      channels: 2,
      parameters: { minptime: 10, useinbandfec: 1, usedtx: 1 },
    },
  ],
  // mediasoup knows their static payload types (RFC 3551 §6).
  G722: [{ kind: 'audio', mimeType: 'audio/G722', clockRate: 8000 }],
  PCMU: [{ kind: 'audio', mimeType: 'audio/PCMU', clockRate: 8000 }],
  PCMA: [{ kind: 'audio', mimeType: 'audio/PCMA', clockRate: 8000 }],
  VP8: [{ kind: 'video', mimeType: 'video/VP8', clockRate: 90_000 }],
  VP9: [{ kind: 'video', mimeType: 'video/VP9', clockRate: 90_000, parameters: { 'profile-id': 0 } }],
  AV1: [{ kind: 'video', mimeType: 'video/AV1', clockRate: 90_000 }],
  // RFC 6184: constrained baseline, which every decoder supports, then main; both in single-NAL and FU-A packets.
  H264: [
    {
      kind: 'video',
      mimeType: 'video/H264',
      clockRate: 90_000,
      parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
    },
    {
      kind: 'video',
      mimeType: 'video/H264',
      clockRate: 90_000,
      parameters: { 'packetization-mode': 1, 'profile-level-id': '4d0032', 'level-asymmetry-allowed': 1 },
    },
  ],
};

// AV1 is opt-in: mediasoup's receivers freeze after losses that other codecs survive.
const DEFAULT_CODECS: readonly CodecName[] = ['opus', ...PHONE_CODECS, 'VP8', 'VP9', 'H264'];

/** The codecs of rooms according to the configuration. */
export function codecsOf({ media }: Pick<Config, 'media'>): readonly CodecName[] {
  return media.av1 ? [...DEFAULT_CODECS, 'AV1'] : DEFAULT_CODECS;
}

/** The router's codecs for these names, in this order. */
export function routerCodecs(names: readonly CodecName[] = DEFAULT_CODECS): RouterRtpCodecCapability[] {
  return names.flatMap((name) => structuredClone(CAPABILITIES[name]) as RouterRtpCodecCapability[]);
}

/** Those of the phones' codecs that a receiver with these capabilities plays. */
export function phoneCodecsOf({ codecs = [] }: RtpCapabilities): PhoneCodec[] {
  const types = new Set(codecs.map(({ mimeType }) => mimeType.toLowerCase()));
  return PHONE_CODECS.filter((name) => types.has(`audio/${name.toLowerCase()}`));
}

/** Whether these are the parameters of a stream with a phone's codec. */
export function isPhoneCodec({ codecs }: Pick<RtpParameters, 'codecs'>): boolean {
  return codecs.some(({ mimeType }) =>
    PHONE_CODECS.some((name) => mimeType.toLowerCase() === `audio/${name.toLowerCase()}`),
  );
}
