import { isRtcp, isRtp, RtpPacket } from 'rtp.js/packets';

/** What a receiver needs of an RTP packet (RFC 3550 §5.1). */
export interface ReceivedPacket {
  payloadType: number;
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;
  marker: boolean;
  /** A copy: the datagram's memory is free to go. */
  payload: Uint8Array;
}

const RTP_HEADER_BYTES = 12;
const RTCP_HEADER_BYTES = 4;

/** Reads a datagram; null for one that is no whole RTP packet. */
export function parseRtp(datagram: Uint8Array): ReceivedPacket | null {
  if (datagram.length < RTP_HEADER_BYTES) return null;
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  if (!isRtp(view)) return null;
  try {
    const packet = new RtpPacket(view);
    const payload = packet.getPayload();
    return {
      payloadType: packet.getPayloadType(),
      sequenceNumber: packet.getSequenceNumber(),
      timestamp: packet.getTimestamp(),
      ssrc: packet.getSsrc(),
      marker: packet.getMarker(),
      payload: new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength).slice(),
    };
  } catch {
    return null;
  }
}

/** Whether a datagram on a shared port is RTCP (RFC 5761 §4). */
export function looksLikeRtcp(datagram: Uint8Array): boolean {
  if (datagram.length < RTCP_HEADER_BYTES) return false;
  return isRtcp(new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength));
}
