/** VP9 in RTP (RFC 9628), non-flexible mode, as libwebrtc sends it. */
import type { ClipFrame } from '../clip/index.ts';
import type { Packetizer } from './packetizer.ts';
import { splitAboutEqually } from './split.ts';

/**
 * The picture group of three temporal layers in the order 0-2-1-2: temporal layer, switching-up point, and distances to the referenced
 * pictures.
 */
const THREE_LAYER_GROUP = [
  { temporalLayer: 0, switchingUp: false, distances: [4] },
  { temporalLayer: 2, switchingUp: true, distances: [1] },
  { temporalLayer: 1, switchingUp: true, distances: [2] },
  { temporalLayer: 2, switchingUp: false, distances: [1, 2] },
];

/** Packetises one layer frame. The first packet of a key picture carries its scalability structure. */
export const packetizeVp9: Packetizer = (frame, numbering, maxBytes) => {
  const structure = frame.key && frame.spatialLayer === 0 ? scalabilityStructure(frame) : new Uint8Array();
  const split = splitAboutEqually(frame.data, maxBytes - 5 - structure.length);
  return split.map((data, index) => {
    const first = index === 0;
    const last = index === split.length - 1;
    const descriptor = new Uint8Array(5);
    // I, P, L, B, E, V, Z
    descriptor[0] =
      0x80 |
      (frame.key ? 0 : 0x40) |
      0x20 |
      (first ? 0x08 : 0) |
      (last ? 0x04 : 0) |
      (first && structure.length > 0 ? 0x02 : 0) |
      (frame.notUsedAbove ? 0x01 : 0);
    descriptor[1] = 0x80 | (numbering.pictureId >> 8);
    descriptor[2] = numbering.pictureId & 0xff;
    // TID, U, SID, D
    descriptor[3] =
      (frame.temporalLayer << 5) |
      (frame.layerSync ? 0x10 : 0) |
      (frame.spatialLayer << 1) |
      (frame.interLayerPredicted ? 1 : 0);
    descriptor[4] = numbering.tl0PicIdx;
    return {
      pieces: first && structure.length > 0 ? [descriptor, structure, data] : [descriptor, data],
      marker: last && frame.endOfPicture,
    };
  });
};

/** The V part: resolutions of the spatial layers and the picture group (RFC 9628 §4.2.1). */
function scalabilityStructure(frame: ClipFrame): Uint8Array {
  const layers = frame.resolutions ?? [];
  if (layers.length === 0) {
    return new Uint8Array();
  }
  // N_S, Y, G
  const bytes = [((layers.length - 1) << 5) | 0x10 | 0x08];
  for (const { width, height } of layers) {
    bytes.push(width >> 8, width & 0xff, height >> 8, height & 0xff);
  }
  bytes.push(THREE_LAYER_GROUP.length);
  for (const { temporalLayer, switchingUp, distances } of THREE_LAYER_GROUP) {
    bytes.push((temporalLayer << 5) | (switchingUp ? 0x10 : 0) | (distances.length << 2), ...distances);
  }
  return Uint8Array.from(bytes);
}
