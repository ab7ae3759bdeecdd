/** Audio codecs and resampling. The setup imports build.mjs directly, since it runs before anything is installed. */
export { build as buildNativeCodecs } from './build.mjs';
export { Codecs, type LoadCodecsOptions, type OpusOptions } from './codecs.ts';
export type { ToneDetector } from './tone-detector.ts';
export type {
  Codec,
  CodecCapabilities,
  CodecName,
  OpusBandwidth,
  OpusCodec,
  OpusSettings,
  Resampler,
} from './types.ts';
