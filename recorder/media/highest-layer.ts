import { type FrameSize, layersOf, superframe } from '../../base/rtp/index.ts';
import { parseVp9Header, type Vp9Header } from './vp9-header.ts';

/**
 * Marks the lower spatial layers of VP9 pictures as not shown. As sent, each layer is a frame that is shown: browsers show only the last one of
 * a picture, but other decoders, such as FFmpeg's, show all of them one after the other, in different sizes. Nothing is coded again: in
 * the headers one bit changes and one is added. Takes all frames of a stream in order, from a key frame on.
 */
export class HighestLayer {
  /** Sizes of the frames in the eight reference slots. */
  readonly #references: Array<FrameSize | undefined> = Array.from({ length: 8 }, () => undefined);

  /** A picture of which only the highest layer is shown. */
  only(picture: Buffer): Buffer {
    const layers = layersOf(picture);
    const headers = layers.map((layer) => this.#read(layer));
    if (layers.length === 1) {
      return picture;
    }
    const hidden = layers.map((layer, index) => {
      const header = headers[index];
      // Whether a frame was shown matters to the next one only if that has the same size, and layers have different ones.
      const isHidable = header?.shown && !isSameSize(header.size, headers[index + 1]?.size);
      return index < layers.length - 1 && isHidable ? hide(layer, header) : layer;
    });
    return superframe(hidden);
  }

  #read(layer: Buffer): Vp9Header | undefined {
    const header = parseVp9Header(layer, this.#references);
    if (header) {
      for (let slot = 0; slot < 8; slot += 1) {
        if (header.refresh & (1 << slot)) {
          this.#references[slot] = header.size;
        }
      }
    }
    return header;
  }
}

function isSameSize(one: FrameSize, other: FrameSize | undefined): boolean {
  return one.width === other?.width && one.height === other.height;
}

/** Clears the bit that says whether a frame is shown. A frame that is not shown says, unless it is a key frame, that it is not intra-only either. */
function hide(frame: Buffer, { key, shownBit, bits }: Vp9Header): Buffer {
  if (key) {
    const hidden = Buffer.from(frame);
    hidden[shownBit >> 3] = (hidden[shownBit >> 3] ?? 0) & ~(0x80 >> (shownBit & 7));
    return hidden;
  }
  const header = Buffer.alloc((bits + 1 + 7) >> 3);
  // The added bit follows the one for error resilience.
  const addedBit = shownBit + 2;
  for (let bit = 0; bit < bits; bit += 1) {
    const isSet = bit !== shownBit && ((frame[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
    if (isSet) {
      const place = bit < addedBit ? bit : bit + 1;
      header[place >> 3] = (header[place >> 3] ?? 0) | (0x80 >> (place & 7));
    }
  }
  return Buffer.concat([header, frame.subarray((bits + 7) >> 3)]);
}
