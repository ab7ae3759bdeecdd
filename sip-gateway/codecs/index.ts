/** Audio codecs and resampling. The setup imports build.mjs directly, since it runs before anything is installed. */
export { build as buildNativeCodecs } from './build.mjs';
export { clockRateOf } from './clock-rate.ts';
export { type CodecOptions, Codecs, type LoadCodecsOptions } from './codecs.ts';
export type { ToneDetector } from './tone-detector.ts';
export type {
  AmrWbSettings,
  Codec,
  CodecCapabilities,
  CodecName,
  OpusBandwidth,
  OpusCodec,
  OpusSettings,
  Resampler,
  SpeexName,
} from './types.ts';
