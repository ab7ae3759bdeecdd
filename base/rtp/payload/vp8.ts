/** VP8 in RTP (RFC 7741). */
import type { FrameSize } from './frame-size.ts';

export interface Vp8Payload {
  /** First packet of its frame. */
  start: boolean;
  keyFrame: boolean;
  pictureId: number | undefined;
  tl0PicIdx: number | undefined;
  temporalLayer: number;
  data: Buffer;
}

/** Parses a payload; undefined if it is malformed. */
export function parseVp8(payload: Buffer): Vp8Payload | undefined {
  const first = payload[0];
  if (first === undefined) {
    return undefined;
  }
  let offset = 1;
  let pictureId: number | undefined;
  let tl0PicIdx: number | undefined;
  let temporalLayer = 0;
  if (first & 0x80) {
    const extension = payload[offset++] ?? 0;
    if (extension & 0x80) {
      pictureId = payload[offset++] ?? 0;
      if (pictureId & 0x80) {
        pictureId = ((pictureId & 0x7f) << 8) | (payload[offset++] ?? 0);
      }
    }
    if (extension & 0x40) {
      tl0PicIdx = payload[offset++] ?? 0;
    }
    if (extension & 0x30) {
      temporalLayer = (payload[offset++] ?? 0) >> 6;
    }
  }
  if (offset >= payload.length) {
    return undefined;
  }
  const start = (first & 0x10) !== 0 && (first & 0x07) === 0;
  const data = payload.subarray(offset);
  return {
    start,
    keyFrame: start && ((data[0] as number) & 1) === 0,
    pictureId,
    tl0PicIdx,
    temporalLayer,
    data,
  };
}

/** The size in a key frame's header (RFC 6386 §9.1). */
export function vp8Size(keyFrame: Buffer): FrameSize | undefined {
  if (keyFrame.length < 10) {
    return undefined;
  }
  return { width: keyFrame.readUInt16LE(6) & 0x3fff, height: keyFrame.readUInt16LE(8) & 0x3fff };
}
