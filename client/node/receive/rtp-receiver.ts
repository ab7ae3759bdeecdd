import { randomInt } from 'node:crypto';
import type { types } from 'mediasoup-client';
import { extensionIds } from '../header-extensions.ts';
import { buildReceiverReport, parseRtp, type RtcpItem, type RtpPacket, readExtension } from '../rtp/index.ts';
import { FeedbackRecorder } from './feedback-recorder.ts';
import { InboundStream } from './inbound-stream.ts';
import { SendClock } from './send-clock.ts';

/** Feedback interval, in milliseconds. libwebrtc sends it every 50 to 250 ms, depending on load. */
const FEEDBACK_INTERVAL_MS = 100;
const REPORT_INTERVAL_MS = 1000;
/** How often missing packets are checked, in milliseconds, while there are any. */
const REPAIR_INTERVAL_MS = 10;
const MAX_REPORT_BLOCKS = 31;

/** Receives all streams of one transport: demultiplexes them by SSRC and sends reports. */
export class RtpReceiver {
  /** Packets of SSRCs that nobody consumes. */
  unknownPackets = 0;
  readonly #streams = new Set<InboundStream>();
  readonly #bySsrc = new Map<number, InboundStream>();
  readonly #feedback = new FeedbackRecorder();
  readonly #localSsrc = randomInt(1, 0xffff_ffff);
  readonly #send: (packet: Buffer) => void;
  readonly #feedbackTimer: NodeJS.Timeout;
  readonly #reportTimer: NodeJS.Timeout;
  #repairTimer: NodeJS.Timeout | undefined;
  #transportSequenceId = 0;
  #sendTimeId = 0;
  readonly #sendClock: SendClock | undefined;

  /** @param steadyArrivals - see NodeHandlerOptions */
  constructor(send: (packet: Buffer) => void, steadyArrivals: boolean) {
    this.#send = send;
    if (steadyArrivals) {
      this.#sendClock = new SendClock();
    }
    this.#feedbackTimer = setInterval(() => this.#sendFeedback(), FEEDBACK_INTERVAL_MS);
    this.#reportTimer = setInterval(() => this.#sendReports(), REPORT_INTERVAL_MS);
  }

  get streams(): InboundStream[] {
    return [...this.#streams];
  }

  add(kind: types.MediaKind, rtpParameters: types.RtpParameters): InboundStream {
    const stream = new InboundStream(rtpParameters, kind, this.#localSsrc, this.#send);
    this.#streams.add(stream);
    this.#bySsrc.set(stream.ssrc, stream);
    if (stream.rtxSsrc !== undefined) {
      this.#bySsrc.set(stream.rtxSsrc, stream);
    }
    // mediasoup uses the router's ids, which are the same for all consumers.
    const ids = extensionIds(rtpParameters);
    this.#transportSequenceId ||= ids.transportSequence;
    this.#sendTimeId ||= ids.absSendTime;
    return stream;
  }

  remove(stream: InboundStream): void {
    stream.close();
    this.#streams.delete(stream);
    this.#bySsrc.delete(stream.ssrc);
    if (stream.rtxSsrc !== undefined) {
      this.#bySsrc.delete(stream.rtxSsrc);
    }
  }

  handleRtp(packet: Buffer): void {
    const nowMs = performance.now();
    const header = parseRtp(packet);
    if (!header) {
      return;
    }
    // Include packets that nobody consumes: probes count.
    const sequence = readExtension(packet, header, this.#transportSequenceId);
    if (sequence?.length === 2) {
      this.#feedback.add(sequence.readUInt16BE(0), header.ssrc, this.#arrivedAtMs(packet, header, nowMs));
    }
    const stream = this.#bySsrc.get(header.ssrc);
    if (!stream) {
      this.unknownPackets++;
      return;
    }
    stream.receive(packet, header, nowMs);
    if (stream.isWaiting) {
      this.#repairTimer ??= setInterval(() => this.#repair(), REPAIR_INTERVAL_MS);
    }
  }

  handleRtcp(item: RtcpItem): void {
    if (item.type === 'sender-report') {
      this.#bySsrc.get(item.ssrc)?.handleSenderReport(item.ntp, performance.now());
    }
  }

  close(): void {
    clearInterval(this.#feedbackTimer);
    clearInterval(this.#reportTimer);
    clearInterval(this.#repairTimer);
    for (const stream of this.#streams) {
      stream.close();
    }
    this.#streams.clear();
    this.#bySsrc.clear();
  }

  /** The arrival time to report to the bandwidth estimation. */
  #arrivedAtMs(packet: Buffer, header: RtpPacket, nowMs: number): number {
    const sendTime = this.#sendClock && readExtension(packet, header, this.#sendTimeId);
    return sendTime?.length === 3 ? (this.#sendClock?.read(sendTime, nowMs) ?? nowMs) : nowMs;
  }

  #repair(): void {
    const nowMs = performance.now();
    let isWaiting = false;
    for (const stream of this.#streams) {
      if (!stream.isWaiting) {
        continue;
      }
      stream.repair(nowMs);
      isWaiting ||= stream.isWaiting;
    }
    if (isWaiting) {
      return;
    }
    clearInterval(this.#repairTimer);
    this.#repairTimer = undefined;
  }

  #sendFeedback(): void {
    for (const packet of this.#feedback.flush(this.#localSsrc)) {
      this.#send(packet);
    }
  }

  #sendReports(): void {
    const nowMs = performance.now();
    const blocks = this.streams.flatMap((stream) => stream.reportBlock(nowMs) ?? []);
    for (let start = 0; start < blocks.length; start += MAX_REPORT_BLOCKS) {
      this.#send(buildReceiverReport(this.#localSsrc, blocks.slice(start, start + MAX_REPORT_BLOCKS)));
    }
  }
}
