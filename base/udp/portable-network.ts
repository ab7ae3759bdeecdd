import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type {
  BindOptions,
  DatagramHandler,
  Endpoint,
  Network,
  NetworkCapabilities,
  NetworkStats,
  UdpPort,
} from './types.ts';

/** UDP through Node's sockets. Packets are sent at once, and each received packet wakes the thread. */
export class PortableNetwork implements Network {
  readonly capabilities: NetworkCapabilities;
  readonly #ports = new Set<PortableUdpPort>();

  /** `reason`: why the add-on is not used. */
  constructor(reason: string) {
    this.capabilities = { implementation: 'portable', reason };
  }

  async bind(
    ip: string,
    port: number,
    onDatagram: DatagramHandler,
    { receiveBytes }: BindOptions = {},
  ): Promise<UdpPort> {
    const family = isIPv6(ip) ? 6 : 4;
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ...(receiveBytes !== undefined && { recvBufferSize: receiveBytes }),
      lookup: (host, _options, callback) =>
        callback(null, family === 6 && !isIPv6(host) ? MAPPED + host : host, family),
    });
    try {
      // Without a name lookup, 'listening' may come before bind() returns.
      const listening = once(socket, 'listening');
      socket.bind(port, ip);
      await listening;
    } catch (error) {
      socket.close();
      throw error;
    }
    const udp = new PortableUdpPort(socket, () => this.#ports.delete(udp));
    this.#ports.add(udp);
    socket.on('message', (datagram, source) => {
      if (source.address.startsWith(MAPPED)) {
        source.address = source.address.slice(MAPPED.length);
      }
      onDatagram(datagram, source, performance.now());
    });
    return udp;
  }

  receive(): void {
    // Node's sockets deliver packets without this.
  }

  flush(): void {
    // Nothing is queued.
  }

  stats(): NetworkStats {
    return { failed: null, oversized: 0, departureLatenessMaxMs: null, cpuSeconds: 0 };
  }

  close(): void {
    for (const port of this.#ports) {
      port.close();
    }
  }
}

class PortableUdpPort implements UdpPort {
  readonly port: number;
  readonly #socket: Socket;
  readonly #onClose: () => void;
  #closed = false;

  constructor(socket: Socket, onClose: () => void) {
    this.#socket = socket;
    this.#onClose = onClose;
    this.port = socket.address().port;
    socket.on('error', () => undefined);
  }

  send(datagram: Uint8Array, { address, port }: Endpoint): void {
    if (this.#closed || port === 0) {
      return;
    }
    try {
      // No callback: it would cost one task-queue turn per packet.
      this.#socket.send(datagram, port, address);
    } catch {
      // An invalid port or address counts as packet loss (threat 68).
    }
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#socket.close();
    this.#onClose();
  }
}

/** Prefix of an IPv4 address on an IPv6 socket (RFC 4291 §2.5.5.2). */
const MAPPED = '::ffff:';
