import { isRtcp } from '../../../base/rtp/index.ts';

/** What a datagram on a media port is, by its first bytes. */
export type DatagramKind = 'stun' | 'dtls' | 'rtcp' | 'rtp' | 'unknown';

/** Tells the protocols that share a media port apart (RFC 7983 §7; RTCP from RTP by RFC 5761 §4). */
export function demultiplex(datagram: Uint8Array): DatagramKind {
  const first = datagram[0];
  if (first === undefined) {
    return 'unknown';
  }
  if (first >= 128 && first <= 191) {
    return isRtcp(datagram) ? 'rtcp' : 'rtp';
  }
  if (first <= 3) {
    return 'stun';
  }
  return first >= 20 && first <= 63 ? 'dtls' : 'unknown';
}
