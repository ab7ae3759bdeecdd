/** DTLS 1.2 records (RFC 6347) that can be created without keys. */
import { randomBytes } from 'node:crypto';

const ALERT = 21;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const VERSION = 0xfefd;
const ECDHE_ECDSA_AES128_GCM = 0xc02b;
const USE_SRTP = 14;
const SUPPORTED_GROUPS = 10;
const SIGNATURE_ALGORITHMS = 13;

export const ALERTS = { closeNotify: [1, 0], handshakeFailure: [2, 40], internalError: [2, 80] } as const;

/** An unencrypted alert. */
export function alert([level, description]: readonly [number, number], sequence = 0): Buffer {
  return record(ALERT, sequence, Buffer.from([level, description]));
}

/** A ClientHello that a WebRTC server would accept. */
export function clientHello(sequence = 0): Buffer {
  const extension = (type: number, body: number[]) =>
    Buffer.concat([uint16(type), uint16(body.length), Buffer.from(body)]);
  const extensions = Buffer.concat([
    extension(SUPPORTED_GROUPS, [0, 2, 0, 23]),
    extension(SIGNATURE_ALGORITHMS, [0, 2, 4, 3]),
    extension(USE_SRTP, [0, 2, 0, 1, 0]),
  ]);
  const body = Buffer.concat([
    uint16(VERSION),
    randomBytes(32),
    Buffer.from([0, 0]), // no session, no cookie
    uint16(2),
    uint16(ECDHE_ECDSA_AES128_GCM),
    Buffer.from([1, 0]), // no compression
    uint16(extensions.length),
    extensions,
  ]);
  const header = Buffer.alloc(12);
  header.writeUInt8(CLIENT_HELLO, 0);
  header.writeUIntBE(body.length, 1, 3);
  header.writeUIntBE(body.length, 9, 3);
  return record(HANDSHAKE, sequence, Buffer.concat([header, body]));
}

/** Whether a packet is DTLS (RFC 7983). */
export function isDtls(packet: Buffer): boolean {
  const first = packet[0] ?? 0;
  return first >= 20 && first <= 63;
}

function record(type: number, sequence: number, fragment: Buffer): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt8(type, 0);
  header.writeUInt16BE(VERSION, 1);
  // Epoch 0: unencrypted.
  header.writeUIntBE(sequence, 5, 6);
  header.writeUInt16BE(fragment.length, 11);
  return Buffer.concat([header, fragment]);
}

function uint16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value);
  return buffer;
}
