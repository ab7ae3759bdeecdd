export type ClipCodec = 'opus' | 'vp8' | 'vp9' | 'h264';

/** One encoded frame; for VP9, of one spatial layer. */
export interface ClipFrame {
  /** Time since the clip's start, in ticks of its clock. */
  timestamp: number;
  /** Decoding can start here. For VP9, true for every spatial layer of a key picture. */
  key: boolean;
  temporalLayer: number;
  spatialLayer: number;
  /** No other frame refers to it. */
  discardable: boolean;
  /** The receiver may switch up to this temporal layer here (Y of VP8, U of VP9). */
  layerSync: boolean;
  /** VP9: depends on the spatial layer below, in the same picture. */
  interLayerPredicted: boolean;
  /** VP9: no higher spatial layer depends on it. */
  notUsedAbove: boolean;
  /** Last frame of its picture: false only for lower spatial layers of VP9. */
  endOfPicture: boolean;
  /** Opus: level in −dBov, 0 (loudest) to 127 (RFC 6464); else 127. */
  audioLevel: number;
  /** VP9, first frame of a key picture: the spatial layers' sizes. */
  resolutions?: ReadonlyArray<{ width: number; height: number }>;
  data: Buffer;
}

/** Properties of a frame without layers, and of audio. */
export const ONE_LAYER: Readonly<Omit<ClipFrame, 'timestamp' | 'key' | 'resolutions' | 'data'>> = {
  temporalLayer: 0,
  spatialLayer: 0,
  discardable: false,
  layerSync: false,
  interLayerPredicted: false,
  notUsedAbove: true,
  endOfPicture: true,
  audioLevel: 127,
};

/** A clip's metadata: the JSON header of its file. */
export interface ClipInfo {
  codec: ClipCodec;
  /** Timestamp ticks per second: the RTP clock rate. */
  clockRateHz: number;
  /** Length of the loop, in ticks. */
  durationTicks: number;
  /** Video: size of the highest layer, in pixels. */
  width?: number;
  height?: number;
  /** Sizes of the spatial layers, lowest first; more than one only for VP9 SVC. */
  resolutions?: Array<{ width: number; height: number }>;
  /** WebRTC SVC scalability mode, such as `L1T3` or `L3T3_KEY`. */
  scalabilityMode?: string;
}

/** Encoded media in memory, to be played in a loop. Its first frame is a key frame. */
export interface Clip {
  info: ClipInfo;
  frames: readonly ClipFrame[];
}

/** Index of the last key frame at or before `index`: the lowest layer of its picture. */
export function keyFrameBefore(clip: Clip, index: number): number {
  for (let at = Math.min(index, clip.frames.length - 1); at > 0; at--) {
    const frame = clip.frames[at];
    if (frame?.key && frame.spatialLayer === 0) {
      return at;
    }
  }
  return 0;
}
