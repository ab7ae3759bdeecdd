import { isRtcp, parseRtp, type RtpPacket } from '../../base/rtp/index.ts';
import type { Endpoint } from '../../base/udp/index.ts';
import type { BridgeSession } from '../../client/sdk/index.ts';
import type { SteadyClock } from '../steady-clock.ts';
import type { MediaPort, MediaUdp } from './media-udp.ts';
import { type SenderReport, senderReports } from './sender-report.ts';

/** Takes the packets of a stream. */
export interface StreamSink {
  /** @param arrivedMs Unix time in milliseconds */
  packet(packet: RtpPacket<Buffer>, arrivedMs: number): void;
  report(report: SenderReport): void;
}

/** The UDP port to which the media worker sends a room's RTP and RTCP. Only the worker's address is listened to. */
export class MediaSocket {
  readonly #port: MediaPort;
  readonly #sinks = new Map<number, StreamSink>();
  readonly #raw = new Map<number, (rtp: Buffer) => void>();
  #from: Endpoint | undefined;

  private constructor(port: MediaPort) {
    this.#port = port;
  }

  /** @param clock tells when packets arrived @throws {Error} no port is free */
  static async open(udp: MediaUdp, clock: SteadyClock): Promise<MediaSocket> {
    const port = await udp.bind((datagram, from, arrivedMs) =>
      socket.#receive(datagram, from, clock.at(arrivedMs)),
    );
    const socket = new MediaSocket(port);
    return socket;
  }

  get address(): Endpoint {
    const { address, port } = this.#port;
    return { address, port };
  }

  /** Opens the session's media on this port, and follows the worker that it comes from. @throws {CanopyError} as BridgeSession.open() */
  async receive(session: BridgeSession): Promise<void> {
    session.on('media', ({ recv }) => this.#listenTo(recv));
    session.on('media-lost', () => this.#listenTo(undefined));
    const { recv } = await session.open(this.address);
    this.#listenTo(recv);
  }

  /** Where packets come from. All others are ignored. */
  #listenTo(from: Endpoint | undefined): void {
    this.#from = from;
  }

  /** Gives the packets of a stream to one sink. */
  route(ssrc: number, sink: StreamSink): void {
    this.#sinks.set(ssrc, sink);
  }

  /** Gives the packets of a stream, as they are, to one sink. */
  routeRaw(ssrc: number, take: (rtp: Buffer) => void): void {
    this.#raw.set(ssrc, take);
  }

  unroute(ssrc: number): void {
    this.#raw.delete(ssrc);
    this.#sinks.delete(ssrc);
  }

  /** Idempotent. */
  close(): void {
    this.#port.close();
  }

  #receive({ buffer, byteOffset, length }: Uint8Array, from: Endpoint, arrivedMs: number): void {
    if (from.port !== this.#from?.port || from.address !== this.#from.address) {
      return;
    }
    const datagram = Buffer.from(buffer, byteOffset, length);
    if (isRtcp(datagram)) {
      for (const report of senderReports(datagram)) {
        this.#sinks.get(report.ssrc)?.report(report);
      }
      return;
    }
    const raw = this.#raw.size > 0 && datagram.length >= 12 && this.#raw.get(datagram.readUInt32BE(8));
    if (raw) {
      raw(datagram);
      return;
    }
    const rtp = parseRtp(datagram);
    if (rtp) {
      this.#sinks.get(rtp.ssrc)?.packet(rtp, arrivedMs);
    }
  }
}
