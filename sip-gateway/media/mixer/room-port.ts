import { randomBytes, randomInt } from 'node:crypto';
import type { Network, UdpPort } from '../../../base/udp/index.ts';
import type { RoomCipher } from '../encryption/index.ts';
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
  /** Encrypts and decrypts, if the connection says that the room is encrypted. */
  cipher: RoomCipher;
  onPacket: (packet: RtpPacket, nowMs: number) => void;
  log: MediaLog;
}

/** How long a frame waits for the keys of an epoch that has begun elsewhere already, in milliseconds; and how many frames wait. */
const EARLY_MS = 100;
const MAX_EARLY = 64;

/** A room's socket to its media worker: sends all phones and receives all speakers, each by SSRC, with RTCP on the same port (RFC 5761). */
export class RoomPort {
  packetsReceived = 0;
  packetsSent = 0;
  rejected = 0;
  readonly #cipher: RoomCipher;
  /** What came before its keys, with its time of arrival. */
  #early: { packet: RtpPacket; atMs: number }[] = [];
  readonly #onPacket: (packet: RtpPacket, nowMs: number) => void;
  readonly #log: MediaLog;
  readonly #cname = randomBytes(8).toString('hex');
  readonly #receiverReports = new RtcpSession(randomInt(1, 2 ** 32), this.#cname);
  readonly #streams = new Map<number, { stream: SendStream; rtcp: RtcpSession }>();
  #udp: UdpPort | undefined;
  #connection: RoomConnection | undefined;
  #transform: PayloadTransform | undefined;

  private constructor({ cipher, onPacket, log }: Pick<RoomPortOptions, 'cipher' | 'onPacket' | 'log'>) {
    this.#cipher = cipher;
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

  /** How many frames wait for their keys. */
  get early(): number {
    return this.#early.length;
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
    const sent = this.#changed(payload, stream.ssrc);
    if (sent) {
      this.#send(stream.packet(sent, level));
    }
  }

  /** Sends a packet of a stream as the phone sent it: never to an encrypted room. */
  forward(packet: Uint8Array): void {
    if (!this.#connection?.encrypted) {
      this.#send(packet);
    }
  }

  #send(packet: Uint8Array): void {
    if (this.#connection) {
      this.#udp?.send(packet, this.#connection.sendTo);
      this.packetsSent++;
    }
  }

  #changed(payload: Uint8Array, ssrc: number): Uint8Array | null {
    if (this.#connection?.encrypted) {
      return this.#cipher.seal(payload);
    }
    return this.#transform?.send ? this.#transform.send(payload, ssrc) : payload;
  }

  /** New keys: tries again what came shortly before them. */
  keysChanged(nowMs: number): void {
    const early = this.#early;
    this.#early = [];
    for (const { packet, atMs } of early) {
      if (nowMs - atMs <= EARLY_MS) {
        this.#receive(packet, atMs);
      } else {
        this.#cipher.refuse('early');
      }
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
    if (connection.encrypted) {
      this.#receive(packet, nowMs);
    } else if (this.#restore(packet)) {
      this.packetsReceived++;
      this.#onPacket(packet, nowMs);
    } else {
      this.#reject(source, 'packet refused: the transform cannot restore its payload');
    }
  }

  /** Whether another frame can wait. Those that have waited too long no longer do. */
  #hasPlace(nowMs: number): boolean {
    while (this.#early[0] && nowMs - this.#early[0].atMs > EARLY_MS) {
      this.#early.shift();
      this.#cipher.refuse('early');
    }
    return this.#early.length < MAX_EARLY;
  }

  /** Decrypts a packet of an encrypted room, which may have to wait for its key. */
  #receive(packet: RtpPacket, nowMs: number): void {
    const opened = this.#cipher.open(packet.payload, packet.ssrc);
    if (typeof opened !== 'string') {
      this.packetsReceived++;
      this.#onPacket({ ...packet, payload: opened }, nowMs);
    } else if (opened === 'early' && this.#hasPlace(nowMs)) {
      this.#early.push({ packet: { ...packet, payload: packet.payload.slice() }, atMs: nowMs });
    } else {
      this.rejected++;
      this.#cipher.refuse(opened);
    }
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
