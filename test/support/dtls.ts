/** DTLS 1.2 records (RFC 6347) that can be created without keys. */
import { randomBytes } from 'node:crypto';

const ALERT = 21;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const HELLO_VERIFY_REQUEST = 3;
const CERTIFICATE = 11;
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
  return handshake(CLIENT_HELLO, clientHelloBody(), { sequence })[0] as Buffer;
}

/** The same in fragments of this many bytes, each in a record and a packet of its own. */
export function fragmentedClientHello(fragmentBytes: number): Buffer[] {
  return handshake(CLIENT_HELLO, clientHelloBody(), { fragmentBytes });
}

/** The first fragment of a ClientHello that claims this length; nothing follows. */
export function unfinishedClientHello(claimedBytes: number, messageSequence: number): Buffer {
  const options = { sequence: messageSequence, messageSequence, claimedBytes };
  return handshake(CLIENT_HELLO, Buffer.alloc(1000), options)[0] as Buffer;
}

/** A server's request to repeat the ClientHello with a cookie (RFC 6347 §4.2.1). */
export function helloVerifyRequest(sequence: number): Buffer {
  const cookie = randomBytes(32);
  const body = Buffer.concat([uint16(VERSION), Buffer.from([cookie.length]), cookie]);
  return handshake(HELLO_VERIFY_REQUEST, body, { sequence })[0] as Buffer;
}

/** A client's certificate chain, in fragments of 1000 bytes, as the first message after its ClientHello. */
export function certificateChain(certificate: Buffer, chainBytes: number): Buffer[] {
  const one = Buffer.concat([uint24(certificate.length), certificate]);
  const chain = Buffer.concat(Array.from({ length: Math.ceil(chainBytes / one.length) }, () => one));
  const body = Buffer.concat([uint24(chain.length), chain]);
  return handshake(CERTIFICATE, body, { sequence: 1, messageSequence: 1, fragmentBytes: 1000 });
}

function clientHelloBody(): Buffer {
  const extension = (type: number, body: number[]) =>
    Buffer.concat([uint16(type), uint16(body.length), Buffer.from(body)]);
  const extensions = Buffer.concat([
    extension(SUPPORTED_GROUPS, [0, 2, 0, 23]),
    extension(SIGNATURE_ALGORITHMS, [0, 2, 4, 3]),
    extension(USE_SRTP, [0, 2, 0, 1, 0]),
  ]);
  return Buffer.concat([
    uint16(VERSION),
    randomBytes(32),
    Buffer.from([0, 0]), // no session, no cookie
    uint16(2),
    uint16(ECDHE_ECDSA_AES128_GCM),
    Buffer.from([1, 0]), // no compression
    uint16(extensions.length),
    extensions,
  ]);
}

/** A handshake message (RFC 6347 §4.2.2), in fragments. */
function handshake(
  type: number,
  body: Buffer,
  { sequence = 0, messageSequence = 0, fragmentBytes = body.length, claimedBytes = body.length },
): Buffer[] {
  return Array.from({ length: Math.ceil(body.length / fragmentBytes) }, (_, index) => {
    const fragment = body.subarray(index * fragmentBytes, (index + 1) * fragmentBytes);
    const header = Buffer.concat([
      Buffer.from([type]),
      uint24(claimedBytes),
      uint16(messageSequence),
      uint24(index * fragmentBytes),
      uint24(fragment.length),
    ]);
    return record(HANDSHAKE, sequence + index, Buffer.concat([header, fragment]));
  });
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

function uint24(value: number): Buffer {
  const buffer = Buffer.alloc(3);
  buffer.writeUIntBE(value, 0, 3);
  return buffer;
}
