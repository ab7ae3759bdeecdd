import type { RouterRtpCodecCapability } from 'mediasoup/types';
import type { Config } from '../base/index.ts';

export type CodecName = 'opus' | 'VP8' | 'VP9' | 'H264' | 'AV1';

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
const DEFAULT_CODECS: readonly CodecName[] = ['opus', 'VP8', 'VP9', 'H264'];

/** The codecs of rooms according to the configuration. */
export function codecsOf({ media }: Pick<Config, 'media'>): readonly CodecName[] {
  return media.av1 ? [...DEFAULT_CODECS, 'AV1'] : DEFAULT_CODECS;
}

/** The router's codecs for these names, in this order. */
export function routerCodecs(names: readonly CodecName[] = DEFAULT_CODECS): RouterRtpCodecCapability[] {
  return names.flatMap((name) => structuredClone(CAPABILITIES[name]) as RouterRtpCodecCapability[]);
}
