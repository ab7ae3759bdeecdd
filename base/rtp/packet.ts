/** An RTP packet as read from a datagram (RFC 3550 §5.1). */
export interface RtpPacket<Bytes extends Uint8Array = Uint8Array> {
  payloadType: number;
  marker: boolean;
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;
  /** Offset of the header extension's 4-byte header; 0 if there is none. */
  extensionOffset: number;
  payloadOffset: number;
  /** The part of the datagram after the header, without padding. */
  payload: Bytes;
}

const HEADER_BYTES = 12;
const EXTENSION_HEAD_BYTES = 4;
const RTCP_HEADER_BYTES = 4;
const ONE_BYTE_PROFILE = 0xbede;

/**
 * Parses a datagram; null if it is not a complete RTP packet. Hand-written because it runs for every packet: a library's packet objects
 * take several times as long.
 */
export function parseRtp<Bytes extends Uint8Array>(datagram: Bytes): RtpPacket<Bytes> | null {
  const { length } = datagram;
  if (length < HEADER_BYTES) {
    return null;
  }
  const first = datagram[0] as number;
  if (first >> 6 !== 2) {
    return null;
  }
  let start = HEADER_BYTES + 4 * (first & 0x0f);
  let extensionOffset = 0;
  if (first & 0x10) {
    if (start + EXTENSION_HEAD_BYTES > length) {
      return null;
    }
    extensionOffset = start;
    start += EXTENSION_HEAD_BYTES + 4 * readUint16(datagram, start + 2);
  }
  const end = first & 0x20 ? length - (datagram[length - 1] as number) : length;
  if (start > end) {
    return null;
  }
  const second = datagram[1] as number;
  return {
    payloadType: second & 0x7f,
    marker: second >= 0x80,
    sequenceNumber: readUint16(datagram, 2),
    timestamp: readUint32(datagram, 4),
    ssrc: readUint32(datagram, 8),
    extensionOffset,
    payloadOffset: start,
    payload: datagram.subarray(start, end) as Bytes,
  };
}

/** The value of a header extension element (RFC 8285, one- and two-byte forms), or undefined. */
export function readExtension(packet: Buffer, header: RtpPacket, id: number): Buffer | undefined {
  if (header.extensionOffset === 0 || id === 0) {
    return undefined;
  }
  const profile = packet.readUInt16BE(header.extensionOffset);
  const end = header.payloadOffset;
  let offset = header.extensionOffset + 4;
  const oneByte = profile === ONE_BYTE_PROFILE;
  if (!oneByte && profile >> 4 !== 0x100) {
    return undefined;
  }
  while (offset < end) {
    const head = packet[offset] as number;
    if (head === 0) {
      offset++;
      continue;
    }
    const elementId = oneByte ? head >> 4 : head;
    if (oneByte && elementId === 15) {
      return undefined;
    }
    const length = oneByte ? (head & 0x0f) + 1 : (packet[offset + 1] ?? 0);
    const start = offset + (oneByte ? 1 : 2);
    if (start + length > end) {
      return undefined;
    }
    if (elementId === id) {
      return packet.subarray(start, start + length);
    }
    offset = start + length;
  }
  return undefined;
}

/** A header extension element to write; ids 1 to 14, values of 1 to 16 bytes (one-byte form). */
export interface ExtensionElement {
  id: number;
  value: Uint8Array;
}

export interface RtpPacketInit {
  payloadType: number;
  marker: boolean;
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;
  extensions: readonly ExtensionElement[];
  /** One or more pieces, concatenated. */
  payload: readonly Uint8Array[];
}

/** Builds a packet, with header extensions in the one-byte form (RFC 8285 §4.2). */
export function buildRtp(init: RtpPacketInit): Buffer {
  let extensionLength = 0;
  for (const { value } of init.extensions) {
    extensionLength += 1 + value.length;
  }
  const extensionWords = (extensionLength + 3) >> 2;
  const headerLength = 12 + (extensionLength > 0 ? 4 + 4 * extensionWords : 0);
  let length = headerLength;
  for (const piece of init.payload) {
    length += piece.length;
  }
  const packet = Buffer.allocUnsafe(length);
  packet[0] = 0x80 | (extensionLength > 0 ? 0x10 : 0);
  packet[1] = (init.marker ? 0x80 : 0) | init.payloadType;
  packet.writeUInt16BE(init.sequenceNumber & 0xffff, 2);
  packet.writeUInt32BE(init.timestamp >>> 0, 4);
  packet.writeUInt32BE(init.ssrc, 8);
  let offset = 12;
  if (extensionLength > 0) {
    packet.writeUInt16BE(ONE_BYTE_PROFILE, 12);
    packet.writeUInt16BE(extensionWords, 14);
    offset = 16;
    for (const { id, value } of init.extensions) {
      packet[offset++] = (id << 4) | (value.length - 1);
      packet.set(value, offset);
      offset += value.length;
    }
    packet.fill(0, offset, headerLength);
  }
  offset = headerLength;
  for (const piece of init.payload) {
    packet.set(piece, offset);
    offset += piece.length;
  }
  return packet;
}

/** Whether a packet on a port shared by RTP and RTCP is RTCP (RFC 5761 §4). */
export function isRtcp(datagram: Uint8Array): boolean {
  if (datagram.length < RTCP_HEADER_BYTES) {
    return false;
  }
  const type = datagram[1] as number;
  return (datagram[0] as number) >> 6 === 2 && type >= 192 && type <= 223;
}

function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((readUint16(bytes, at) << 16) | readUint16(bytes, at + 2)) >>> 0;
}
