import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A bridge's UDP socket, on loopback. */
export class BridgeSocket {
  readonly #socket: Socket;
  readonly #arrivals = new EventEmitter<{ packet: [Buffer, RemoteInfo] }>();
  #timer: NodeJS.Timeout | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (packet, from) => this.#arrivals.emit('packet', packet, from));
  }

  static async open(address = '127.0.0.1'): Promise<BridgeSocket> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new BridgeSocket(socket);
  }

  get endpoint(): { address: string; port: number } {
    const { address, port } = this.#socket.address() as AddressInfo;
    return { address, port };
  }

  /** Sends an Opus stream of 50 packets per second with a loud audio level, until the next call or stop(). */
  send({
    ssrc,
    payloadType,
    to,
  }: {
    ssrc: number;
    payloadType: number;
    to: { address: string; port: number };
  }): void {
    clearInterval(this.#timer);
    let sequence = 1;
    this.#timer = setInterval(() => {
      const packet = opusPacket(ssrc, payloadType, sequence);
      sequence += 1;
      this.#socket.send(packet, to.port, to.address);
    }, 20);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The next RTP packet of a stream. */
  async rtp(ssrc: number): Promise<{ payload: Buffer; payloadType: number; from: RemoteInfo }> {
    for (;;) {
      const heard = await once(this.#arrivals, 'packet', { signal: AbortSignal.timeout(30_000) });
      const [packet, from] = heard as [Buffer, RemoteInfo];
      const payloadType = packet.readUInt8(1) & 0x7f;
      // RTCP types start at 200, which is 72 without the marker bit (RFC 5761).
      if (packet.length > 12 && payloadType >= 96 && packet.readUInt32BE(8) === ssrc) {
        const extension = packet.readUInt8(0) & 0x10 ? 4 + 4 * packet.readUInt16BE(14) : 0;
        return { payload: packet.subarray(12 + extension), payloadType, from };
      }
    }
  }

  close(): void {
    this.stop();
    this.#socket.close();
  }
}

/** Id of the audio level header extension in sent packets. */
const SENT_LEVEL_ID = 1;
/** The payload of test streams: 20 ms of Opus silence, recognisable by its padding. */
export const OPUS_PAYLOAD = Buffer.from('f8fffe00112233', 'hex');

/** A packet of a test stream, with a voice of this level. */
export function opusPacket(ssrc: number, payloadType: number, sequence: number, dbov = -10): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt8(0x90, 0);
  header.writeUInt8(payloadType, 1);
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE((sequence * 960) >>> 0, 4);
  header.writeUInt32BE(ssrc, 8);
  // RFC 8285, one-byte headers: one element of one byte (RFC 6464).
  header.writeUInt16BE(0xbede, 12);
  header.writeUInt16BE(1, 14);
  header.writeUInt8(SENT_LEVEL_ID << 4, 16);
  header.writeUInt8(0x80 | -dbov, 17);
  return Buffer.concat([header, OPUS_PAYLOAD]);
}

/** RTP parameters of a test stream. */
export function opusStream(ssrc: number, payloadType = 100) {
  return {
    codecs: [
      {
        mimeType: 'audio/opus',
        payloadType,
        clockRate: 48_000,
        channels: 2,
        parameters: { useinbandfec: 1 },
      },
    ],
    headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level' as const, id: SENT_LEVEL_ID }],
    encodings: [{ ssrc }],
    rtcp: { cname: 'phones' },
  };
}
