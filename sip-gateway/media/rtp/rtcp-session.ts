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

/** Seconds from 1900, NTP's epoch, to 1970. */
const NTP_OFFSET_SECONDS = 2_208_988_800;
/** Item type of RFC 3550 §6.5.1; the library exports the name as a type only. */
const SDES_CNAME = 1;
/** An RTCP packet in the wild is small; more is not looked at. */
const MAX_BYTES = 1_500;

export interface RtcpNews {
  /** What the other side says about the stream that we send. */
  remote?: { fractionLost: number; lost: number; jitterTicks: number };
  roundTripMs?: number;
  /** Streams that end (RFC 3550 §6.6). A hint only: anybody may write it. */
  byes: number[];
}

interface SenderReportSeen {
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
  readonly #senderReports = new Map<number, SenderReportSeen>();

  constructor(ssrc: number, cname: string) {
    this.#ssrc = ssrc;
    this.#cname = cname;
  }

  /**
   * The compound packet that is due: a sender report when `stream` has sent packets, else a receiver report.
   * @param nowMs of the monotonic clock; `wallMs` of the wall clock (since 1970).
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

  /** Says that our stream ends; goes out as a compound packet of its own. */
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

  /** Reads a datagram; null for one that is no whole RTCP packet. */
  receive(datagram: Uint8Array, nowMs: number, wallMs: number): RtcpNews | null {
    if (datagram.length < 4 || datagram.length > MAX_BYTES) {
      return null;
    }
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    if (!isRtcp(view)) {
      return null;
    }
    const news: RtcpNews = { byes: [] };
    try {
      for (const packet of new CompoundPacket(view).getPackets()) {
        if (packet instanceof SenderReportPacket) {
          const ntpMiddle = ((packet.getNtpSeconds() << 16) | (packet.getNtpFraction() >>> 16)) >>> 0;
          if (this.#senderReports.size < 64 || this.#senderReports.has(packet.getSsrc())) {
            this.#senderReports.set(packet.getSsrc(), { ntpMiddle, atMs: nowMs });
          }
          this.#readBlocks(packet.getReports(), wallMs, news);
        } else if (packet instanceof ReceiverReportPacket) {
          this.#readBlocks(packet.getReports(), wallMs, news);
        } else if (packet instanceof ByePacket) {
          news.byes.push(...packet.getSsrcs());
        }
      }
    } catch {
      return null;
    }
    return news;
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

  #readBlocks(blocks: ReceptionReport[], wallMs: number, news: RtcpNews): void {
    for (const block of blocks) {
      if (block.getSsrc() !== this.#ssrc) {
        continue;
      }
      news.remote = {
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
      // More than a minute is a lie or a broken clock.
      if (units >= 0 && units < 60 * 65_536) {
        news.roundTripMs = (units * 1000) / 65_536;
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
