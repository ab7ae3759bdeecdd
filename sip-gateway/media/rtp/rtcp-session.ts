import {
  ByePacket,
  CompoundPacket,
  isRtcp,
  ReceiverReportPacket,
  ReceptionReport,
  SdesChunk,
  SdesPacket,
  SenderReportPacket,
} from 'rtp.js/packets';
import type { ReceptionSummary } from './receive-statistics.ts';
import type { SendStream } from './send-stream.ts';

/** Seconds from the NTP epoch (1900) to 1970. */
const NTP_OFFSET_SECONDS = 2_208_988_800;
/** Item type of RFC 3550 §6.5.1. The library exports only its type. */
const SDES_CNAME = 1;
/** Longer packets are ignored; real ones are smaller. */
const MAX_BYTES = 1_500;

/** The contents of a received compound packet. */
export interface ReceivedRtcp {
  /** Report about our stream. */
  remote?: { fractionLost: number; lost: number; jitterTicks: number };
  roundTripMs?: number;
  /** SSRCs of BYE packets (RFC 3550 §6.6). A hint only, since they are not authenticated. */
  byes: number[];
}

/** The last sender report of a stream. */
interface SeenSenderReport {
  /** Middle 32 bits of its NTP time. */
  ntpMiddle: number;
  atMs: number;
}

export interface ReportBlockSource {
  ssrc: number;
  summary: ReceptionSummary;
}

/** Writes and reads the RTCP of one RTP session (RFC 3550 §6): SR or RR, SDES with a CNAME, BYE. */
export class RtcpSession {
  readonly #ssrc: number;
  readonly #cname: string;
  readonly #senderReports = new Map<number, SeenSenderReport>();

  constructor(ssrc: number, cname: string) {
    this.#ssrc = ssrc;
    this.#cname = cname;
  }

  /**
   * Builds a compound packet: a sender report if `stream` has sent packets, otherwise a receiver report. `nowMs`: monotonic clock.
   * `wallMs`: wall clock, since 1970.
   */
  report(nowMs: number, wallMs: number, sources: ReportBlockSource[], stream?: SendStream): Uint8Array {
    const compound = new CompoundPacket();
    const blocks = sources.slice(0, 31).map((source) => this.#block(source, nowMs));
    if (stream && stream.packets > 0) {
      const report = new SenderReportPacket();
      const seconds = Math.floor(wallMs / 1000);
      report.setSsrc(this.#ssrc);
      report.setNtpSeconds((seconds + NTP_OFFSET_SECONDS) >>> 0);
      report.setNtpFraction(Math.floor(((wallMs / 1000 - seconds) * 2 ** 32) % 2 ** 32));
      report.setRtpTimestamp(stream.timestamp);
      report.setPacketCount(stream.packets >>> 0);
      report.setOctetCount(stream.payloadBytes >>> 0);
      report.setReports(blocks);
      compound.addPacket(report);
    } else {
      const report = new ReceiverReportPacket();
      report.setSsrc(this.#ssrc);
      report.setReports(blocks);
      compound.addPacket(report);
    }
    compound.addPacket(this.#description());
    return toBytes(compound);
  }

  /** Builds a compound packet with a BYE. */
  bye(): Uint8Array {
    const compound = new CompoundPacket();
    const report = new ReceiverReportPacket();
    report.setSsrc(this.#ssrc);
    compound.addPacket(report);
    compound.addPacket(this.#description());
    const bye = new ByePacket();
    bye.addSsrc(this.#ssrc);
    compound.addPacket(bye);
    return toBytes(compound);
  }

  /** Parses a datagram; null if it is not a valid RTCP packet. */
  receive(datagram: Uint8Array, nowMs: number, wallMs: number): ReceivedRtcp | null {
    if (datagram.length < 4 || datagram.length > MAX_BYTES) {
      return null;
    }
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    if (!isRtcp(view)) {
      return null;
    }
    const received: ReceivedRtcp = { byes: [] };
    try {
      for (const packet of new CompoundPacket(view).getPackets()) {
        if (packet instanceof SenderReportPacket) {
          const ntpMiddle = ((packet.getNtpSeconds() << 16) | (packet.getNtpFraction() >>> 16)) >>> 0;
          if (this.#senderReports.size < 64 || this.#senderReports.has(packet.getSsrc())) {
            this.#senderReports.set(packet.getSsrc(), { ntpMiddle, atMs: nowMs });
          }
          this.#readBlocks(packet.getReports(), wallMs, received);
        } else if (packet instanceof ReceiverReportPacket) {
          this.#readBlocks(packet.getReports(), wallMs, received);
        } else if (packet instanceof ByePacket) {
          received.byes.push(...packet.getSsrcs());
        }
      }
    } catch {
      return null;
    }
    return received;
  }

  #block({ ssrc, summary }: ReportBlockSource, nowMs: number): ReceptionReport {
    const block = new ReceptionReport();
    const seen = this.#senderReports.get(ssrc);
    block.setSsrc(ssrc);
    block.setFractionLost(Math.min(255, Math.floor(summary.fractionLost * 256)));
    block.setTotalLost(Math.max(-0x80_0000, Math.min(0x7f_ffff, summary.lost)));
    block.setHighestSeqNumber((summary.highestSequence - 0x1_0000) >>> 0);
    block.setJitter(summary.jitterTicks >>> 0);
    block.setLastSRTimestamp(seen?.ntpMiddle ?? 0);
    block.setDelaySinceLastSR(seen ? Math.round(((nowMs - seen.atMs) * 65_536) / 1000) >>> 0 : 0);
    return block;
  }

  #readBlocks(blocks: ReceptionReport[], wallMs: number, received: ReceivedRtcp): void {
    for (const block of blocks) {
      if (block.getSsrc() !== this.#ssrc) {
        continue;
      }
      received.remote = {
        fractionLost: block.getFractionLost() / 256,
        lost: block.getTotalLost(),
        jitterTicks: block.getJitter(),
      };
      if (block.getLastSRTimestamp() === 0) {
        continue;
      }
      const seconds = wallMs / 1000 + NTP_OFFSET_SECONDS;
      const nowMiddle = Math.floor((seconds % 65_536) * 65_536);
      const units = (nowMiddle - block.getLastSRTimestamp() - block.getDelaySinceLastSR()) | 0;
      // Ignore more than a minute: the values or a clock must be wrong.
      if (units >= 0 && units < 60 * 65_536) {
        received.roundTripMs = (units * 1000) / 65_536;
      }
    }
  }

  #description(): SdesPacket {
    const description = new SdesPacket();
    const chunk = new SdesChunk();
    chunk.setSsrc(this.#ssrc);
    chunk.addItem(SDES_CNAME, this.#cname);
    description.addChunk(chunk);
    return description;
  }
}

function toBytes(packet: CompoundPacket): Uint8Array {
  const bytes = new ArrayBuffer(packet.getByteLength());
  packet.serialize(bytes);
  return new Uint8Array(bytes);
}
