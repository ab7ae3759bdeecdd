/** Payloads of AMR-WB (RFC 4867 §4), to and from frames as in a file (§5.3): an octet with the type, then the bits, padded to an octet. */

/** Bits of a frame by its type: the modes of 6.6 to 23.85 kbit/s, and comfort noise. */
const FRAME_BITS = [132, 177, 253, 285, 317, 365, 397, 461, 477, 40] as const;
/** Types without bits. */
const SPEECH_LOST = 14;
const NO_DATA = 15;
/** 120 ms. */
const MAX_FRAMES = 6;
const CMR_BITS = 4;
/** The type is followed by a bit for an undamaged frame. */
const TYPE_BITS = 6;
/** A frame that is lost, damaged or was not sent. */
const EMPTY_FRAME = frameHead(NO_DATA);

export const MAX_MODE = 8;

export interface AmrWbPayload {
  /** The mode that the sender asks for (CMR); undefined: none. */
  request: number | undefined;
  frames: Uint8Array[];
}

/** The first octet of a frame. */
export function frameHead(type: number): Uint8Array {
  return Uint8Array.of((type << 3) | 0x04);
}

/** @throws {RangeError} it is malformed, or longer than 120 ms */
export function readAmrWb(payload: Uint8Array, octetAligned: boolean): AmrWbPayload {
  const bits = new BitReader(payload);
  const request = bits.take(CMR_BITS);
  const align = () => octetAligned && bits.align();
  align();
  const types: Array<{ type: number; isGood: boolean }> = [];
  for (let more = true; more; ) {
    more = bits.take(1) === 1;
    const type = bits.take(4);
    types.push({ type, isGood: bits.take(1) === 1 });
    align();
    if (types.length > MAX_FRAMES) {
      throw new RangeError('an AMR-WB payload of more than 120 ms');
    }
  }
  const frames = types.map(({ type, isGood }) => {
    const length = type === SPEECH_LOST || type === NO_DATA ? 0 : FRAME_BITS[type];
    if (length === undefined) {
      throw new RangeError(`AMR-WB has no frame of type ${type}`);
    }
    const content = bits.bytes(length);
    align();
    return isGood && length > 0 ? Buffer.concat([frameHead(type), content]) : EMPTY_FRAME;
  });
  bits.align();
  if (!bits.isAtEnd) {
    throw new RangeError('an AMR-WB payload with more than its frames');
  }
  return { request: request <= MAX_MODE ? request : undefined, frames };
}

/** Makes a payload of frames, without a request for a mode. */
export function writeAmrWb(frames: readonly Uint8Array[], octetAligned: boolean): Uint8Array {
  const bits = new BitWriter();
  const align = () => octetAligned && bits.align();
  bits.put(NO_DATA, CMR_BITS);
  align();
  const types = frames.map(([head = 0]) => (head >> 3) & 15);
  for (const [index, type] of types.entries()) {
    const more = index < types.length - 1 ? 1 : 0;
    bits.put((more << 5) | (type << 1) | 1, TYPE_BITS);
    align();
  }
  for (const [index, frame] of frames.entries()) {
    let left: number = FRAME_BITS[types[index] as number] ?? 0;
    for (let at = 1; left > 0; at++, left -= 8) {
      const count = Math.min(8, left);
      bits.put((frame[at] as number) >> (8 - count), count);
    }
    align();
  }
  return bits.bytes;
}

class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === 8 * this.#bytes.length;
  }

  /** The next bits, at most 8. @throws {RangeError} there are fewer */
  take(count: number): number {
    const end = this.#at + count;
    if (end > 8 * this.#bytes.length) {
      throw new RangeError('an AMR-WB payload that is too short');
    }
    const byte = this.#at >> 3;
    const pair = ((this.#bytes[byte] as number) << 8) | (this.#bytes[byte + 1] ?? 0);
    const value = (pair >> (16 - (this.#at & 7) - count)) & ((1 << count) - 1);
    this.#at = end;
    return value;
  }

  /** The next bits, padded to an octet. */
  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(count / 8));
    for (let i = 0, left = count; left > 0; i++, left -= 8) {
      const some = Math.min(8, left);
      bytes[i] = this.take(some) << (8 - some);
    }
    return bytes;
  }

  align(): void {
    this.#at = Math.ceil(this.#at / 8) * 8;
  }
}

class BitWriter {
  readonly #bytes: number[] = [];
  #used = 0;

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** Adds at most 8 bits. */
  put(value: number, count: number): void {
    for (let bit = count - 1; bit >= 0; bit--) {
      if (this.#used % 8 === 0) {
        this.#bytes.push(0);
      }
      const last = this.#bytes.length - 1;
      this.#bytes[last] = (this.#bytes[last] as number) | (((value >> bit) & 1) << (7 - (this.#used % 8)));
      this.#used++;
    }
  }

  align(): void {
    this.#used = 8 * this.#bytes.length;
  }
}
