/** Inspects Speex payloads (RFC 5574 §3.1) without decoding them. */

/** Bits of a narrowband frame by its mode, including the wideband bit and the mode. The other modes are reserved, or no frames. */
const FRAME_BITS: Readonly<Record<number, number>> = {
  0: 5,
  1: 43,
  2: 119,
  3: 160,
  4: 220,
  5: 300,
  6: 364,
  7: 492,
  8: 79,
};
const USER_MESSAGE = 13;
const MESSAGE = 14;
const TERMINATOR = 15;
/** Bits of a layer by its mode, including the wideband bit and the mode. */
const LAYER_BITS: Readonly<Record<number, number>> = { 0: 4, 1: 36, 2: 112, 3: 192, 4: 352 };
/** The ultra-wideband layer has only these modes. */
const UPPER_LAYER_BITS: Readonly<Record<number, number>> = { 0: 4, 1: 36 };
/** A decoder that does not use layers skips up to two of them. It cannot skip an empty one (mode 0). */
const MAX_SKIPPED = 2;
const SKIPPED_BITS: Readonly<Record<number, number>> = { 1: 36, 2: 112, 3: 192, 4: 352 };

/**
 * Number of 20 ms frames in a payload. A frame is a narrowband frame and up to two layers, for wideband and ultra-wideband. Messages within
 * the stream may come between frames. Accepts exactly what libspeex decodes.
 * @param layers those that the decoder uses: 0, 1 or 2
 * @throws {RangeError} there is no frame, or the payload is malformed
 */
export function speexFrames(payload: Uint8Array, layers: number): number {
  const total = 8 * payload.length;
  let position = 0;
  const take = (count: number): number => {
    let value = 0;
    for (const end = position + count; position < end; position++) {
      value = 2 * value + (((payload[position >> 3] ?? 0) >> (7 - (position & 7))) & 1);
    }
    return value;
  };
  /** `bits`: of the part whose first `taken` bits were read; undefined: there is no such part. */
  const skip = (bits: number | undefined, taken = 0): void => {
    if (bits === undefined || position + bits - taken > total) {
      throw new RangeError('a malformed Speex payload');
    }
    position += bits - taken;
  };
  let frames = 0;
  /** Layers that the decoder has used of the current frame, and skipped since. */
  let used = layers;
  let skipped = 0;
  while (position < total) {
    if (take(1) === 1) {
      const mode = take(3);
      if (used < layers) {
        used++;
        skip((used === 2 ? UPPER_LAYER_BITS : LAYER_BITS)[mode], 4);
      } else {
        skipped++;
        skip(skipped <= MAX_SKIPPED ? SKIPPED_BITS[mode] : undefined, 4);
      }
      continue;
    }
    used = layers;
    skipped = 0;
    // The rest of the last byte is a zero and ones (RFC 5574 §3.3).
    if (total - position < 4) {
      break;
    }
    const mode = take(4);
    if (mode === TERMINATOR) {
      break;
    }
    if (mode === MESSAGE) {
      skip(messageBits(take(4)));
    } else if (mode === USER_MESSAGE) {
      skip(8 * take(4) + 5);
    } else {
      skip(FRAME_BITS[mode], 5);
      frames++;
      used = 0;
    }
  }
  if (frames === 0) {
    throw new RangeError('a Speex payload without a frame');
  }
  return frames;
}

/** Bits of a message by its code (manual of Speex, §5.5). */
function messageBits(code: number): number {
  if (code < 2) {
    return 1;
  }
  return code < 8 ? 4 : code < 10 ? 8 : code < 12 ? 16 : code < 14 ? 32 : 64;
}
