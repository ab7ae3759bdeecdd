const HANDSHAKE = 22;
const SERVER_HELLO = 2;
const USE_SRTP = 14;
/** Of a DTLS record, and of a handshake message in it (RFC 6347 §4.1, §4.2.2). */
const RECORD_HEADER_BYTES = 13;
const MESSAGE_HEADER_BYTES = 12;

/** Names of SRTP protection profiles (RFC 5764 §4.1.2, RFC 7714 §14.2). */
const NAMES: Record<number, string> = {
  1: 'AES_CM_128_HMAC_SHA1_80',
  2: 'AES_CM_128_HMAC_SHA1_32',
  7: 'AEAD_AES_128_GCM',
  8: 'AEAD_AES_256_GCM',
};

export function srtpProfileName(profile: number): string {
  return NAMES[profile] ?? `profile ${profile}`;
}

/** The SRTP protection profile that a server chose, if a datagram begins with its DTLS 1.2 ServerHello (RFC 5764 §4.1.1). */
export function srtpProfileOf(datagram: Buffer): number | undefined {
  const hello = RECORD_HEADER_BYTES + MESSAGE_HEADER_BYTES;
  if (
    datagram[0] !== HANDSHAKE ||
    datagram[RECORD_HEADER_BYTES] !== SERVER_HELLO ||
    datagram.length < hello + 35
  ) {
    return undefined;
  }
  // Version and random, the session's id, cipher suite, compression.
  const sessionBytes = datagram[hello + 34] ?? 0;
  let at = hello + 35 + sessionBytes + 3;
  if (at + 2 > datagram.length) {
    return undefined;
  }
  const end = Math.min(datagram.length, at + 2 + datagram.readUInt16BE(at));
  at += 2;
  while (at + 4 <= end) {
    const [type, length] = [datagram.readUInt16BE(at), datagram.readUInt16BE(at + 2)];
    if (type === USE_SRTP && at + 8 <= end) {
      // A list with one profile, and an MKI.
      return datagram.readUInt16BE(at + 6);
    }
    at += 4 + length;
  }
  return undefined;
}
