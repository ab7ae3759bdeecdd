import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { addressBytes } from '../../base/addresses/index.ts';

/** Attribute types (RFC 8489 §18.3, RFC 8445 §16.1). */
export const Attribute = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const;

/** Message types of the Binding method. */
export const Binding = { request: 0x0001, indication: 0x0011, success: 0x0101, error: 0x0111 } as const;

/** A STUN message whose form and checksum are correct. Whether it is authentic is another question: isAuthentic(). */
export interface StunMessage {
  readonly type: number;
  readonly transactionId: Buffer;
  /** The first value of each attribute that MESSAGE-INTEGRITY covers, by type. */
  readonly attributes: ReadonlyMap<number, Buffer>;
  /** Attributes that we must understand but do not. */
  readonly unknown: readonly number[];
  readonly bytes: Buffer;
  /** Where MESSAGE-INTEGRITY begins; undefined if there is none. */
  readonly integrityAt: number | undefined;
}

export interface StunDraft {
  type: number;
  transactionId: Uint8Array;
  attributes: ReadonlyArray<readonly [type: number, value: Uint8Array]>;
  /** Password for MESSAGE-INTEGRITY. */
  password: string;
}

export const MAGIC_COOKIE = 0x2112a442;
export const HEADER_BYTES = 20;
const INTEGRITY_BYTES = 24;
const FINGERPRINT_BYTES = 8;
const FINGERPRINT_XOR = 0x5354554e;
/** Checks of ICE are far shorter. */
const MAX_BYTES = 1_280;
/** Attributes below this must be understood (RFC 8489 §14). */
const FIRST_OPTIONAL = 0x8000;
const UNDERSTOOD: ReadonlySet<number> = new Set(Object.values(Attribute));
const NO_BYTES = new Uint8Array(0);

/**
 * Reads a STUN message of ICE (RFC 8489 §5). Undefined if it is malformed, or has no correct FINGERPRINT at its end: ICE requires that
 * (RFC 8445 §7.1), and it is cheap to check.
 */
export function readStun(datagram: Uint8Array): StunMessage | undefined {
  const { length } = datagram;
  if (length < HEADER_BYTES + FINGERPRINT_BYTES || length > MAX_BYTES || length % 4 !== 0) {
    return undefined;
  }
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, length);
  if (bytes.readUInt16BE(2) !== length - HEADER_BYTES || bytes.readUInt32BE(4) !== MAGIC_COOKIE) {
    return undefined;
  }
  const fingerprintAt = length - FINGERPRINT_BYTES;
  if (
    bytes.readUInt16BE(fingerprintAt) !== Attribute.fingerprint ||
    bytes.readUInt16BE(fingerprintAt + 2) !== 4
  ) {
    return undefined;
  }
  const attributes = new Map<number, Buffer>();
  const unknown: number[] = [];
  let integrityAt: number | undefined;
  let at = HEADER_BYTES;
  while (at < fingerprintAt) {
    const type = bytes.readUInt16BE(at);
    const end = at + 4 + bytes.readUInt16BE(at + 2);
    if (end > fingerprintAt) {
      return undefined;
    }
    if (type === Attribute.messageIntegrity) {
      // Whatever follows is not protected, so it is ignored.
      integrityAt = end - at === INTEGRITY_BYTES ? at : undefined;
      break;
    }
    if (!attributes.has(type)) {
      attributes.set(type, bytes.subarray(at + 4, end));
      if (type < FIRST_OPTIONAL && !UNDERSTOOD.has(type)) {
        unknown.push(type);
      }
    }
    at = (end + 3) & ~3;
  }
  if (bytes.readUInt32BE(fingerprintAt + 4) !== checksum(bytes.subarray(0, fingerprintAt))) {
    return undefined;
  }
  return {
    type: bytes.readUInt16BE(0),
    transactionId: bytes.subarray(8, HEADER_BYTES),
    attributes,
    unknown,
    bytes,
    integrityAt,
  };
}

/** Whether MESSAGE-INTEGRITY was made with this password (short-term credentials, RFC 8489 §9.1). */
export function isAuthentic({ bytes, integrityAt }: StunMessage, password: string): boolean {
  if (integrityAt === undefined) {
    return false;
  }
  const given = bytes.subarray(integrityAt + 4, integrityAt + INTEGRITY_BYTES);
  return timingSafeEqual(given, integrityOf(bytes.subarray(0, integrityAt), password));
}

/** Writes a message without MESSAGE-INTEGRITY and FINGERPRINT. */
export function writePlainStun({ type, transactionId, attributes }: Omit<StunDraft, 'password'>): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(type, 0);
  header.writeUInt32BE(MAGIC_COOKIE, 4);
  header.set(transactionId, 8);
  const body = Buffer.concat(attributes.flatMap(([attribute, value]) => written(attribute, value)));
  header.writeUInt16BE(body.length, 2);
  return Buffer.concat([header, body]);
}

/** Writes a message with MESSAGE-INTEGRITY and FINGERPRINT. */
export function writeStun({ password, ...draft }: StunDraft): Buffer {
  let message = writePlainStun(draft);
  message = Buffer.concat([message, ...written(Attribute.messageIntegrity, integrityOf(message, password))]);
  message.writeUInt16BE(message.length - HEADER_BYTES + FINGERPRINT_BYTES, 2);
  return Buffer.concat([message, ...written(Attribute.fingerprint, uint32(checksum(message)))]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** The value of XOR-MAPPED-ADDRESS (RFC 8489 §14.2). */
export function xorMappedAddress(
  { address, port }: { address: string; port: number },
  transactionId: Uint8Array,
): Buffer {
  const bytes = addressBytes(address);
  const value = Buffer.alloc(4 + bytes.length);
  value.writeUInt8(bytes.length === 16 ? 2 : 1, 1);
  value.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 2);
  value.set(masked(bytes, transactionId), 4);
  return value;
}

/** The address and port in such a value, as text to compare; undefined if it is malformed. */
export function readMappedAddress(value: Buffer, transactionId: Uint8Array): string | undefined {
  if (value.length !== 8 && value.length !== 20) {
    return undefined;
  }
  const port = value.readUInt16BE(2) ^ (MAGIC_COOKIE >>> 16);
  return `${masked(value.subarray(4), transactionId).toString('hex')} ${port}`;
}

function masked(bytes: Uint8Array, transactionId: Uint8Array): Buffer {
  const mask = Buffer.concat([uint32(MAGIC_COOKIE), transactionId]);
  return Buffer.from(bytes.map((byte, index) => byte ^ (mask[index] ?? 0)));
}

/** The value of ERROR-CODE (RFC 8489 §14.8). */
export function errorCode(code: number, reason: string): Buffer {
  return Buffer.concat([Buffer.from([0, 0, Math.floor(code / 100), code % 100]), Buffer.from(reason)]);
}

/** HMAC-SHA1 of the message up to MESSAGE-INTEGRITY, with a length that ends with it. */
function integrityOf(covered: Buffer, password: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(covered.length - HEADER_BYTES + INTEGRITY_BYTES);
  return createHmac('sha1', password)
    .update(covered.subarray(0, 2))
    .update(length)
    .update(covered.subarray(4))
    .digest();
}

function checksum(covered: Buffer): number {
  return (crc32(covered) ^ FINGERPRINT_XOR) >>> 0;
}

/** An attribute: header, value, padding. */
function written(type: number, value: Uint8Array): Uint8Array[] {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(value.length, 2);
  const padding = -value.length & 3;
  return [header, value, padding === 0 ? NO_BYTES : Buffer.alloc(padding)];
}
