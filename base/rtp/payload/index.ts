/** RTP payload formats of video, as received. */
export type { FrameSize } from './frame-size.ts';
export { assembleFrame, startsFrame, type VideoCodec, type VideoFrame } from './frames.ts';
export { type H264Payload, h264Samples, nalUnits, parseH264 } from './h264.ts';
export { OPUS_CLOCK_RATE, OPUS_MAX_TICKS, opusDurationTicks, opusHasFec } from './opus.ts';
export { layersOf, superframe } from './superframe.ts';
export { parseVp8, type Vp8Payload } from './vp8.ts';
export { parseVp9, type Vp9Payload } from './vp9.ts';
