import { isRtcp } from '../../../base/rtp/index.ts';

/** Protocol of a datagram on a media port. */
export type DatagramKind = 'stun' | 'dtls' | 'rtcp' | 'rtp' | 'unknown';

/** Determines a datagram's protocol by its first bytes (RFC 7983 §7; RFC 5761 §4 for RTCP). */
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
