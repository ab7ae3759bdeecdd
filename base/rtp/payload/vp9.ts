/** VP9 in RTP (RFC 9628), as libwebrtc sends it. */
import type { FrameSize } from './frame-size.ts';

export interface Vp9Payload {
  startOfFrame: boolean;
  endOfFrame: boolean;
  keyFrame: boolean;
  pictureId: number | undefined;
  temporalLayer: number;
  spatialLayer: number;
  /** Sizes of the spatial layers, lowest first, where the packet tells them. */
  resolutions: FrameSize[] | undefined;
  data: Buffer;
}

/** Parses a payload; undefined if it is malformed. */
export function parseVp9(payload: Buffer): Vp9Payload | undefined {
  const first = payload[0];
  if (first === undefined) {
    return undefined;
  }
  let offset = 1;
  let pictureId: number | undefined;
  let temporalLayer = 0;
  let spatialLayer = 0;
  const flexible = (first & 0x10) !== 0;
  if (first & 0x80) {
    pictureId = payload[offset++] ?? 0;
    if (pictureId & 0x80) {
      pictureId = ((pictureId & 0x7f) << 8) | (payload[offset++] ?? 0);
    }
  }
  if (first & 0x20) {
    const layers = payload[offset++] ?? 0;
    temporalLayer = layers >> 5;
    spatialLayer = (layers >> 1) & 0x07;
    if (!flexible) {
      offset++;
    }
  }
  if (flexible && first & 0x40) {
    while ((payload[offset++] ?? 0) & 1) {}
  }
  let resolutions: FrameSize[] | undefined;
  if (first & 0x02) {
    resolutions = readResolutions(payload, offset);
    offset = skipStructure(payload, offset);
  }
  if (offset >= payload.length) {
    return undefined;
  }
  return {
    startOfFrame: (first & 0x08) !== 0,
    endOfFrame: (first & 0x04) !== 0,
    keyFrame: (first & 0x48) === 0x08 && spatialLayer === 0,
    pictureId,
    temporalLayer,
    spatialLayer,
    resolutions,
    data: payload.subarray(offset),
  };
}

function skipStructure(payload: Buffer, start: number): number {
  const head = payload[start] ?? 0;
  let offset = start + 1;
  if (head & 0x10) {
    offset += 4 * ((head >> 5) + 1);
  }
  if (head & 0x08) {
    const pictures = payload[offset++] ?? 0;
    for (let index = 0; index < pictures; index++) {
      offset += 1 + (((payload[offset] ?? 0) >> 2) & 0x03);
    }
  }
  return offset;
}

/** The sizes in a scalability structure (RFC 9628 §4.2.1). */
function readResolutions(payload: Buffer, start: number): FrameSize[] | undefined {
  const head = payload[start] ?? 0;
  const layers = (head >> 5) + 1;
  if (!(head & 0x10) || start + 1 + 4 * layers > payload.length) {
    return undefined;
  }
  return Array.from({ length: layers }, (_, layer) => ({
    width: payload.readUInt16BE(start + 1 + 4 * layer),
    height: payload.readUInt16BE(start + 3 + 4 * layer),
  }));
}
