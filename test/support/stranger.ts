import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';

/** How many packets are sent before the event loop runs again. */
const AT_ONCE = 32;
const RECEIVE_BUFFER_BYTES = 4 << 20;

/** A stranger to all calls: a UDP port on loopback that sends anything to a worker. */
export class Stranger {
  /** Received answers. */
  readonly received: Buffer[] = [];
  readonly #socket: Socket;
  readonly #target: { address: string; port: number };

  private constructor(socket: Socket, target: { address: string; port: number }) {
    this.#socket = socket;
    this.#target = target;
    socket.on('message', (packet) => this.received.push(packet));
  }

  static async open(target: { address: string; port: number }): Promise<Stranger> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Stranger(socket, target);
  }

  /** Sends one packet and waits for the answer. Undefined if none arrives within half a second. */
  async ask(packet: Buffer): Promise<Buffer | undefined> {
    const answer = once(this.#socket, 'message', { signal: AbortSignal.timeout(500) });
    await this.#send(packet);
    return answer.then(
      ([message]) => message as Buffer,
      () => undefined,
    );
  }

  /** Sends `count` packets as fast as the system accepts them. */
  async flood(count: number, make: (index: number) => Buffer): Promise<void> {
    for (let index = 0; index < count; index += AT_ONCE) {
      const burst = Array.from({ length: Math.min(AT_ONCE, count - index) }, (_, n) => make(index + n));
      await Promise.all(burst.map((packet) => this.#send(packet)));
      await setImmediate();
    }
  }

  close(): void {
    this.#socket.close();
  }

  #send(packet: Buffer): Promise<void> {
    const { address, port } = this.#target;
    // Packets that the system refuses are lost, as on any network.
    return new Promise((resolve) => this.#socket.send(packet, port, address, () => resolve()));
  }
}
