import { randomBytes } from 'node:crypto';
import type { Network, UdpPort } from '../../base/udp/index.ts';
import { type Dtls, DtlsSession } from './dtls/index.ts';
import { IceAgent, type IceComponent } from './ice/index.ts';
import type { LegMedia, MediaSource } from './leg-types.ts';
import type { MediaLog } from './media-log.ts';
import { bindPair, type PortRange } from './port-pair.ts';
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
import type { Srtp } from './srtp/index.ts';

/** Average interval of RTCP reports (RFC 3550 §6.2). */
const REPORT_INTERVAL_MS = 5_000;

/** The port in an SDP without an address (RFC 8840 §4.1.1). */
const DISCARD_PORT = 9;
/** Datagrams kept before the phone's answer has been applied: over half a second of audio. */
const MAX_EARLY = 32;

interface Datagram {
  bytes: Uint8Array;
  source: Endpoint;
  arrivalMs: number;
  rtcpPort: boolean;
}

/** Receives the phone's packets. */
export interface RtpSink {
  /** Whether this payload type was negotiated. */
  knows(payloadType: number): boolean;
  /** Whether a packet has the stream's SSRC and closely follows its last one. */
  continues(packet: RtpPacket): boolean;
  receive(packet: RtpPacket, nowMs: number): void;
}

export interface TransportOptions {
  network: Network;
  srtp: Srtp;
  dtls: Dtls;
  ip: string;
  ports: PortRange;
  sink: RtpSink;
  /** The phone's media comes from a new source: its first, or another after a move. */
  onSource: (source: Endpoint) => void;
  /** The phone has chosen this address for a component by ICE. */
  onNominated: (source: Endpoint, component: IceComponent) => void;
  /** The phone could not be authenticated (DTLS). */
  onInsecure: (reason: string) => void;
  log: MediaLog;
}

/**
 * One phone's network side: sockets, demultiplexing, SRTP, source lock, targets, RTCP. Every datagram passes through #onDatagram() on the
 * way in and #send() on the way out. With SRTP, a packet that is not authentic has no effect: no source is learnt from it.
 */
export class LegTransport {
  /** Number of datagrams that could not be parsed. */
  malformed = 0;
  /** Number of packets that SRTP dropped. */
  unauthenticated = 0;
  /** Loss of our stream as last reported by the phone, 0 to 1. */
  remoteLossFraction: number | null = null;
  roundTripMs: number | null = null;
  lastHeardMs: number | undefined;
  lastRtcpMs: number | undefined;
  /** First error that handling a packet from the phone raised. */
  fault: { error: unknown } | undefined;
  readonly #sink: RtpSink;
  readonly #srtp: Srtp;
  readonly #dtls: Dtls;
  readonly #onSource: (source: Endpoint) => void;
  readonly #onNominated: TransportOptions['onNominated'];
  readonly #onInsecure: (reason: string) => void;
  readonly #log: MediaLog;
  readonly #cname = randomBytes(8).toString('hex');
  #rtp: UdpPort | undefined;
  #rtcp: UdpPort | undefined;
  #media: LegMedia | undefined;
  #lock: SourceLock | undefined;
  #ice: IceAgent | undefined;
  /** For RTP and, without rtcp-mux, for RTCP. */
  #handshakes: readonly DtlsSession[] = [];
  /** The source last reported by onSource. */
  #reported: Endpoint | undefined;
  #rtcpSession: RtcpSession | undefined;
  /** Source of the phone's last RTCP packet. */
  #rtcpSource: Endpoint | undefined;
  #nextReportMs = 0;
  /** The newest datagrams that came before start(): a phone may send as soon as it has answered (RFC 3264 §5.1). */
  #early: Datagram[] = [];
  #closed = false;

  private constructor({ sink, srtp, dtls, onSource, onNominated, onInsecure, log }: TransportOptions) {
    this.#sink = sink;
    this.#srtp = srtp;
    this.#dtls = dtls;
    this.#onSource = onSource;
    this.#onNominated = onNominated;
    this.#onInsecure = onInsecure;
    this.#log = log;
  }

  /** Binds the sockets. @throws {Error} no pair of ports is free */
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

  /** Number of packets from other sources, which are refused. */
  get rejected(): number {
    return this.#lock?.rejected ?? 0;
  }

  /** Applies an offer and answer. `source`: the phone's media source, if already known in another thread. */
  start(media: LegMedia, nowMs: number, source?: MediaSource): void {
    this.#media = { ...media };
    const learnt = source && { address: source.address, port: source.port };
    const rules = { expected: media.remote, signallingAddress: media.signallingAddress };
    const keepsSource = this.#startIce(media, source, nowMs);
    if (this.#lock) {
      this.#lock.update(rules, keepsSource);
    } else {
      this.#lock = new SourceLock({ ...rules, learnt }, nowMs);
    }
    this.#startDtls(media);
    this.#reported = learnt ? this.#lock.learnt : this.#reported;
    // Silence counts from now on.
    if (learnt) {
      this.lastHeardMs = nowMs;
    }
    for (const { bytes, source: from, arrivalMs, rtcpPort } of this.#early.splice(0)) {
      this.#onDatagram(bytes, from, arrivalMs, rtcpPort);
    }
  }

  /** Starts, continues, restarts or ends ICE. Returns whether the source was nominated, and stays so until the next nomination. */
  #startIce(media: LegMedia, source: MediaSource | undefined, nowMs: number): boolean {
    const before = this.#ice;
    if (!media.ice) {
      this.#ice = undefined;
    } else if (!before?.isFor(media.ice)) {
      this.#ice = new IceAgent({
        parameters: media.ice,
        hasRtcp: !media.rtcpMux,
        send: (datagram, target, component) =>
          (component === 1 ? this.#rtp : this.#rtcp)?.send(datagram, target),
        onSelected: (target, component) => this.#onSelected(target, component),
      });
      if (source) {
        this.#ice.restore(source, 1, nowMs);
      }
      if (source?.rtcp) {
        this.#ice.restore(source.rtcp, 2, nowMs);
      }
    }
    return media.ice !== undefined && before?.selected(1) !== undefined;
  }

  #onSelected(target: Endpoint, component: IceComponent): void {
    this.#log.debug({ to: target.address, port: target.port, component }, 'address nominated by ICE');
    if (component === 1) {
      this.#lock?.nominate(target);
    }
    this.#onNominated(target, component);
  }

  /** Associations that are in use already go on. */
  #startDtls({ dtls }: LegMedia): void {
    const before = this.#handshakes;
    this.#handshakes = (dtls?.associations ?? []).map(
      (association, index) =>
        before.find((session) => session.association === association) ??
        new DtlsSession({
          dtls: this.#dtls,
          srtp: this.#srtp,
          association,
          active: dtls?.active ?? false,
          send: (datagram, target) => (index === 0 ? this.#rtp : this.#rtcp)?.send(datagram, target),
          onConnected: (peer) => this.#onConnected(peer, index),
          onFailed: (reason) => {
            this.#log.debug({ reason }, 'DTLS handshake failed');
            this.#onInsecure(reason);
          },
        }),
    );
  }

  #onConnected(peer: Endpoint, index: number): void {
    this.#log.debug({ to: peer.address, port: peer.port, component: index + 1 }, 'DTLS handshake completed');
    if (index === 1) {
      this.#rtcpSource = peer;
    } else if (!this.#ice) {
      this.#lock?.nominate(peer);
    }
  }

  /** Sends ICE checks and DTLS flights that are due. Call this every 20 ms. */
  tick(nowMs: number): void {
    this.#ice?.tick(nowMs);
    const media = this.#media;
    const lock = this.#lock;
    if (!media || !lock) {
      return;
    }
    for (const [index, session] of this.#handshakes.entries()) {
      const byAddress = index === 0 ? lock.target : this.#rtcpTarget(media, lock.target);
      session.tick(nowMs, this.#ice ? this.#ice.selected(index === 0 ? 1 : 2) : byAddress);
    }
  }

  /** Sets the SSRC of our stream for RTCP reports. */
  reportAs(ssrc: number, nowMs: number): void {
    this.#rtcpSession = new RtcpSession(ssrc, this.#cname);
    this.#nextReportMs = nowMs + REPORT_INTERVAL_MS / 2;
  }

  sendRtp(packet: Uint8Array): void {
    if (this.#lock) {
      this.#send(this.#rtp, packet, this.#lock.target, false);
    }
  }

  reportIsDue(nowMs: number): boolean {
    return nowMs >= this.#nextReportMs;
  }

  /** Sends a sender or receiver report. */
  report(blocks: ReportBlockSource[], stream: SendStream, nowMs: number): void {
    this.#nextReportMs = nowMs + REPORT_INTERVAL_MS * (0.5 + Math.random());
    if (this.#rtcpSession) {
      this.#sendRtcp(this.#rtcpSession.report(nowMs, Date.now(), blocks, stream));
    }
  }

  /** Sends an RTCP BYE. */
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
    if (this.#closed) {
      return;
    }
    if (!this.#lock) {
      this.#keepEarly({ bytes: datagram, source, arrivalMs: nowMs, rtcpPort });
      return;
    }
    try {
      const found = demultiplex(datagram);
      if (found === 'stun' && this.#ice) {
        this.#onStun(this.#ice, datagram, source, nowMs, rtcpPort);
        return;
      }
      const handshake = found === 'dtls' ? this.#handshakes[rtcpPort ? 1 : 0] : undefined;
      if (handshake) {
        this.#onDtls(handshake, datagram, source, nowMs, this.#lock);
        return;
      }
      const kind = rtcpPort ? 'rtcp' : found;
      const packet = kind === 'rtp' || kind === 'rtcp' ? this.#open(datagram, kind, source) : datagram;
      if (!packet) {
        return;
      }
      if (kind === 'rtcp') {
        this.#onRtcp(packet, source, nowMs, this.#lock);
      } else {
        this.#onRtp(kind === 'rtp' ? parseRtp(packet) : null, source, nowMs, this.#lock);
      }
    } catch (error) {
      this.fault ??= { error };
    }
  }

  #keepEarly(datagram: Datagram): void {
    if (this.#early.length === MAX_EARLY) {
      this.#early.shift();
    }
    const { bytes, source, ...rest } = datagram;
    // Copies: a view would keep the whole receive buffer while the phone rings, and the source is valid only now.
    this.#early.push({ ...rest, bytes: bytes.slice(), source: { ...source } });
  }

  #onStun(ice: IceAgent, datagram: Uint8Array, source: Endpoint, nowMs: number, rtcpPort: boolean): void {
    if (ice.receive(datagram, source, rtcpPort ? 2 : 1, nowMs)) {
      this.lastHeardMs = nowMs;
      return;
    }
    this.malformed++;
    this.#log.debug({ from: source.address, port: source.port }, 'STUN message that is not authentic');
  }

  #onDtls(
    session: DtlsSession,
    datagram: Uint8Array,
    source: Endpoint,
    nowMs: number,
    lock: SourceLock,
  ): void {
    const component = session === this.#handshakes[0] ? 1 : 2;
    const isPhone = this.#ice?.isChecked ? this.#ice.admits(source, component, nowMs) : lock.mayBe(source);
    if (isPhone) {
      session.receive(datagram, source);
      return;
    }
    lock.rejected++;
    this.#log.debug({ from: source.address, port: source.port }, 'DTLS from another source refused');
  }

  /** The SRTP contexts for a packet; null before the end of the handshake; undefined: packets are in the clear. */
  #contextsFor(isRtcp: boolean): { send: number; receive: number } | null | undefined {
    if (!this.#media?.dtls) {
      return this.#media?.srtp;
    }
    return this.#handshakes[isRtcp && !this.#media.rtcpMux ? 1 : 0]?.contexts ?? null;
  }

  /** The packet in the clear; undefined if it is not authentic. */
  #open(datagram: Uint8Array, kind: 'rtp' | 'rtcp', source: Endpoint): Uint8Array | undefined {
    const isRtcp = kind === 'rtcp';
    const srtp = this.#contextsFor(isRtcp);
    if (srtp === undefined) {
      return datagram;
    }
    const opened = srtp ? this.#srtp.unprotect(srtp.receive, datagram, isRtcp) : 'early';
    if (typeof opened !== 'string') {
      return opened;
    }
    this.unauthenticated++;
    this.#log.debug({ from: source.address, port: source.port, kind, why: opened }, 'packet dropped by SRTP');
    return undefined;
  }

  /** `packet`: null for datagrams other than RTP, such as STUN, DTLS and the empty keep-alives of some phones. */
  #onRtp(packet: RtpPacket | null, source: Endpoint, nowMs: number, lock: SourceLock): void {
    if (!packet) {
      this.malformed++;
      this.#log.debug({ from: source.address, port: source.port }, 'datagram is not RTP');
    }
    const valid = packet !== null && this.#sink.knows(packet.payloadType);
    if (!this.#accepts(source, nowMs, lock, packet, valid)) {
      this.#log.debug({ from: source.address, port: source.port }, 'packet from another source refused');
      return;
    }
    const { learnt } = lock;
    if (learnt && learnt !== this.#reported) {
      this.#reported = learnt;
      this.#log.debug({ from: learnt.address, port: learnt.port }, 'media source learnt');
      this.#onSource(learnt);
    }
    // Any packet is a sign of life: phones keep NAT bindings open with unknown payload types, too (RFC 6263).
    this.lastHeardMs = nowMs;
    if (packet) {
      this.#sink.receive(packet, nowMs);
    }
  }

  #onRtcp(datagram: Uint8Array, source: Endpoint, nowMs: number, lock: SourceLock): void {
    if (!this.#rtcpSession) {
      return;
    }
    if (!this.#acceptsRtcp(source, nowMs, lock)) {
      this.#log.debug({ from: source.address, port: source.port }, 'RTCP from another source refused');
      return;
    }
    const report = this.#rtcpSession.receive(datagram, nowMs, Date.now());
    if (!report) {
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
    if (report.remote) {
      this.remoteLossFraction = report.remote.fractionLost;
    }
    if (report.roundTripMs !== undefined) {
      this.roundTripMs = report.roundTripMs;
    }
  }

  #accepts(
    source: Endpoint,
    nowMs: number,
    lock: SourceLock,
    packet: RtpPacket | null,
    valid: boolean,
  ): boolean {
    if (!this.#ice?.isChecked) {
      return lock.accepts(source, valid, nowMs, valid && packet !== null && this.#sink.continues(packet));
    }
    if (this.#ice.admits(source, 1, nowMs)) {
      return true;
    }
    lock.rejected++;
    return false;
  }

  #acceptsRtcp(source: Endpoint, nowMs: number, lock: SourceLock): boolean {
    const component = this.#media?.rtcpMux ? 1 : 2;
    return (this.#ice?.isChecked && this.#ice.admits(source, component, nowMs)) || lock.acceptsRtcp(source);
  }

  #sendRtcp(packet: Uint8Array): void {
    const media = this.#media;
    const lock = this.#lock;
    if (!media || !lock) {
      return;
    }
    if (media.rtcpMux) {
      this.#send(this.#rtp, packet, lock.target, true);
    } else {
      const target = this.#ice?.selected(2) ?? this.#rtcpTarget(media, lock.target);
      this.#send(this.#rtcp, packet, target, true);
    }
  }

  /**
   * If media comes from another address than the SDP's, the phone is behind a NAT and the SDP's RTCP address is unreachable. RTCP then goes
   * to the source of the phone's RTCP (symmetric RTCP, RFC 4961), or to the port after RTP's until that is known.
   */
  #rtcpTarget({ remote, remoteRtcp }: LegMedia, target: Endpoint): Endpoint {
    const next = { address: target.address, port: target.port + 1 };
    if (target.address === remote.address) {
      return remoteRtcp ?? next;
    }
    return this.#rtcpSource?.address === target.address ? this.#rtcpSource : next;
  }

  #send(udp: UdpPort | undefined, packet: Uint8Array, target: Endpoint, isRtcp: boolean): void {
    // ICE has yet to find the phone's address.
    if (target.port === DISCARD_PORT) {
      return;
    }
    const srtp = this.#contextsFor(isRtcp);
    const sent = srtp ? this.#srtp.protect(srtp.send, packet, isRtcp) : packet;
    if (srtp !== null && sent) {
      udp?.send(sent, target);
    }
  }
}
