/** The fixed part of an RTP packet (RFC 3550 §5.1) and where its parts lie. */
export interface RtpHeader {
  payloadType: number;
  marker: boolean;
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;
  /** Offset of the header extension's 4-byte head, 0 when there is none. */
  extensionOffset: number;
  payloadOffset: number;
  /** Length without padding. */
  payloadLength: number;
}

const ONE_BYTE_PROFILE = 0xbede;

/** Reads the header, or undefined when the packet is malformed. */
export function parseRtp(packet: Buffer): RtpHeader | undefined {
  if (packet.length < 12) return undefined;
  const first = packet[0] as number;
  if (first >> 6 !== 2) return undefined;
  let offset = 12 + 4 * (first & 0x0f);
  let extensionOffset = 0;
  if (first & 0x10) {
    if (packet.length < offset + 4) return undefined;
    extensionOffset = offset;
    offset += 4 + 4 * packet.readUInt16BE(offset + 2);
  }
  const paddingLength = first & 0x20 ? (packet.at(-1) as number) : 0;
  const payloadLength = packet.length - offset - paddingLength;
  if (payloadLength < 0) return undefined;
  const second = packet[1] as number;
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequenceNumber: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4),
    ssrc: packet.readUInt32BE(8),
    extensionOffset,
    payloadOffset: offset,
    payloadLength,
  };
}

/** The value of a header extension element (RFC 8285, one- and two-byte forms), or undefined. */
export function readExtension(packet: Buffer, header: RtpHeader, id: number): Buffer | undefined {
  if (header.extensionOffset === 0 || id === 0) return undefined;
  const profile = packet.readUInt16BE(header.extensionOffset);
  const end = header.payloadOffset;
  let offset = header.extensionOffset + 4;
  const oneByte = profile === ONE_BYTE_PROFILE;
  if (!oneByte && profile >> 4 !== 0x100) return undefined;
  while (offset < end) {
    const head = packet[offset] as number;
    if (head === 0) {
      offset++;
      continue;
    }
    const elementId = oneByte ? head >> 4 : head;
    if (oneByte && elementId === 15) return undefined;
    const length = oneByte ? (head & 0x0f) + 1 : (packet[offset + 1] ?? 0);
    const start = offset + (oneByte ? 1 : 2);
    if (start + length > end) return undefined;
    if (elementId === id) return packet.subarray(start, start + length);
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
  /** One or more pieces, written one after the other. */
  payload: readonly Uint8Array[];
}

export function buildRtp(init: RtpPacketInit): Buffer {
  let extensionLength = 0;
  for (const { value } of init.extensions) extensionLength += 1 + value.length;
  const extensionWords = (extensionLength + 3) >> 2;
  const headerLength = 12 + (extensionLength > 0 ? 4 + 4 * extensionWords : 0);
  let length = headerLength;
  for (const piece of init.payload) length += piece.length;
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

/** Whether a packet on an RTP/RTCP-multiplexed transport is RTCP (RFC 5761 §4). */
export function isRtcp(packet: Buffer): boolean {
  const type = packet[1] ?? 0;
  return packet.length >= 8 && type >= 192 && type <= 223;
}
