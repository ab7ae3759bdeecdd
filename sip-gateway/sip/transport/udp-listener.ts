import { createSocket, type Socket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';
import { bracketHost } from '../message/index.ts';
import { type Endpoint, type Flow, plainAddress } from './flow.ts';
import { localAddressFor } from './local-address.ts';

export interface UdpOptions {
  address: string;
  port: number;
  /** Host and port in Via and Contact. Default: the bound ones. */
  advertise?: { host: string; port?: number };
}

/** A UDP socket. On `::` it also serves IPv4. */
export class UdpListener {
  readonly protocol = 'udp';
  readonly #socket: Socket;
  readonly #options: UdpOptions;
  #closed = false;

  private constructor(socket: Socket, options: UdpOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** Binds the socket. @throws {Error} a system error such as EADDRINUSE */
  static async create(
    options: UdpOptions,
    onDatagram: (bytes: Buffer, flow: Flow) => void,
  ): Promise<UdpListener> {
    const socket = createSocket({
      type: isIPv6(options.address) ? 'udp6' : 'udp4',
      ipv6Only: false,
      recvBufferSize: 1 << 20,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(options.port, options.address, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    const listener = new UdpListener(socket, options);
    // Ignore errors of single datagrams (ICMP). Retransmission handles the loss.
    socket.on('error', () => {});
    socket.on('message', (bytes, info) =>
      onDatagram(bytes, listener.flowTo({ address: plainAddress(info.address), port: info.port })),
    );
    return listener;
  }

  get local(): Endpoint {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  /** Whether this socket can send to the address. */
  serves(address: string): boolean {
    const bound = this.#options.address;
    return isIPv4(address) ? isIPv4(bound) || bound === '::' : isIPv6(bound);
  }

  flowTo(remote: Endpoint): Flow {
    const socket = this.#socket;
    const { advertise, address: bound } = this.#options;
    const mapped = isIPv6(bound) && isIPv4(remote.address) ? `::ffff:${remote.address}` : remote.address;
    const isClosed = () => this.#closed;
    const localPort = this.local.port;
    return {
      protocol: 'udp',
      reliable: false,
      remote,
      get advertised() {
        const own = bound === '::' || bound === '0.0.0.0' ? localAddressFor(remote.address) : bound;
        return { host: advertise?.host ?? bracketHost(own), port: advertise?.port ?? localPort };
      },
      get open() {
        return !isClosed();
      },
      send(bytes) {
        if (!isClosed()) {
          socket.send(bytes, remote.port, mapped, () => {});
        }
      },
      ping() {
        this.send(Buffer.from('\r\n\r\n'));
      },
      onClose: () => () => {},
    };
  }

  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}
