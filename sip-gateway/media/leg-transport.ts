import { randomBytes } from 'node:crypto';
import type { LegMedia } from './leg-types.ts';
import type { MediaLog } from './media-log.ts';
import { bindPair, type Network, type PortRange, type UdpPort } from './network/index.ts';
import {
  demultiplex,
  type Endpoint,
  parseRtp,
  type ReportBlockSource,
  RtcpSession,
  type RtpPacket,
  type SendStream,
  SourceLock,
} from './rtp/index.ts';

const REPORT_EVERY_MS = 5_000;

/** Who takes the phone's packets. */
export interface RtpSink {
  /** Whether this payload type was agreed. */
  knows(payloadType: number): boolean;
  /** Whether a packet has the stream's SSRC and comes soon after its last one. */
  continues(packet: RtpPacket): boolean;
  receive(packet: RtpPacket, nowMs: number): void;
}

export interface TransportOptions {
  network: Network;
  ip: string;
  ports: PortRange;
  sink: RtpSink;
  /** The phone's media arrives from this source: for the first time, or after a move. */
  onSource: (source: Endpoint) => void;
  log: MediaLog;
}

/**
 * One phone's packets on the network: sockets, demultiplexing, source lock, targets, RTCP. Every datagram comes in through #onDatagram()
 * and goes out through #send(): SRTP belongs in these two.
 */
export class LegTransport {
  /** Datagrams that could not be read. */
  malformed = 0;
  /** What the phone last reported about our stream. */
  remoteLossFraction: number | null = null;
  roundTripMs: number | null = null;
  lastHeardMs: number | undefined;
  lastRtcpMs: number | undefined;
  /** Error raised by a packet from the phone. */
  fault: { error: unknown } | undefined;
  readonly #sink: RtpSink;
  readonly #onSource: (source: Endpoint) => void;
  readonly #log: MediaLog;
  readonly #cname = randomBytes(8).toString('hex');
  #rtp: UdpPort | undefined;
  #rtcp: UdpPort | undefined;
  #media: LegMedia | undefined;
  #lock: SourceLock | undefined;
  #rtcpSession: RtcpSession | undefined;
  /** Where the phone's RTCP last came from. */
  #rtcpSource: Endpoint | undefined;
  #nextReportMs = 0;
  #closed = false;

  private constructor({ sink, onSource, log }: TransportOptions) {
    this.#sink = sink;
    this.#onSource = onSource;
    this.#log = log;
  }

  /** Binds the sockets. Throws when no pair of ports is free. */
  static async open(options: TransportOptions): Promise<LegTransport> {
    const transport = new LegTransport(options);
    const { rtp, rtcp } = await bindPair(
      options.network,
      options.ip,
      options.ports,
      (datagram, source, arrivalMs) => transport.#onDatagram(datagram, source, arrivalMs, false),
      (datagram, source, arrivalMs) => transport.#onDatagram(datagram, source, arrivalMs, true),
    );
    transport.#rtp = rtp;
    transport.#rtcp = rtcp;
    return transport;
  }

  get port(): number {
    return this.#rtp?.port ?? 0;
  }

  /** Packets refused because they came from other sources. */
  get rejected(): number {
    return this.#lock?.rejected ?? 0;
  }

  /** Begins, or follows a new offer or answer. `learnt`: where the phone was heard from while the leg was elsewhere. */
  start(media: LegMedia, nowMs: number, learnt?: Endpoint): void {
    this.#media = { ...media };
    const rules = { expected: media.remote, signallingAddress: media.signallingAddress };
    if (this.#lock) {
      this.#lock.update(rules);
    } else {
      this.#lock = new SourceLock({ ...rules, learnt }, nowMs);
    }
    // Its silence counts from now.
    if (learnt) {
      this.lastHeardMs = nowMs;
    }
  }

  /** Reports are about this stream of ours from now on. */
  reportAs(ssrc: number, nowMs: number): void {
    this.#rtcpSession = new RtcpSession(ssrc, this.#cname);
    this.#nextReportMs = nowMs + REPORT_EVERY_MS / 2;
  }

  sendRtp(packet: Uint8Array): void {
    if (this.#lock) {
      this.#send(this.#rtp, packet, this.#lock.target);
    }
  }

  reportIsDue(nowMs: number): boolean {
    return nowMs >= this.#nextReportMs;
  }

  /** Sends a report about what was received and sent. */
  report(blocks: ReportBlockSource[], stream: SendStream, nowMs: number): void {
    this.#nextReportMs = nowMs + REPORT_EVERY_MS * (0.5 + Math.random());
    if (this.#rtcpSession) {
      this.#sendRtcp(this.#rtcpSession.report(nowMs, Date.now(), blocks, stream));
    }
  }

  /** Says that our stream ends. */
  bye(): void {
    if (this.#rtcpSession) {
      this.#sendRtcp(this.#rtcpSession.bye());
    }
  }

  close(): void {
    this.#closed = true;
    this.#rtp?.close();
    this.#rtcp?.close();
  }

  #onDatagram(datagram: Uint8Array, source: Endpoint, nowMs: number, rtcpPort: boolean): void {
    if (this.#closed || !this.#lock) {
      return;
    }
    try {
      const kind = rtcpPort ? 'rtcp' : demultiplex(datagram);
      if (kind === 'rtcp') {
        this.#onRtcp(datagram, source, nowMs, this.#lock);
      } else {
        this.#onRtp(kind === 'rtp' ? parseRtp(datagram) : null, source, nowMs, this.#lock);
      }
    } catch (error) {
      this.fault ??= { error };
    }
  }

  /** `packet`: null for what is not RTP, such as STUN, DTLS and the bare keep-alives of some phones. */
  #onRtp(packet: RtpPacket | null, source: Endpoint, nowMs: number, lock: SourceLock): void {
    if (!packet) {
      this.malformed++;
      this.#log.debug({ from: source.address, port: source.port }, 'datagram is not RTP');
    }
    const valid = packet !== null && this.#sink.knows(packet.payloadType);
    const before = lock.learnt;
    if (!lock.accepts(source, valid, nowMs, valid && this.#sink.continues(packet))) {
      this.#log.debug({ from: source.address, port: source.port }, 'packet from another source refused');
      return;
    }
    const { learnt } = lock;
    if (learnt && learnt !== before) {
      this.#log.debug({ from: learnt.address, port: learnt.port }, 'media source learnt');
      this.#onSource(learnt);
    }
    // Any packet counts: unknown payload types also serve to keep NATs and firewalls open (RFC 6263).
    this.lastHeardMs = nowMs;
    if (packet) {
      this.#sink.receive(packet, nowMs);
    }
  }

  #onRtcp(datagram: Uint8Array, source: Endpoint, nowMs: number, lock: SourceLock): void {
    if (!this.#rtcpSession) {
      return;
    }
    if (!lock.acceptsRtcp(source)) {
      this.#log.debug({ from: source.address, port: source.port }, 'RTCP from another source refused');
      return;
    }
    const news = this.#rtcpSession.receive(datagram, nowMs, Date.now());
    if (!news) {
      this.malformed++;
      this.#log.debug({ from: source.address, port: source.port }, 'unreadable RTCP');
      return;
    }
    this.lastHeardMs = nowMs;
    this.lastRtcpMs = nowMs;
    const { address, port } = source;
    if (this.#rtcpSource?.port !== port || this.#rtcpSource.address !== address) {
      this.#rtcpSource = { address, port };
    }
    if (news.remote) {
      this.remoteLossFraction = news.remote.fractionLost;
    }
    if (news.roundTripMs !== undefined) {
      this.roundTripMs = news.roundTripMs;
    }
  }

  #sendRtcp(packet: Uint8Array): void {
    const media = this.#media;
    const lock = this.#lock;
    if (!media || !lock) {
      return;
    }
    if (media.rtcpMux) {
      this.#send(this.#rtp, packet, lock.target);
    } else {
      this.#send(this.#rtcp, packet, this.#rtcpTarget(media, lock.target));
    }
  }

  /**
   * Behind a NAT the SDP's address for RTCP is as unreachable as the one for RTP: when media comes from another address, RTCP goes where
   * the phone's RTCP comes from (symmetric RTCP, RFC 4961), until then to the port after RTP's.
   */
  #rtcpTarget({ remote, remoteRtcp }: LegMedia, target: Endpoint): Endpoint {
    const next = { address: target.address, port: target.port + 1 };
    if (target.address === remote.address) {
      return remoteRtcp ?? next;
    }
    return this.#rtcpSource?.address === target.address ? this.#rtcpSource : next;
  }

  #send(udp: UdpPort | undefined, packet: Uint8Array, target: Endpoint): void {
    udp?.send(packet, target);
  }
}
