/** Where a stream's timestamps are on the sender's wall clock (RFC 3550 §6.4.1). */
export interface SenderReport {
  ssrc: number;
  /** Unix time in milliseconds. */
  ntpMs: number;
  /** The RTP timestamp at that time. */
  timestamp: number;
}

const SENDER_REPORT = 200;
const SENDER_REPORT_BYTES = 28;
/** Seconds between the NTP epoch (1900) and the Unix epoch. */
const NTP_UNIX_SECONDS = 2_208_988_800;

/** The sender reports in a compound RTCP packet. Anything malformed ends the list. */
export function* senderReports(datagram: Buffer): Generator<SenderReport> {
  for (let at = 0; at + 4 <= datagram.length; ) {
    const bytes = 4 * (datagram.readUInt16BE(at + 2) + 1);
    if ((datagram[at] as number) >> 6 !== 2 || at + bytes > datagram.length) {
      return;
    }
    if (datagram[at + 1] === SENDER_REPORT && bytes >= SENDER_REPORT_BYTES) {
      const seconds = datagram.readUInt32BE(at + 8) - NTP_UNIX_SECONDS;
      yield {
        ssrc: datagram.readUInt32BE(at + 4),
        ntpMs: seconds * 1000 + (datagram.readUInt32BE(at + 12) * 1000) / 2 ** 32,
        timestamp: datagram.readUInt32BE(at + 16),
      };
    }
    at += bytes;
  }
}
