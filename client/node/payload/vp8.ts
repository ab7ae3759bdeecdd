/** VP8 in RTP (RFC 7741). */
import type { Packetizer } from './packetizer.ts';
import { splitAboutEqually } from './split.ts';

/**
 * Packetises a frame with the extended descriptor: 15-bit PictureID, TL0PICIDX and TID. Temporal layer 2 is marked as never referenced (N).
 * Y is set where `layerSync` is, and on key frames, as libwebrtc does: without it mediasoup drops the first key frame of a single stream.
 */
export const packetizeVp8: Packetizer = (frame, numbering, maxBytes) => {
  const split = splitAboutEqually(frame.data, maxBytes - 6);
  return split.map((piece, index) => {
    const descriptor = new Uint8Array(6);
    descriptor[0] = 0x80 | (frame.discardable ? 0x20 : 0) | (index === 0 ? 0x10 : 0);
    descriptor[1] = 0xe0;
    descriptor[2] = 0x80 | (numbering.pictureId >> 8);
    descriptor[3] = numbering.pictureId & 0xff;
    descriptor[4] = numbering.tl0PicIdx;
    descriptor[5] = (frame.temporalLayer << 6) | (frame.layerSync || frame.key ? 0x20 : 0);
    return {
      pieces: [descriptor, piece],
      marker: index === split.length - 1,
    };
  });
};

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
