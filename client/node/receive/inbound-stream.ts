import type { types } from 'mediasoup-client';
import type { FrameTransform, FrameTransformable } from '../../sdk/index.ts';
import { type ExtensionIds, extensionIds } from '../header-extensions.ts';
import {
  buildNack,
  buildPli,
  msFromNtp,
  type NtpTime,
  type ReportBlock,
  type RtpPacket,
  readExtension,
  SequenceUnwrapper,
  wallClockMs,
} from '../rtp/index.ts';
import { DelayHistogram } from './delay-histogram.ts';
import { FrameReader, type ReceivedFrame } from './frame-reader.ts';
import { LossTracker } from './loss-tracker.ts';

/** A received media packet, for taps. Valid only during the call. */
export interface ReceivedPacket {
  /** Extended sequence number. */
  sequence: number;
  header: RtpPacket<Buffer>;
  payload: Buffer;
  /** Received by retransmission. */
  repaired: boolean;
}

export interface InboundCounters {
  /** Distinct media packets, retransmitted ones included. */
  packets: number;
  /** RTP payload bytes of these packets. */
  bytes: number;
  duplicatePackets: number;
  /** Packets recovered by retransmission. */
  repairedPackets: number;
  /** Packets given up as lost, after requesting them if NACK is negotiated. */
  lostPackets: number;
  nackedPackets: number;
  keyFrameRequests: number;
  malformedPackets: number;
}

/** The counters of a stream that has received nothing. */
export const NO_PACKETS: Readonly<InboundCounters> = {
  packets: 0,
  bytes: 0,
  duplicatePackets: 0,
  repairedPackets: 0,
  lostPackets: 0,
  nackedPackets: 0,
  keyFrameRequests: 0,
  malformedPackets: 0,
};

/** Receives one consumer: tracks sequence numbers, requests missing packets, and measures loss, jitter and delay. */
export class InboundStream implements FrameTransformable {
  readonly counters: InboundCounters = { ...NO_PACKETS };
  /** Delay from capture at the sender (abs-capture-time) to arrival here, in milliseconds. Clocks must agree. */
  readonly oneWayDelay = new DelayHistogram();
  readonly ssrc: number;
  readonly rtxSsrc: number | undefined;
  readonly kind: types.MediaKind;
  /** Called with every distinct media packet. Must not throw. */
  tap: ((packet: ReceivedPacket) => void) | undefined;
  /** Called with every whole frame, transformed if there is a transform. Frames are put together only if it is set. Must not throw. */
  onFrame: ((frame: ReceivedFrame) => void) | undefined;
  /** When the first and last packets arrived, on performance.now(). */
  firstPacketAtMs: number | undefined;
  lastPacketAtMs: number | undefined;
  readonly #clockRateHz: number;
  readonly #payloadType: number;
  readonly #usesNack: boolean;
  readonly #extensions: ExtensionIds;
  readonly #sendRtcp: (packet: Buffer) => void;
  readonly #localSsrc: number;
  readonly #unwrapper = new SequenceUnwrapper();
  readonly #losses = new LossTracker();
  readonly #codec: string;
  #reader: FrameReader | undefined;
  #transform: FrameTransform | undefined;
  #transformEnded: (() => void) | undefined;
  /** The frames that are being transformed; one after the other. */
  #transformed = Promise.resolve();
  #baseSequence: number | undefined;
  #highestSequence = 0;
  #lastTransitTicks: number | undefined;
  #jitterTicks = 0;
  #reported = { expected: 0, received: 0 };
  #lastSenderReport: { middle: number; atMs: number } | undefined;

  constructor(
    rtpParameters: types.RtpParameters,
    kind: types.MediaKind,
    localSsrc: number,
    sendRtcp: (packet: Buffer) => void,
  ) {
    const [codec] = rtpParameters.codecs;
    const [encoding] = rtpParameters.encodings ?? [];
    if (!codec || encoding?.ssrc === undefined) {
      throw new TypeError('a consumer needs a codec and an SSRC');
    }
    this.kind = kind;
    this.ssrc = encoding.ssrc;
    this.rtxSsrc = encoding.rtx?.ssrc;
    this.#codec = codec.mimeType.slice(codec.mimeType.indexOf('/') + 1).toLowerCase();
    this.#clockRateHz = codec.clockRate;
    this.#payloadType = codec.payloadType;
    this.#usesNack =
      codec.rtcpFeedback?.some(({ type, parameter }) => type === 'nack' && !parameter) ?? false;
    this.#extensions = extensionIds(rtpParameters);
    this.#localSsrc = localSsrc;
    this.#sendRtcp = sendRtcp;
  }

  /** Interarrival jitter (RFC 3550 §6.4.1), in milliseconds. */
  get jitterMs(): number {
    return (this.#jitterTicks / this.#clockRateHz) * 1000;
  }

  /** Whether packets are missing that may still arrive. */
  get isWaiting(): boolean {
    return this.#losses.isWaiting;
  }

  receive(packet: Buffer, header: RtpPacket<Buffer>, nowMs: number): void {
    if (header.ssrc === this.rtxSsrc) {
      // RTX: the payload starts with the original sequence number (RFC 4588 §4). Empty ones are probes.
      if (header.payload.length < 2) {
        return;
      }
      const original = header.payload.readUInt16BE(0);
      const payload = header.payload.subarray(2);
      this.#accept(packet, { ...header, ssrc: this.ssrc, sequenceNumber: original }, payload, nowMs, true);
      return;
    }
    if (header.payloadType !== this.#payloadType) {
      this.counters.malformedPackets++;
      return;
    }
    this.#accept(packet, header, header.payload, nowMs, false);
  }

  handleSenderReport(ntp: NtpTime, nowMs: number): void {
    const middle = (((ntp.seconds & 0xffff) << 16) | (ntp.fraction >>> 16)) >>> 0;
    this.#lastSenderReport = { middle, atMs: nowMs };
  }

  /** Requests missing packets, and gives up those missing for too long. Call every few milliseconds while `isWaiting`. */
  repair(nowMs: number): void {
    const { request, lost } = this.#losses.due(nowMs, this.#usesNack);
    this.counters.lostPackets += lost;
    if (request.length === 0) {
      return;
    }
    this.counters.nackedPackets += request.length;
    this.#sendRtcp(buildNack(this.#localSsrc, this.ssrc, request));
  }

  /** Changes whole frames before onFrame gets them. */
  transformFrames(transform: FrameTransform, ended: () => void): void {
    this.#transform = transform;
    this.#transformEnded = ended;
  }

  /** Nothing will be received any more. */
  close(): void {
    this.onFrame = undefined;
    this.#transformEnded?.();
  }

  requestKeyFrame(): void {
    this.counters.keyFrameRequests++;
    this.#sendRtcp(buildPli(this.#localSsrc, this.ssrc));
  }

  /** A report block for the next receiver report; undefined before the first packet. */
  reportBlock(nowMs: number): ReportBlock | undefined {
    if (this.#baseSequence === undefined) {
      return undefined;
    }
    const expected = this.#highestSequence - this.#baseSequence + 1;
    const received = this.counters.packets;
    const expectedNow = expected - this.#reported.expected;
    const lostNow = Math.max(0, expectedNow - (received - this.#reported.received));
    this.#reported = { expected, received };
    const last = this.#lastSenderReport;
    return {
      ssrc: this.ssrc,
      fractionLost: expectedNow > 0 ? Math.min(255, Math.floor((256 * lostNow) / expectedNow)) : 0,
      cumulativeLost: expected - received,
      highestSequence: this.#highestSequence >>> 0,
      jitter: Math.round(this.#jitterTicks),
      lastSenderReport: last?.middle ?? 0,
      delaySinceLastSenderReport: last ? Math.round((nowMs - last.atMs) * 65.536) : 0,
    };
  }

  #accept(
    packet: Buffer,
    header: RtpPacket<Buffer>,
    payload: Buffer,
    nowMs: number,
    repaired: boolean,
  ): void {
    const sequence = this.#unwrapper.unwrap(header.sequenceNumber);
    this.#baseSequence ??= sequence;
    const outcome = this.#losses.arrived(sequence, nowMs);
    if (outcome === 'duplicate') {
      this.counters.duplicatePackets++;
      return;
    }
    if (outcome === 'given-up') {
      this.counters.lostPackets--;
    }
    if (repaired) {
      this.counters.repairedPackets++;
    }
    this.#highestSequence = Math.max(this.#highestSequence, sequence);
    this.counters.packets++;
    this.counters.bytes += payload.length;
    this.firstPacketAtMs ??= nowMs;
    this.lastPacketAtMs = nowMs;
    if (!repaired) {
      this.#measureJitter(header, nowMs);
      this.#measureDelay(packet, header);
    }
    this.tap?.({ sequence, header, payload, repaired });
    if (this.onFrame) {
      this.#reader ??= new FrameReader(this.#codec);
      for (const frame of this.#reader.add({ ...header, payload }, nowMs)) {
        this.#deliver(frame);
      }
    }
  }

  #deliver(frame: ReceivedFrame): void {
    const transform = this.#transform;
    if (!transform) {
      this.onFrame?.(frame);
      return;
    }
    this.#transformed = this.#transformed.then(async () => {
      const data = await transform(frame.data).catch(() => undefined);
      if (data) {
        this.onFrame?.({ ...frame, data });
      }
    });
  }

  #measureJitter({ timestamp }: RtpPacket<Buffer>, nowMs: number): void {
    const transitTicks = (nowMs * this.#clockRateHz) / 1000 - timestamp;
    if (this.#lastTransitTicks !== undefined) {
      const difference = Math.abs(transitTicks - this.#lastTransitTicks);
      // A timestamp that wrapped or jumped says nothing about jitter.
      if (difference < this.#clockRateHz * 10) {
        this.#jitterTicks += (difference - this.#jitterTicks) / 16;
      }
    }
    this.#lastTransitTicks = transitTicks;
  }

  #measureDelay(packet: Buffer, header: RtpPacket<Buffer>): void {
    const value = readExtension(packet, header, this.#extensions.absCaptureTime);
    if (!value || value.length < 8) {
      return;
    }
    const captureMs = msFromNtp({ seconds: value.readUInt32BE(0), fraction: value.readUInt32BE(4) });
    this.oneWayDelay.add(wallClockMs() - captureMs);
  }
}
