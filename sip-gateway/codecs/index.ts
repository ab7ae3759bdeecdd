/** The face of the phone codecs. build.mjs is a second face, for the set-up, which runs before anything is installed. */
export { build as buildNativeCodecs } from './build.mjs';
export { Codecs, type LoadCodecsOptions, type OpusOptions } from './codecs.ts';
export type {
  Codec,
  CodecCapabilities,
  CodecName,
  OpusBandwidth,
  OpusCodec,
  OpusSettings,
  Resampler,
} from './types.ts';
