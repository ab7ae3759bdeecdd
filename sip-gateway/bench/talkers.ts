import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const LOOPBACK = '127.0.0.1';
const FRAME_MS = 20;
const SAMPLES_PER_FRAME = 160;
/** PCMU of silence, as loud as a quiet line. */
const FRAME = Buffer.alloc(SAMPLES_PER_FRAME, 0xfe);
const HEADER_BYTES = 12;

/** RTP of phones that come and go: they all share one port of loopback, send PCMU every 20 ms, and note when they first hear something. */
export class Talkers {
  readonly port: number;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  readonly #frames = new Map<number, number>();
  readonly #heardMs = new Map<number, number>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on('message', (_packet, { port }) => {
      if (this.#frames.has(port) && !this.#heardMs.has(port)) {
        this.#heardMs.set(port, performance.now());
      }
    });
    this.#timer = setInterval(() => this.#send(), FRAME_MS);
  }

  static async start(): Promise<Talkers> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    socket.bind(0, LOOPBACK);
    await once(socket, 'listening');
    return new Talkers(socket);
  }

  /** Starts talking to the server's RTP port of a new call. */
  begin(port: number): void {
    this.#frames.set(port, 0);
  }

  /** Stops talking; returns when the first packet came from there, in milliseconds of `performance.now()`, or undefined if none did. */
  end(port: number): number | undefined {
    const heardMs = this.#heardMs.get(port);
    this.#frames.delete(port);
    this.#heardMs.delete(port);
    return heardMs;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #send(): void {
    for (const [port, frame] of this.#frames) {
      const packet = Buffer.alloc(HEADER_BYTES + FRAME.length);
      packet[0] = 0x80;
      packet.writeUInt16BE(frame & 0xffff, 2);
      packet.writeUInt32BE((frame * SAMPLES_PER_FRAME) >>> 0, 4);
      packet.writeUInt32BE(port, 8);
      FRAME.copy(packet, HEADER_BYTES);
      this.#socket.send(packet, port, LOOPBACK);
      this.#frames.set(port, frame + 1);
    }
  }
}
