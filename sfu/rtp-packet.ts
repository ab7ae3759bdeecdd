import { RtpPacket } from 'rtp.js/packets';

/** Reads a packet; undefined: it is no RTP. */
export function parseRtp(bytes: Buffer): RtpPacket | undefined {
  try {
    return new RtpPacket(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    return undefined;
  }
}
