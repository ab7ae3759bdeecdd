/** What RFC 9605 section 4.4 derives keys and nonces from. */

export const NONCE_BYTES = 12;

/** The info from which HKDF expands a key id's key or salt (RFC 9605 section 4.4.2). */
export function keyLabel(purpose: 'key' | 'salt', keyId: bigint, suiteId: number): Uint8Array<ArrayBuffer> {
  const label = new TextEncoder().encode(`SFrame 1.0 Secret ${purpose} `);
  return new Uint8Array([...label, ...bigEndian(keyId, 8), ...bigEndian(BigInt(suiteId), 2)]);
}

/** The nonce of a counter (RFC 9605 section 4.4.3). */
export function nonceOf(salt: Uint8Array, counter: bigint): Uint8Array<ArrayBuffer> {
  return bigEndian(counter, NONCE_BYTES).map((byte, at) => byte ^ (salt[at] as number));
}

function bigEndian(value: bigint, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let at = length - 1; at >= 0; at -= 1) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
