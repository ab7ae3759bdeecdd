import type { FrameSize } from '../../base/rtp/index.ts';
import { BitReader } from './bit-reader.ts';

/** What the uncompressed header of a frame says (VP9 bitstream §6.2), as far as hiding the frame needs it. */
export interface Vp9Header {
  key: boolean;
  shown: boolean;
  /** Where the bit is that says whether it is shown. */
  shownBit: number;
  /** Length of the header, in bits. Coded data begins with the next whole byte. */
  bits: number;
  size: FrameSize;
  /** Reference slots that it replaces, a bit each. */
  refresh: number;
}

/** Bits of each feature of a segment, and whether a sign follows. */
const SEGMENT_FEATURES = [
  [8, true],
  [6, true],
  [2, false],
  [0, false],
] as const;

/**
 * Parses a header of profile 0, which is what browsers send.
 *
 * @param references sizes of the frames in the reference slots
 * @returns undefined: another profile, a frame that only repeats another one, or nothing that can be understood
 */
export function parseVp9Header(
  data: Buffer,
  references: ReadonlyArray<FrameSize | undefined>,
): Vp9Header | undefined {
  const reader = new BitReader(data);
  // Marker, profile, and whether it repeats an earlier frame.
  if (reader.read(2) !== 2 || reader.read(2) !== 0 || reader.flag()) {
    return undefined;
  }
  const key = !reader.flag();
  const shownBit = reader.position;
  const shown = reader.flag();
  const errorResilient = reader.flag();
  let refresh = 0xff;
  let size: FrameSize | undefined;
  if (key) {
    reader.skip(24);
    if (reader.read(3) === 7) {
      return undefined;
    }
    reader.skip(1);
    size = sizeIn(reader);
    skipRenderSize(reader);
  } else {
    const intraOnly = !shown && reader.flag();
    reader.skip(errorResilient ? 0 : 2);
    if (intraOnly) {
      reader.skip(24);
      refresh = reader.read(8);
      size = sizeIn(reader);
      skipRenderSize(reader);
    } else {
      refresh = reader.read(8);
      const slots = [0, 1, 2].map(() => reader.read(4) >> 1);
      const like = slots.find(() => reader.flag());
      size = like === undefined ? sizeIn(reader) : references[like];
      skipRenderSize(reader);
      // High precision of motion vectors, and the interpolation filter.
      reader.skip(1);
      reader.skip(reader.flag() ? 0 : 2);
    }
  }
  if (!size) {
    return undefined;
  }
  reader.skip((errorResilient ? 0 : 2) + 2);
  skipLoopFilter(reader);
  skipQuantization(reader);
  skipSegmentation(reader);
  skipTiles(reader, size.width);
  const codedBytes = reader.read(16);
  if (codedBytes === 0 || reader.position > data.length * 8) {
    return undefined;
  }
  return { key, shown, shownBit, bits: reader.position, size, refresh };
}

function sizeIn(reader: BitReader): FrameSize {
  return { width: reader.read(16) + 1, height: reader.read(16) + 1 };
}

function skipRenderSize(reader: BitReader): void {
  reader.skip(reader.flag() ? 32 : 0);
}

function skipLoopFilter(reader: BitReader): void {
  reader.skip(9);
  if (reader.flag() && reader.flag()) {
    for (let delta = 0; delta < 6; delta += 1) {
      reader.skip(reader.flag() ? 7 : 0);
    }
  }
}

function skipQuantization(reader: BitReader): void {
  reader.skip(8);
  for (let delta = 0; delta < 3; delta += 1) {
    reader.skip(reader.flag() ? 5 : 0);
  }
}

function skipSegmentation(reader: BitReader): void {
  if (!reader.flag()) {
    return;
  }
  if (reader.flag()) {
    for (let node = 0; node < 7; node += 1) {
      reader.skip(reader.flag() ? 8 : 0);
    }
    if (reader.flag()) {
      for (let context = 0; context < 3; context += 1) {
        reader.skip(reader.flag() ? 8 : 0);
      }
    }
  }
  if (reader.flag()) {
    reader.skip(1);
    for (let segment = 0; segment < 8; segment += 1) {
      for (const [bits, isSigned] of SEGMENT_FEATURES) {
        reader.skip(reader.flag() ? bits + (isSigned ? 1 : 0) : 0);
      }
    }
  }
}

function skipTiles(reader: BitReader, width: number): void {
  const superblocks = (((width + 7) >> 3) + 7) >> 3;
  let min = 0;
  while (64 << min < superblocks) {
    min += 1;
  }
  let max = 1;
  while (superblocks >> max >= 4) {
    max += 1;
  }
  max -= 1;
  for (let columns = min; columns < max && reader.flag(); ) {
    columns += 1;
  }
  if (reader.flag()) {
    reader.skip(1);
  }
}
