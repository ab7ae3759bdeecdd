import type { FrameSize } from './frame-size.ts';
import { h264Size, parseH264 } from './h264.ts';
import { superframe } from './superframe.ts';
import { parseVp8, vp8Size } from './vp8.ts';
import { parseVp9 } from './vp9.ts';

export type VideoCodec = 'vp8' | 'vp9' | 'h264';

/** A frame as a decoder takes it: of H264 an access unit in Annex B form, of VP9 all layers of a picture. */
export interface VideoFrame {
  key: boolean;
  data: Buffer;
  /** Of key frames, if they tell; of VP9 that of the highest layer. */
  size?: FrameSize | undefined;
}

/** Puts a frame together from the payloads of all its packets, in their order; undefined if they are malformed or incomplete. */
export function assembleFrame(codec: VideoCodec, payloads: readonly Buffer[]): VideoFrame | undefined {
  return ASSEMBLE[codec](payloads);
}

/** Whether this is certainly the first payload of a frame. Of H264, only key frames tell: they begin with a parameter set or a delimiter. */
export function startsFrame(codec: VideoCodec, payload: Buffer): boolean {
  switch (codec) {
    case 'vp8':
      return parseVp8(payload)?.start ?? false;
    case 'vp9': {
      const part = parseVp9(payload);
      return part?.spatialLayer === 0 && part.startOfFrame;
    }
    case 'h264': {
      const [unit] = parseH264(payload)?.data.slice(1) ?? [];
      return unit !== undefined && FIRST_UNITS.has((unit[0] as number) & 0x1f);
    }
  }
}

/** Sequence parameter set, access unit delimiter (ITU-T H.264 §7.4.1.2.3). */
const FIRST_UNITS = new Set([7, 9]);
/** A superframe's index counts with three bits. */
const MAX_LAYERS = 8;

const ASSEMBLE: Record<VideoCodec, (payloads: readonly Buffer[]) => VideoFrame | undefined> = {
  vp8(payloads) {
    const parts = payloads.map(parseVp8);
    if (parts.includes(undefined) || !parts[0]?.start) {
      return undefined;
    }
    const key = parts[0].keyFrame;
    const data = Buffer.concat(parts.map((part) => part?.data ?? Buffer.alloc(0)));
    return { key, data, ...(key && { size: vp8Size(data) }) };
  },

  vp9(payloads) {
    const layers: Buffer[][] = [];
    let key = false;
    let size: FrameSize | undefined;
    for (const payload of payloads) {
      const part = parseVp9(payload);
      if (!part) {
        return undefined;
      }
      if (part.startOfFrame) {
        layers.push([]);
      }
      key ||= part.keyFrame;
      size ??= part.resolutions?.at(-1);
      layers.at(-1)?.push(part.data);
    }
    if (layers.length === 0 || layers.length > MAX_LAYERS) {
      return undefined;
    }
    return {
      key,
      data: superframe(layers.map((parts) => Buffer.concat(parts))),
      ...(key && { size }),
    };
  },

  h264(payloads) {
    const parts = payloads.map(parseH264);
    if (parts.includes(undefined)) {
      return undefined;
    }
    const key = parts.some((part) => part?.keyFrame);
    const data = Buffer.concat(parts.flatMap((part) => part?.data ?? []));
    return { key, data, ...(key && { size: h264Size(data) }) };
  },
};
