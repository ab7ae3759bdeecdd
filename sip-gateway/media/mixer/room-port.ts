import { randomBytes, randomInt } from 'node:crypto';
import type { Network, UdpPort } from '../../../base/udp/index.ts';
import type { MediaLog } from '../media-log.ts';
import {
  type AudioLevel,
  demultiplex,
  type Endpoint,
  parseRtp,
  type ReportBlockSource,
  RtcpSession,
  type RtpPacket,
  SendStream,
  type StreamNumbers,
} from '../rtp/index.ts';
import type { PayloadTransform } from './payload-transform.ts';
import type { RoomConnection } from './room-types.ts';

export interface RoomPortOptions {
  network: Network;
  ip: string;
  /** 0: any free one. */
  port: number;
  onPacket: (packet: RtpPacket, nowMs: number) => void;
  log: MediaLog;
}

/** A room's socket to its media worker: sends all phones and receives all speakers, each by SSRC, with RTCP on the same port (RFC 5761). */
export class RoomPort {
  packetsReceived = 0;
  packetsSent = 0;
  rejected = 0;
  readonly #onPacket: (packet: RtpPacket, nowMs: number) => void;
  readonly #log: MediaLog;
  readonly #cname = randomBytes(8).toString('hex');
  readonly #receiverReports = new RtcpSession(randomInt(1, 2 ** 32), this.#cname);
  readonly #streams = new Map<number, { stream: SendStream; rtcp: RtcpSession }>();
  #udp: UdpPort | undefined;
  #connection: RoomConnection | undefined;
  #transform: PayloadTransform | undefined;

  private constructor({ onPacket, log }: Pick<RoomPortOptions, 'onPacket' | 'log'>) {
    this.#onPacket = onPacket;
    this.#log = log;
  }

  static async open({ network, ip, port, ...options }: RoomPortOptions): Promise<RoomPort> {
    const room = new RoomPort(options);
    room.#udp = await network.bind(ip, port, (datagram, source, arrivalMs) =>
      room.#onDatagram(datagram, source, arrivalMs),
    );
    return room;
  }

  get port(): number {
    return this.#udp?.port ?? 0;
  }

  get connection(): RoomConnection | undefined {
    return this.#connection;
  }

  /** Sets the room's addresses; open streams continue there. `transform`: as loaded from `connection.transform`. */
  connect(connection: RoomConnection, transform?: PayloadTransform): void {
    this.#connection = connection;
    this.#transform = transform;
  }

  /** Opens or reopens one phone's stream. `payloadType`: unless it is the room's default. */
  openStream(ssrc: number, numbers: StreamNumbers, payloadType?: number): SendStream {
    const stream = new SendStream({
      ssrc,
      payloadType: payloadType ?? this.#connection?.sendPayloadType ?? 0,
      firstSequenceNumber: randomInt(2 ** 15),
      firstTimestamp: randomInt(2 ** 32),
      audioLevelExtensionId: this.#connection?.audioLevelExtensionId,
      numbers,
    });
    this.#streams.set(ssrc, { stream, rtcp: new RtcpSession(ssrc, this.#cname) });
    return stream;
  }

  closeStream(ssrc: number): void {
    const entry = this.#streams.get(ssrc);
    if (entry && this.#connection) {
      this.#udp?.send(entry.rtcp.bye(), this.#connection.sendTo);
    }
    this.#streams.delete(ssrc);
  }

  send(stream: SendStream, payload: Uint8Array, level: AudioLevel): void {
    if (!this.#connection) {
      return;
    }
    const sent = this.#transform?.send ? this.#transform.send(payload, stream.ssrc) : payload;
    if (!sent) {
      return;
    }
    this.sendPacket(stream.packet(sent, level));
  }

  /** Sends a packet of a stream as it is. */
  sendPacket(packet: Uint8Array): void {
    if (this.#connection) {
      this.#udp?.send(packet, this.#connection.sendTo);
      this.packetsSent++;
    }
  }

  /** Sends one sender report per phone, and receiver reports about the speakers. */
  report(sources: ReportBlockSource[], nowMs: number): void {
    if (!this.#connection) {
      return;
    }
    for (const { stream, rtcp } of this.#streams.values()) {
      if (stream.packets > 0) {
        this.#udp?.send(rtcp.report(nowMs, Date.now(), [], stream), this.#connection.sendTo);
      }
    }
    if (sources.length > 0) {
      this.#udp?.send(this.#receiverReports.report(nowMs, Date.now(), sources), this.#connection.receiveFrom);
    }
  }

  close(): void {
    for (const ssrc of [...this.#streams.keys()]) {
      this.closeStream(ssrc);
    }
    this.#udp?.close();
  }

  #onDatagram(datagram: Uint8Array, source: Endpoint, nowMs: number): void {
    const connection = this.#connection;
    if (!connection) {
      return;
    }
    if (demultiplex(datagram) === 'rtcp') {
      const known = [connection.sendTo, connection.receiveFrom];
      if (!known.some(({ address, port }) => address === source.address && port === source.port)) {
        this.#reject(source, 'RTCP refused: not from the room');
      } else if (!this.#receiverReports.receive(datagram, nowMs, Date.now())) {
        this.#reject(source, 'unreadable RTCP from the room');
      }
      return;
    }
    const { address, port } = connection.receiveFrom;
    const packet = source.address === address && source.port === port ? parseRtp(datagram) : null;
    if (!packet || packet.payloadType !== connection.receivePayloadType) {
      this.#reject(
        source,
        'packet refused: not from the room, with an unexpected payload type, or unreadable',
      );
      return;
    }
    if (!this.#restore(packet)) {
      this.#reject(source, 'packet refused: the transform cannot restore its payload');
      return;
    }
    this.packetsReceived++;
    this.#onPacket(packet, nowMs);
  }

  /** Restores the payload in place; returns false if that fails. */
  #restore(packet: RtpPacket): boolean {
    if (!this.#transform?.receive) {
      return true;
    }
    try {
      const payload = this.#transform.receive(packet.payload, packet.ssrc);
      if (!payload) {
        return false;
      }
      packet.payload = payload;
      return true;
    } catch {
      return false;
    }
  }

  #reject({ address, port }: Endpoint, text: string): void {
    this.rejected++;
    this.#log.debug({ from: address, port }, text);
  }
}
