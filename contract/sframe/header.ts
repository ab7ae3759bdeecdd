/** The header of an SFrame ciphertext (RFC 9605 section 4.3). */
export interface SFrameHeader {
  keyId: bigint;
  counter: bigint;
  /** Length of the encoded header in bytes. */
  length: number;
}

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/**
 * Encodes a header as short as possible: values below 8 are in the first byte, larger ones take 1 to 8 bytes each.
 *
 * @throws {RangeError} a value does not fit into 64 bits
 */
export function encodeHeader(keyId: bigint, counter: bigint): Uint8Array<ArrayBuffer> {
  const key = encodeField(keyId);
  const count = encodeField(counter);
  return Uint8Array.of((key.code << 4) | count.code, ...key.bytes, ...count.bytes);
}

/** Parses the header at the start of an SFrame ciphertext; undefined if it is cut off or not as short as possible. */
export function parseHeader(bytes: Uint8Array): SFrameHeader | undefined {
  const [config] = bytes;
  if (config === undefined) {
    return undefined;
  }
  const key = parseField(config >> 4, bytes, 1);
  const count = key && parseField(config & 0x0f, bytes, key.end);
  return count && { keyId: key.value, counter: count.value, length: count.end };
}

/** A field's four bits in the first byte, and what follows that byte. */
function encodeField(value: bigint): { code: number; bytes: number[] } {
  if (value < 0n || value > MAX_UINT64) {
    throw new RangeError('not a 64-bit value');
  }
  if (value < 8n) {
    return { code: Number(value), bytes: [] };
  }
  const bytes: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 8n) {
    bytes.unshift(Number(rest & 0xffn));
  }
  return { code: 0x08 | (bytes.length - 1), bytes };
}

function parseField(
  code: number,
  bytes: Uint8Array,
  start: number,
): { value: bigint; end: number } | undefined {
  if (code < 8) {
    return { value: BigInt(code), end: start };
  }
  const end = start + (code & 0x07) + 1;
  if (end > bytes.length) {
    return undefined;
  }
  let value = 0n;
  for (let at = start; at < end; at += 1) {
    value = (value << 8n) | BigInt(bytes[at] as number);
  }
  // Two encodings of one header would be two ciphertexts that mean the same.
  return encodeField(value).bytes.length === end - start ? { value, end } : undefined;
}
