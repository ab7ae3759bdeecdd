import type { NtpTime } from './clock.ts';

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;

/** A report block (RFC 3550 §6.4.1). */
export interface ReportBlock {
  ssrc: number;
  /** Fraction lost since the last report, in 1/256. */
  fractionLost: number;
  cumulativeLost: number;
  highestSequence: number;
  /** In units of the RTP clock. */
  jitter: number;
  /** Middle 32 bits of the last sender report's NTP time. */
  lastSenderReport: number;
  /** In 1/65536 s. */
  delaySinceLastSenderReport: number;
}

export type RtcpItem =
  | { type: 'sender-report'; ssrc: number; ntp: NtpTime; rtpTimestamp: number }
  | { type: 'report-block'; block: ReportBlock }
  | { type: 'nack'; mediaSsrc: number; sequenceNumbers: number[] }
  /** PLI (RFC 4585 §6.3.1) or FIR (RFC 5104 §4.3.1): the receiver wants a key frame. */
  | { type: 'key-frame-request'; mediaSsrc: number; kind: 'pli' | 'fir' };

/** Parses the supported items of a compound packet; ignores a malformed rest. */
export function parseRtcp(compound: Buffer): RtcpItem[] {
  const items: RtcpItem[] = [];
  let offset = 0;
  while (offset + 8 <= compound.length) {
    const end = offset + 4 + 4 * compound.readUInt16BE(offset + 2);
    if ((compound[offset] as number) >> 6 !== 2 || end > compound.length) {
      break;
    }
    const packet = compound.subarray(offset, end);
    const count = (packet[0] as number) & 0x1f;
    const type = packet[1] as number;
    if (type === SENDER_REPORT && packet.length >= 28) {
      items.push({
        type: 'sender-report',
        ssrc: packet.readUInt32BE(4),
        ntp: { seconds: packet.readUInt32BE(8), fraction: packet.readUInt32BE(12) },
        rtpTimestamp: packet.readUInt32BE(16),
      });
      readBlocks(packet, 28, count, items);
    } else if (type === RECEIVER_REPORT) {
      readBlocks(packet, 8, count, items);
    } else if (type === TRANSPORT_FEEDBACK && count === 1 && packet.length >= 12) {
      items.push({ type: 'nack', mediaSsrc: packet.readUInt32BE(8), sequenceNumbers: readNack(packet) });
    } else if (type === PAYLOAD_FEEDBACK && packet.length >= 12) {
      readPayloadFeedback(packet, count, items);
    }
    offset = end;
  }
  return items;
}

function readBlocks(packet: Buffer, start: number, count: number, items: RtcpItem[]): void {
  for (let at = start; at < start + 24 * count && at + 24 <= packet.length; at += 24) {
    items.push({
      type: 'report-block',
      block: {
        ssrc: packet.readUInt32BE(at),
        fractionLost: packet[at + 4] as number,
        cumulativeLost: packet.readIntBE(at + 5, 3),
        highestSequence: packet.readUInt32BE(at + 8),
        jitter: packet.readUInt32BE(at + 12),
        lastSenderReport: packet.readUInt32BE(at + 16),
        delaySinceLastSenderReport: packet.readUInt32BE(at + 20),
      },
    });
  }
}

function readNack(packet: Buffer): number[] {
  const sequenceNumbers: number[] = [];
  for (let at = 12; at + 4 <= packet.length; at += 4) {
    const first = packet.readUInt16BE(at);
    const following = packet.readUInt16BE(at + 2);
    sequenceNumbers.push(first);
    for (let bit = 0; bit < 16; bit++) {
      if (following & (1 << bit)) {
        sequenceNumbers.push((first + 1 + bit) & 0xffff);
      }
    }
  }
  return sequenceNumbers;
}

function readPayloadFeedback(packet: Buffer, format: number, items: RtcpItem[]): void {
  if (format === 1) {
    items.push({ type: 'key-frame-request', mediaSsrc: packet.readUInt32BE(8), kind: 'pli' });
  } else if (format === 4) {
    for (let at = 12; at + 8 <= packet.length; at += 8) {
      items.push({ type: 'key-frame-request', mediaSsrc: packet.readUInt32BE(at), kind: 'fir' });
    }
  }
}

function head(count: number, type: number, length: number): Buffer {
  const packet = Buffer.alloc(length);
  packet[0] = 0x80 | count;
  packet[1] = type;
  packet.writeUInt16BE(length / 4 - 1, 2);
  return packet;
}

/** Sender report with its source description (CNAME), RFC 3550 §6.4.1 and §6.5. */
export function buildSenderReport(report: {
  ssrc: number;
  ntp: NtpTime;
  rtpTimestamp: number;
  packetCount: number;
  octetCount: number;
  cname: string;
}): Buffer {
  const packet = head(0, SENDER_REPORT, 28);
  packet.writeUInt32BE(report.ssrc, 4);
  packet.writeUInt32BE(report.ntp.seconds, 8);
  packet.writeUInt32BE(report.ntp.fraction, 12);
  packet.writeUInt32BE(report.rtpTimestamp >>> 0, 16);
  packet.writeUInt32BE(report.packetCount >>> 0, 20);
  packet.writeUInt32BE(report.octetCount >>> 0, 24);
  return Buffer.concat([packet, buildSourceDescription(report.ssrc, report.cname)]);
}

function buildSourceDescription(ssrc: number, cname: string): Buffer {
  const name = Buffer.from(cname);
  const packet = head(1, SOURCE_DESCRIPTION, 4 * Math.ceil((8 + 2 + name.length + 1) / 4));
  packet.writeUInt32BE(ssrc, 4);
  packet[8] = 1;
  packet[9] = name.length;
  name.copy(packet, 10);
  return packet;
}

/** Receiver report with up to 31 blocks (RFC 3550 §6.4.2). */
export function buildReceiverReport(senderSsrc: number, blocks: readonly ReportBlock[]): Buffer {
  const packet = head(blocks.length, RECEIVER_REPORT, 8 + 24 * blocks.length);
  packet.writeUInt32BE(senderSsrc, 4);
  blocks.forEach((block, index) => {
    const at = 8 + 24 * index;
    packet.writeUInt32BE(block.ssrc, at);
    packet[at + 4] = block.fractionLost;
    packet.writeIntBE(Math.max(-0x80_0000, Math.min(0x7f_ffff, block.cumulativeLost)), at + 5, 3);
    packet.writeUInt32BE(block.highestSequence >>> 0, at + 8);
    packet.writeUInt32BE(block.jitter >>> 0, at + 12);
    packet.writeUInt32BE(block.lastSenderReport >>> 0, at + 16);
    packet.writeUInt32BE(block.delaySinceLastSenderReport >>> 0, at + 20);
  });
  return packet;
}

/** Generic NACK (RFC 4585 §6.2.1) for sequence numbers in ascending order. */
export function buildNack(senderSsrc: number, mediaSsrc: number, sequenceNumbers: readonly number[]): Buffer {
  const entries: Array<{ first: number; following: number }> = [];
  for (const sequence of sequenceNumbers) {
    const last = entries.at(-1);
    const distance = last ? (sequence - last.first) & 0xffff : 0;
    if (last && distance >= 1 && distance <= 16) {
      last.following |= 1 << (distance - 1);
    } else {
      entries.push({ first: sequence & 0xffff, following: 0 });
    }
  }
  const packet = head(1, TRANSPORT_FEEDBACK, 12 + 4 * entries.length);
  packet.writeUInt32BE(senderSsrc, 4);
  packet.writeUInt32BE(mediaSsrc, 8);
  entries.forEach(({ first, following }, index) => {
    packet.writeUInt16BE(first, 12 + 4 * index);
    packet.writeUInt16BE(following, 14 + 4 * index);
  });
  return packet;
}

/** Picture loss indication (RFC 4585 §6.3.1). */
export function buildPli(senderSsrc: number, mediaSsrc: number): Buffer {
  const packet = head(1, PAYLOAD_FEEDBACK, 12);
  packet.writeUInt32BE(senderSsrc, 4);
  packet.writeUInt32BE(mediaSsrc, 8);
  return packet;
}

/** A packet received, for transport-wide feedback. */
export interface ArrivedPacket {
  /** Extended (unwrapped) transport-wide sequence number. */
  sequence: number;
  /** Arrival time on a monotonic clock, in milliseconds. */
  atMs: number;
}

/**
 * Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1) for packets sorted by
 * sequence number, in two-bit status vectors.
 */
export function buildTransportFeedback(
  senderSsrc: number,
  mediaSsrc: number,
  feedbackCount: number,
  packets: readonly ArrivedPacket[],
): Buffer {
  const first = packets[0] as ArrivedPacket;
  const last = packets.at(-1) as ArrivedPacket;
  const statusCount = last.sequence - first.sequence + 1;
  // Reference time in 64 ms units, deltas in 250 µs.
  const referenceUnits = Math.floor(Math.min(...packets.map(({ atMs }) => atMs)) / 64);
  const statuses = new Uint8Array(7 * Math.ceil(statusCount / 7));
  const deltas: number[] = [];
  let previousTicks = referenceUnits * 256;
  for (const { sequence, atMs } of packets) {
    const ticks = Math.round(atMs * 4);
    const delta = Math.max(-32_768, Math.min(32_767, ticks - previousTicks));
    previousTicks += delta;
    const small = delta >= 0 && delta <= 255;
    statuses[sequence - first.sequence] = small ? 1 : 2;
    if (small) {
      deltas.push(delta);
    } else {
      deltas.push((delta >> 8) & 0xff, delta & 0xff);
    }
  }
  const chunkCount = statuses.length / 7;
  const bodyLength = 20 + 2 * chunkCount + deltas.length;
  const packet = head(15, TRANSPORT_FEEDBACK, 4 * Math.ceil(bodyLength / 4));
  packet.writeUInt32BE(senderSsrc, 4);
  packet.writeUInt32BE(mediaSsrc, 8);
  packet.writeUInt16BE(first.sequence & 0xffff, 12);
  packet.writeUInt16BE(statusCount, 14);
  packet.writeUIntBE(referenceUnits & 0xff_ffff, 16, 3);
  packet[19] = feedbackCount & 0xff;
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    let word = 0xc000;
    for (let index = 0; index < 7; index++) {
      word |= (statuses[7 * chunk + index] as number) << (12 - 2 * index);
    }
    packet.writeUInt16BE(word, 20 + 2 * chunk);
  }
  packet.set(deltas, 20 + 2 * chunkCount);
  return packet;
}
