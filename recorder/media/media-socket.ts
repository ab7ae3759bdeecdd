import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isRtcp, parseRtp, type RtpPacket } from '../../base/rtp/index.ts';
import { type SenderReport, senderReports } from './sender-report.ts';

export interface MediaSocketOptions {
  /** A failure of the socket; it stays open. */
  failed(error: Error): void;
  /** Unix time of arrival, in milliseconds. */
  now(): number;
}

/** Takes the packets of a stream. */
export interface StreamSink {
  packet(packet: RtpPacket<Buffer>, nowMs: number): void;
  report(report: SenderReport): void;
}

const LOOPBACK = '127.0.0.1';
/** The kernel's receive buffer, in bytes: half a second at 50 Mbit/s, in case this process is held up. */
const RECEIVE_BYTES = 4 * 1024 * 1024;

/** The UDP socket to which the media worker sends a room's RTP and RTCP. Only the worker's address is listened to. */
export class MediaSocket {
  readonly #socket: Socket;
  readonly #now: () => number;
  readonly #sinks = new Map<number, StreamSink>();
  readonly #raw = new Map<number, (rtp: Buffer) => void>();
  #from: { address: string; port: number } | undefined;
  #isClosed = false;

  private constructor(socket: Socket, { failed, now }: MediaSocketOptions) {
    this.#socket = socket;
    this.#now = now;
    socket.on('message', (datagram, from) => this.#receive(datagram, from));
    socket.on('error', failed);
  }

  static async open(options: MediaSocketOptions): Promise<MediaSocket> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BYTES });
    socket.bind(0, LOOPBACK);
    await once(socket, 'listening');
    return new MediaSocket(socket, options);
  }

  get address(): { address: string; port: number } {
    return { address: LOOPBACK, port: this.#socket.address().port };
  }

  /** Where packets come from. All others are ignored. */
  listenTo(from: { address: string; port: number } | undefined): void {
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

  close(): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#socket.close();
    }
  }

  #receive(datagram: Buffer, from: RemoteInfo): void {
    if (from.port !== this.#from?.port || from.address !== this.#from.address) {
      return;
    }
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
      this.#sinks.get(rtp.ssrc)?.packet(rtp, this.#now());
    }
  }
}
