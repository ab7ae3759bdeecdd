/** Voices of any loudness in a room, over real RTP, for tests. Internal to sfu/. */
import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Sfu } from './sfu.ts';
import { opusParameters } from './test-support.ts';
import type { Endpoint, MediaSource } from './types.ts';

/** Extension id of the audio level in opusParameters(). */
const LEVEL_ID = 1;
const SPEECH_BYTES = 80;

/** A microphone to speak into, packet by packet. */
export interface Microphone {
  producerId: string;
  /** Sends 20 ms of sound, in dBov. */
  say(dbov: number): void;
  /** Sends 20 ms of sound at this level every 20 ms until stopped by the returned function. */
  talk(dbov: number): () => void;
}

/** A bridge on loopback that sends voices and counts the packets received from others. */
export class Voices {
  readonly #sfu: Sfu;
  readonly #roomId: string;
  readonly #peerId: string;
  readonly #socket: Socket;
  readonly #sent: { transportId: string } & Endpoint;
  readonly #recvId: string;
  /** Packets by SSRC. */
  readonly #received = new Map<number, number>();
  readonly #talking = new Set<NodeJS.Timeout>();

  static async enter(sfu: Sfu, roomId: string, peerId: string): Promise<Voices> {
    const { routerRtpCapabilities: rtpCapabilities } = await sfu.openRoom(roomId);
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { address, port } = socket.address() as AddressInfo;
    const remote = { address, port };
    const { send, recv } = await sfu.createPlainTransports(roomId, peerId, { remote, rtpCapabilities });
    return new Voices({ sfu, roomId, peerId, socket, send, recvId: recv.transportId });
  }

  private constructor(made: {
    sfu: Sfu;
    roomId: string;
    peerId: string;
    socket: Socket;
    send: { transportId: string } & Endpoint;
    recvId: string;
  }) {
    this.#sfu = made.sfu;
    this.#roomId = made.roomId;
    this.#peerId = made.peerId;
    this.#socket = made.socket;
    this.#sent = made.send;
    this.#recvId = made.recvId;
    this.#socket.on('message', (packet) => {
      // RTCP packet types begin at 200 (RFC 5761).
      if (packet.length < 12 || packet.readUInt8(1) >= 200) {
        return;
      }
      const ssrc = packet.readUInt32BE(8);
      this.#received.set(ssrc, (this.#received.get(ssrc) ?? 0) + 1);
    });
  }

  async microphone(
    options: { source?: MediaSource; paused?: boolean; levels?: boolean; participantId?: string } = {},
  ): Promise<Microphone> {
    // Each belongs to a different person, since only one microphone per speaker is forwarded.
    const { source = 'microphone', paused = false, levels = true, participantId = randomUUID() } = options;
    // Microphones on one transport are distinguished by SSRC.
    const { mid: _, ...rtpParameters } = opusParameters();
    if (!levels) {
      rtpParameters.headerExtensions.splice(1);
    }
    const { producerId } = await this.#sfu.produce(this.#roomId, this.#peerId, {
      transportId: this.#sent.transportId,
      kind: 'audio',
      rtpParameters,
      paused,
      source,
      participantId,
    });
    const ssrc = rtpParameters.encodings[0]?.ssrc ?? 0;
    let sequence = 0;
    const say = (dbov: number): void => {
      sequence += 1;
      this.#socket.send(packetOf(ssrc, sequence, dbov, levels), this.#sent.port, this.#sent.address);
    };
    const talk = (dbov: number) => {
      say(dbov);
      const timer = setInterval(() => say(dbov), 20);
      this.#talking.add(timer);
      return () => clearInterval(timer);
    };
    return { producerId, say, talk };
  }

  /** Receives a producer; the returned function gives the number of packets received. */
  async receive(producerId: string): Promise<() => number> {
    const about = { transportId: this.#recvId, producerId };
    const { consumerId, rtpParameters } = await this.#sfu.consume(this.#roomId, this.#peerId, about);
    await this.#sfu.resumeConsumer(this.#roomId, this.#peerId, consumerId);
    const [encoding] = rtpParameters.encodings as Array<{ ssrc: number }>;
    return () => this.#received.get(encoding?.ssrc ?? 0) ?? 0;
  }

  close(): void {
    for (const timer of this.#talking) {
      clearInterval(timer);
    }
    this.#socket.close();
  }
}

/** An RTP packet (RFC 3550) with the audio level (RFC 6464) in a one-byte header extension (RFC 8285). */
function packetOf(ssrc: number, sequence: number, dbov: number, levels: boolean): Buffer {
  const headBytes = levels ? 20 : 12;
  const packet = Buffer.alloc(headBytes + SPEECH_BYTES, 1);
  packet.writeUInt16BE(levels ? 0x906f : 0x806f, 0);
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(sequence * 960, 4);
  packet.writeUInt32BE(ssrc, 8);
  if (levels) {
    packet.writeUInt32BE(0xbede_0001, 12);
    packet.writeUInt32BE(((LEVEL_ID << 28) | (-dbov << 16)) >>> 0, 16);
  }
  return packet;
}
