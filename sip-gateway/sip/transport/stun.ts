import { randomBytes } from 'node:crypto';
import {
  Attribute,
  Binding,
  HEADER_BYTES,
  MAGIC_COOKIE,
  readMappedAddress,
  writePlainStun,
  xorMappedAddress,
} from '../../stun/index.ts';
import type { Endpoint } from './flow.ts';

/** STUN as a keep-alive on the SIP port (RFC 5626 §4.4.2): Binding requests and responses without authentication. */

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

/** A Binding request. */
export function bindingRequest(): Buffer {
  return writePlainStun({ type: Binding.request, transactionId: randomBytes(12), attributes: [] });
}

/** The id by which a response belongs to a request. */
export function transactionIdOf(message: Buffer): string {
  return idOf(message).toString('hex');
}

/** The response to a Binding request from this address; undefined for other messages. */
export function bindingResponse(request: Buffer, source: Endpoint): Buffer | undefined {
  if (request.readUInt16BE(0) !== Binding.request) {
    return undefined;
  }
  const transactionId = idOf(request);
  return writePlainStun({
    type: Binding.success,
    transactionId,
    attributes: [[Attribute.xorMappedAddress, xorMappedAddress(source, transactionId)]],
  });
}

/** Our address and port as the peer sees them, as text to compare; undefined if this is no success response that names them. */
export function mappedAddress(response: Buffer): string | undefined {
  if (response.readUInt16BE(0) !== Binding.success) {
    return undefined;
  }
  let at = HEADER_BYTES;
  while (at + 4 <= response.length) {
    const end = at + 4 + response.readUInt16BE(at + 2);
    if (response.readUInt16BE(at) === Attribute.xorMappedAddress && end <= response.length) {
      return readMappedAddress(response.subarray(at + 4, end), idOf(response));
    }
    at = (end + 3) & ~3;
  }
  return undefined;
}

function idOf(message: Buffer): Buffer {
  return message.subarray(8, HEADER_BYTES);
}
