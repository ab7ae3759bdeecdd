import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Endpoint } from './flow.ts';

/** STUN as a keep-alive on the SIP port (RFC 5626 §4.4.2): Binding requests and responses without authentication. */
const MAGIC_COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const REQUEST = 0x0001;
const SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
/** Longer requests are not answered, since keep-alives need no attributes but a few optional ones. */
const MAX_BYTES = 128;

/** Whether a datagram on the SIP port may be STUN: no SIP message starts with these bytes. */
export function mayBeStun(datagram: Buffer): boolean {
  return (
    datagram.length >= HEADER_BYTES &&
    datagram.length <= MAX_BYTES &&
    datagram.readUInt16BE(2) === datagram.length - HEADER_BYTES &&
    datagram.readUInt32BE(4) === MAGIC_COOKIE
  );
}

/** A Binding request, with its transaction id in bytes 8 to 20. */
export function bindingRequest(): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt16BE(REQUEST, 0);
  bytes.writeUInt32BE(MAGIC_COOKIE, 4);
  randomBytes(12).copy(bytes, 8);
  return bytes;
}

/** The id by which a response belongs to a request. */
export function transactionIdOf(message: Buffer): string {
  return message.toString('hex', 8, HEADER_BYTES);
}

/** The response to a Binding request from this address; undefined for other messages. */
export function bindingResponse(request: Buffer, source: Endpoint): Buffer | undefined {
  if (request.readUInt16BE(0) !== REQUEST) {
    return undefined;
  }
  const address = bytesOf(source.address);
  const bytes = Buffer.alloc(HEADER_BYTES + 8 + address.length);
  bytes.writeUInt16BE(SUCCESS, 0);
  bytes.writeUInt16BE(bytes.length - HEADER_BYTES, 2);
  request.copy(bytes, 4, 4, HEADER_BYTES);
  bytes.writeUInt16BE(XOR_MAPPED_ADDRESS, HEADER_BYTES);
  bytes.writeUInt16BE(4 + address.length, HEADER_BYTES + 2);
  bytes.writeUInt8(address.length === 4 ? 1 : 2, HEADER_BYTES + 5);
  bytes.writeUInt16BE(source.port ^ (MAGIC_COOKIE >>> 16), HEADER_BYTES + 6);
  for (const [index, byte] of address.entries()) {
    bytes[HEADER_BYTES + 8 + index] = byte ^ (bytes[4 + index] ?? 0);
  }
  return bytes;
}

/** Our address and port as the peer sees them, as text to compare; undefined if this is no success response that names them. */
export function mappedAddress(response: Buffer): string | undefined {
  if (response.readUInt16BE(0) !== SUCCESS) {
    return undefined;
  }
  let at = HEADER_BYTES;
  while (at + 4 <= response.length) {
    const end = at + 4 + response.readUInt16BE(at + 2);
    if (response.readUInt16BE(at) === XOR_MAPPED_ADDRESS && end <= response.length && end - at >= 12) {
      const port = response.readUInt16BE(at + 6) ^ (MAGIC_COOKIE >>> 16);
      const address = response.subarray(at + 8, end).map((byte, index) => byte ^ (response[4 + index] ?? 0));
      return `${Buffer.from(address).toString('hex')} ${port}`;
    }
    at = (end + 3) & ~3;
  }
  return undefined;
}

/** The 4 or 16 bytes of an IP address. */
function bytesOf(address: string): number[] {
  if (!isIPv6(address)) {
    return address.split('.').map(Number);
  }
  const [head = '', tail = ''] = address.split('::');
  const left = groupsOf(head);
  const right = groupsOf(tail);
  const groups = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return groups.flatMap((group) => [group >> 8, group & 255]);
}

function groupsOf(text: string): number[] {
  return text
    .split(':')
    .filter(Boolean)
    .flatMap((part) => {
      if (!part.includes('.')) {
        return [Number.parseInt(part, 16)];
      }
      const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
      return [(a << 8) | b, (c << 8) | d];
    });
}
