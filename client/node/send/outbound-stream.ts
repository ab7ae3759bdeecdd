import { randomInt } from 'node:crypto';
import type { ClipCodec, ClipFrame } from '../clip/index.ts';
import type { ExtensionIds } from '../header-extensions.ts';
import { PACKETIZERS } from '../payload/index.ts';
import {
  buildRtp,
  buildSenderReport,
  type ExtensionElement,
  ntpFromMs,
  type ReportBlock,
  wallClockMs,
} from '../rtp/index.ts';

/** Maximum payload of a packet, in bytes, so that it fits an MTU of 1,200 with extensions, SRTP and RTX. */
const MAX_PAYLOAD_BYTES = 1100;
/** Minimum interval between answers to key frame requests, in milliseconds, as in libwebrtc. */
const KEY_FRAME_REQUEST_INTERVAL_MS = 300;
/** Packets kept for retransmission. */
const RETRANSMISSION_CAPACITY = 1024;

export interface OutboundStreamOptions {
  codec: ClipCodec;
  clockRateHz: number;
  payloadType: number;
  ssrc: number;
  /** Absent without RTX. */
  rtx?: { ssrc: number; payloadType: number };
  mid: string;
  rid?: string;
  cname: string;
  extensions: ExtensionIds;
  /** Sends a packet. Returns false if the link is not up. */
  send(packet: Buffer): boolean;
  /** The transport's next transport-wide sequence number. */
  nextTransportSequence(): number;
  /** Zeros at the end of each payload, for `send` to write into. */
  trailerBytes: number;
}

export interface OutboundCounters {
  packets: number;
  /** RTP payload bytes, without retransmissions. */
  bytes: number;
  frames: number;
  retransmittedPackets: number;
  keyFrameRequests: number;
}

/**
 * One RTP stream of a sender, with its numbering, sender reports and retransmissions. However the clip jumps, sequence numbers, timestamps,
 * PictureID and TL0PICIDX are continuous.
 */
export class OutboundStream {
  readonly counters: OutboundCounters = {
    packets: 0,
    bytes: 0,
    frames: 0,
    retransmittedPackets: 0,
    keyFrameRequests: 0,
  };
  readonly ssrc: number;
  readonly rtxSsrc: number | undefined;
  /** The server's last report about this stream. */
  lastReport: ReportBlock | undefined;
  readonly #options: OutboundStreamOptions;
  readonly #sent = new RetransmissionBuffer();
  readonly #timestampBase = randomInt(0x1_0000_0000);
  readonly #originMs: number;
  /** Ticks per millisecond. */
  #rate: number;
  #sequence = randomInt(0x8000);
  #rtxSequence = randomInt(0x8000);
  #pictureId = randomInt(0x8000);
  #tl0PicIdx = randomInt(0x100);
  #lastKeyRequestMs = Number.NEGATIVE_INFINITY;

  /** @param originMs - the time, on wallClockMs(), of the stream's first RTP timestamp */
  constructor(options: OutboundStreamOptions, originMs: number) {
    this.#options = options;
    this.#originMs = originMs;
    this.#rate = options.clockRateHz / 1000;
    this.ssrc = options.ssrc;
    this.rtxSsrc = options.rtx?.ssrc;
  }

  /** How fast the clock of the timestamps runs, as a multiple of the nominal rate. Call it before the first frame. */
  setSpeed(speed: number): void {
    this.#rate = (this.#options.clockRateHz * speed) / 1000;
  }

  /** Sends a frame captured at `captureMs` on wallClockMs(). `talkStart` sets the marker of audio after silence. */
  sendFrame(frame: ClipFrame, captureMs: number, talkStart: boolean): void {
    const options = this.#options;
    // All spatial layers of a picture share one PictureID.
    if (frame.spatialLayer === 0) {
      this.#pictureId = (this.#pictureId + 1) & 0x7fff;
      if (frame.temporalLayer === 0) {
        this.#tl0PicIdx = (this.#tl0PicIdx + 1) & 0xff;
      }
    }
    const numbering = { pictureId: this.#pictureId, tl0PicIdx: this.#tl0PicIdx };
    const timestamp = this.#timestampAt(captureMs);
    const { trailerBytes } = options;
    const payloads = PACKETIZERS[options.codec](frame, numbering, MAX_PAYLOAD_BYTES - trailerBytes);
    let first = true;
    for (const { pieces: encoded, marker } of payloads) {
      const pieces = trailerBytes > 0 ? [...encoded, new Uint8Array(trailerBytes)] : encoded;
      const sequenceNumber = this.#sequence;
      this.#sequence = (sequenceNumber + 1) & 0xffff;
      const stored = { pieces, marker: marker || talkStart, timestamp };
      if (options.rtx) {
        this.#sent.add(sequenceNumber, stored);
      }
      const extensions = this.#extensions(false);
      if (first && options.extensions.absCaptureTime) {
        extensions.push({ id: options.extensions.absCaptureTime, value: captureTimeValue(captureMs) });
      }
      if (options.extensions.audioLevel) {
        const level = frame.audioLevel | (frame.audioLevel < 127 ? 0x80 : 0);
        extensions.push({ id: options.extensions.audioLevel, value: Uint8Array.of(level) });
      }
      const { payloadType, ssrc } = options;
      const packet = buildRtp({ ...stored, payloadType, ssrc, sequenceNumber, extensions, payload: pieces });
      if (options.send(packet)) {
        this.counters.packets++;
        for (const piece of pieces) {
          this.counters.bytes += piece.length;
        }
      }
      first = false;
    }
    if (frame.endOfPicture) {
      this.counters.frames++;
    }
  }

  /** Retransmits these packets as RTX (RFC 4588), if they are still buffered. */
  retransmit(sequenceNumbers: readonly number[]): void {
    const { rtx } = this.#options;
    if (!rtx) {
      return;
    }
    for (const original of sequenceNumbers) {
      const stored = this.#sent.get(original);
      if (!stored) {
        continue;
      }
      const sequenceNumber = this.#rtxSequence;
      this.#rtxSequence = (sequenceNumber + 1) & 0xffff;
      const payload = [Uint8Array.of(original >> 8, original & 0xff), ...stored.pieces];
      const extensions = this.#extensions(true);
      this.#options.send(
        buildRtp({
          ...stored,
          payloadType: rtx.payloadType,
          ssrc: rtx.ssrc,
          sequenceNumber,
          extensions,
          payload,
        }),
      );
      this.counters.retransmittedPackets++;
    }
  }

  /** Counts a key frame request. Returns whether to answer it now. */
  takeKeyFrameRequest(nowMs: number): boolean {
    this.counters.keyFrameRequests++;
    if (nowMs - this.#lastKeyRequestMs < KEY_FRAME_REQUEST_INTERVAL_MS) {
      return false;
    }
    this.#lastKeyRequestMs = nowMs;
    return true;
  }

  /** Sends a sender report, if anything has been sent: without one, mediasoup does not switch layers. */
  report(): void {
    if (this.counters.packets === 0) {
      return;
    }
    const nowMs = wallClockMs();
    this.#options.send(
      buildSenderReport({
        ssrc: this.ssrc,
        ntp: ntpFromMs(nowMs),
        rtpTimestamp: this.#timestampAt(nowMs),
        packetCount: this.counters.packets,
        octetCount: this.counters.bytes,
        cname: this.#options.cname,
      }),
    );
  }

  #timestampAt(timeMs: number): number {
    const ticks = Math.round(timeMs * this.#rate) - Math.round(this.#originMs * this.#rate);
    return (this.#timestampBase + ticks) >>> 0;
  }

  #extensions(isRtx: boolean): ExtensionElement[] {
    const { extensions: ids, mid, rid } = this.#options;
    const elements: ExtensionElement[] = [];
    // Include MID and RID until the server's first report shows that it knows the stream (RFC 8852 §3.1 does not say how long).
    if (!this.lastReport || isRtx) {
      if (ids.mid) {
        elements.push({ id: ids.mid, value: Buffer.from(mid) });
      }
      const ridId = isRtx ? ids.repairedRid : ids.rid;
      if (rid !== undefined && ridId) {
        elements.push({ id: ridId, value: Buffer.from(rid) });
      }
    }
    if (ids.absSendTime) {
      elements.push({ id: ids.absSendTime, value: sendTimeValue() });
    }
    if (ids.transportSequence) {
      const sequence = this.#options.nextTransportSequence();
      elements.push({
        id: ids.transportSequence,
        value: Uint8Array.of((sequence >> 8) & 0xff, sequence & 0xff),
      });
    }
    return elements;
  }
}

/** 24 bits: seconds modulo 64 in 6.18 fixed point. */
function sendTimeValue(): Uint8Array {
  const units = Math.floor(((wallClockMs() / 1000) % 64) * 0x4_0000);
  return Uint8Array.of((units >> 16) & 0xff, (units >> 8) & 0xff, units & 0xff);
}

function captureTimeValue(captureMs: number): Uint8Array {
  const { seconds, fraction } = ntpFromMs(captureMs);
  const value = Buffer.allocUnsafe(8);
  value.writeUInt32BE(seconds, 0);
  value.writeUInt32BE(fraction, 4);
  return value;
}

interface SentPacket {
  pieces: Uint8Array[];
  marker: boolean;
  timestamp: number;
}

/** The last packets of a stream by sequence number, for retransmission. Payloads are shared with the clip, not copied. */
class RetransmissionBuffer {
  readonly #slots: Array<{ sequence: number; packet: SentPacket } | undefined> = new Array(
    RETRANSMISSION_CAPACITY,
  );

  add(sequence: number, packet: SentPacket): void {
    this.#slots[sequence % RETRANSMISSION_CAPACITY] = { sequence, packet };
  }

  get(sequence: number): SentPacket | undefined {
    const slot = this.#slots[sequence % RETRANSMISSION_CAPACITY];
    return slot?.sequence === sequence ? slot.packet : undefined;
  }
}
