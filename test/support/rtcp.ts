/** Well-formed RTCP that clients may send as an attack. */

/** Seconds from the NTP era's start (1900) to the Unix epoch. */
const NTP_UNIX_OFFSET_SECONDS = 2_208_988_800;
const RECEIVER_REPORT = 201;
const BYE = 203;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
const SENDER_SSRC = 1;

/** Goodbye (RFC 3550 section 6.6). */
export function bye(ssrcs: readonly number[]): Buffer {
  return rtcp(BYE, ssrcs.length, words(ssrcs));
}

/** Picture loss indication (RFC 4585 section 6.3.1). */
export function pli(mediaSsrc: number): Buffer {
  return rtcp(PAYLOAD_FEEDBACK, 1, words([SENDER_SSRC, mediaSsrc]));
}

/** Full intra request (RFC 5104 section 4.3.1), `times` times in one packet. */
export function fir(mediaSsrc: number, sequenceNumber: number, times = 1): Buffer {
  const entry = [mediaSsrc, (sequenceNumber & 0xff) * 0x100_0000];
  return rtcp(PAYLOAD_FEEDBACK, 4, words([SENDER_SSRC, 0, ...Array(times).fill(entry).flat()]));
}

/** Receiver report (RFC 3550 section 6.4.2) that claims a round-trip time of almost zero. */
export function nearReport(mediaSsrc: number): Buffer {
  const ntpSeconds = Date.now() / 1000 + NTP_UNIX_OFFSET_SECONDS;
  // In 1/65536 s. The server subtracts this and the delay since the last sender report from the current time.
  const lastSenderReport = Math.floor((ntpSeconds * 65_536) % 2 ** 32) - 130;
  return rtcp(RECEIVER_REPORT, 1, words([SENDER_SSRC, mediaSsrc, 0, 0, 0, lastSenderReport, 1]));
}

/** Generic NACK (RFC 4585 section 6.2.1) for a range of packets. */
export function nackRange(mediaSsrc: number, first: number, count: number): Buffer {
  const entries: number[] = [];
  for (let n = 0; n < count; n += 17) {
    entries.push(((first + n) & 0xffff) * 0x1_0000 + 0xffff);
  }
  return rtcp(TRANSPORT_FEEDBACK, 1, words([SENDER_SSRC, mediaSsrc, ...entries]));
}

/** Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01) with any body after its two SSRCs. */
export function transportFeedback(mediaSsrc: number, body: Buffer): Buffer {
  return rtcp(TRANSPORT_FEEDBACK, 15, Buffer.concat([words([SENDER_SSRC, mediaSsrc]), body]));
}

/** An RTCP packet of any type, zero-padded to whole words. */
export function rtcp(type: number, count: number, body: Buffer): Buffer {
  const packet = Buffer.alloc(4 + 4 * Math.ceil(body.length / 4));
  packet[0] = 0x80 | count;
  packet[1] = type;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  body.copy(packet, 4);
  return packet;
}

function words(values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => {
    buffer.writeUInt32BE(value >>> 0, 4 * index);
  });
  return buffer;
}
