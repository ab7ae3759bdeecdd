/** VP8 in RTP (RFC 7741). */
import type { Packetizer } from './packetizer.ts';
import { splitAboutEqually } from './split.ts';

/**
 * Packetises a frame with the extended descriptor: 15-bit PictureID, TL0PICIDX and TID. Temporal layer 2 is marked as never referenced (N).
 * Y is set where `layerSync` is, and on key frames, as libwebrtc does.
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
