/** Ogg Opus (RFC 3533, RFC 7845), just enough to exchange packets with another implementation. */

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) {
    value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  }
  return value >>> 0;
});

function page(packet: Buffer, flags: number, granule: number, sequence: number): Buffer {
  const lacing = Math.floor(packet.length / 255) + 1;
  const header = Buffer.alloc(27 + lacing, 255);
  header.write('OggS', 0);
  header.writeUInt8(0, 4);
  header.writeUInt8(flags, 5);
  header.writeBigInt64LE(BigInt(granule), 6);
  header.writeUInt32LE(1, 14);
  header.writeUInt32LE(sequence, 18);
  header.writeUInt32LE(0, 22);
  header.writeUInt8(lacing, 26);
  header.writeUInt8(packet.length % 255, 27 + lacing - 1);
  const whole = Buffer.concat([header, packet]);
  let crc = 0;
  for (const byte of whole) {
    crc = ((crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ byte] ?? 0)) >>> 0;
  }
  whole.writeUInt32LE(crc, 22);
  return whole;
}

/** Writes a mono stream of 20 ms packets. */
export function writeOggOpus(packets: Uint8Array[]): Buffer {
  const head = Buffer.from('OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0', 'latin1');
  const tags = Buffer.from('OpusTags\x04\0\0\0test\0\0\0\0', 'latin1');
  const pages = [page(head, 2, 0, 0), page(tags, 0, 0, 1)];
  packets.forEach((packet, i) => {
    pages.push(page(Buffer.from(packet), i === packets.length - 1 ? 4 : 0, 960 * (i + 1), i + 2));
  });
  return Buffer.concat(pages);
}

/** Reads the audio packets of a stream. */
export function readOggOpus(file: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let open: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const segments = file.readUInt8(at + 26);
    let data = at + 27 + segments;
    for (let i = 0; i < segments; i++) {
      const length = file.readUInt8(at + 27 + i);
      open.push(file.subarray(data, data + length));
      data += length;
      if (length < 255) {
        packets.push(Buffer.concat(open));
        open = [];
      }
    }
    at = data;
  }
  return packets.slice(2);
}
