/** Writes elements of EBML (RFC 8794). Ids are numbers with their marker, as in the specification of Matroska (RFC 9559). */

export type EbmlValue = number | string | Buffer | readonly Buffer[];

/** An element: unsigned integers in as few bytes as possible, text, bytes, or other elements. */
export function element(id: number, value: EbmlValue): Buffer {
  const content = contentOf(value);
  return Buffer.concat([idOf(id), sizeOf(content.length), content]);
}

/** A floating-point number, in eight bytes. */
export function float(id: number, value: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeDoubleBE(value);
  return element(id, content);
}

/** An unsigned integer in eight bytes, so that the element always has the same length. */
export function longInteger(id: number, value: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeBigUInt64BE(BigInt(value));
  return element(id, content);
}

/** Keeps so many bytes free: 2 to 128. */
export function space(bytes: number): Buffer {
  return element(0xec, Buffer.alloc(bytes - 2));
}

/** How many bytes the size of an element takes, if it is written as short as possible. */
export function sizeBytes(size: number): number {
  let bytes = 1;
  // All ones would mean “unknown”.
  while (size >= 2 ** (7 * bytes) - 1) {
    bytes += 1;
  }
  return bytes;
}

/** Writes the size of an element in so many bytes, six at most. */
export function writeSize(size: number, bytes: number, into: Buffer, at: number): void {
  into.writeUIntBE(size + 2 ** (7 * bytes), at, bytes);
}

/** An id as it is written. */
export function idOf(id: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(id);
  return bytes.subarray(Math.clz32(id) >> 3);
}

function sizeOf(size: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes(size));
  writeSize(size, bytes.length, bytes, 0);
  return bytes;
}

function contentOf(value: EbmlValue): Buffer {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(6);
    bytes.writeUIntBE(value, 0, 6);
    const first = bytes.findIndex((byte) => byte !== 0);
    return bytes.subarray(first < 0 ? 5 : first);
  }
  if (typeof value === 'string') {
    return Buffer.from(value);
  }
  return Buffer.isBuffer(value) ? value : Buffer.concat(value);
}
