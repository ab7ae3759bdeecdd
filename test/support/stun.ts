/** STUN (RFC 8489) for ICE (RFC 8445), correct or not, as a test needs it. */
import { createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const MAGIC_COOKIE = 0x2112a442;
const BINDING_REQUEST = 0x0001;
const CLASSES = new Map([
  [0x0101, 'success'],
  [0x0111, 'error'],
] as const);
const FINGERPRINT_XOR = 0x5354554e;

const ATTRIBUTES = {
  username: 0x0006,
  integrity: 0x0008,
  errorCode: 0x0009,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  controlled: 0x8029,
  controlling: 0x802a,
} as const;

export interface BindingRequestOptions {
  /** The receiver's ICE username fragment. */
  usernameFragment: string;
  /** Without it the request has no MESSAGE-INTEGRITY. */
  password?: string;
  /** The sender's claimed ICE role. Default: controlling, which is correct towards an ICE-lite server. */
  role?: 'controlling' | 'controlled';
  /** Default true. */
  nominates?: boolean;
  /** Default: a new one. */
  transactionId?: Buffer;
  /** More attributes, by type, in front of the integrity. */
  extra?: ReadonlyArray<readonly [type: number, value: Buffer]>;
}

/** An ICE connectivity check (RFC 8445 section 7.1). */
export function bindingRequest(options: BindingRequestOptions): Buffer {
  const { role = 'controlling', nominates = true, transactionId = randomBytes(12) } = options;
  const priority = Buffer.alloc(4);
  priority.writeUInt32BE(1_845_494_271);
  let body = Buffer.concat([
    attribute(ATTRIBUTES.username, Buffer.from(`${options.usernameFragment}:test`)),
    attribute(ATTRIBUTES.priority, priority),
    attribute(ATTRIBUTES[role], randomBytes(8)),
    ...(options.extra ?? []).map(([type, value]) => attribute(type, value)),
    ...(nominates ? [attribute(ATTRIBUTES.useCandidate, Buffer.alloc(0))] : []),
  ]);
  // Each attribute covers everything before it, with a message length that includes itself.
  if (options.password !== undefined) {
    const integrity = createHmac('sha1', options.password)
      .update(message(transactionId, body, body.length + 24))
      .digest();
    body = Buffer.concat([body, attribute(ATTRIBUTES.integrity, integrity)]);
  }
  const fingerprint = Buffer.alloc(4);
  fingerprint.writeUInt32BE((crc32(message(transactionId, body, body.length + 8)) ^ FINGERPRINT_XOR) >>> 0);
  body = Buffer.concat([body, attribute(ATTRIBUTES.fingerprint, fingerprint)]);
  return message(transactionId, body, body.length);
}

/** Parses a STUN response; undefined if it is not one. */
export function parseAnswer(
  packet: Buffer,
): { class: 'success' | 'error'; transactionId: Buffer; errorCode?: number } | undefined {
  if (packet.length < 20 || packet.readUInt32BE(4) !== MAGIC_COOKIE) {
    return undefined;
  }
  const kind = CLASSES.get(packet.readUInt16BE(0) as 0x0101);
  if (kind === undefined) {
    return undefined;
  }
  const errorCode = attributeOf(packet, ATTRIBUTES.errorCode);
  return {
    class: kind,
    transactionId: packet.subarray(8, 20),
    ...(errorCode && { errorCode: errorCode.readUInt8(2) * 100 + errorCode.readUInt8(3) }),
  };
}

function attributeOf(packet: Buffer, type: number): Buffer | undefined {
  for (let at = 20; at + 4 <= packet.length; ) {
    const length = packet.readUInt16BE(at + 2);
    if (packet.readUInt16BE(at) === type) {
      return packet.subarray(at + 4, at + 4 + length);
    }
    at += 4 + 4 * Math.ceil(length / 4);
  }
  return undefined;
}

/** Type, length and value, padded to 32 bits. */
function attribute(type: number, value: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(value.length, 2);
  return Buffer.concat([header, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

function message(transactionId: Buffer, body: Buffer, announcedLength: number): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(BINDING_REQUEST, 0);
  header.writeUInt16BE(announcedLength, 2);
  header.writeUInt32BE(MAGIC_COOKIE, 4);
  return Buffer.concat([header, transactionId, body]);
}

/** The receiver's username fragment in a binding request's USERNAME; undefined if it is not a binding request. */
export function askedFragment(packet: Buffer): string | undefined {
  if (packet.length < 20 || packet.readUInt32BE(4) !== MAGIC_COOKIE) {
    return undefined;
  }
  if (packet.readUInt16BE(0) !== BINDING_REQUEST) {
    return undefined;
  }
  const username = attributeOf(packet, ATTRIBUTES.username);
  return username?.toString().split(':')[0];
}
