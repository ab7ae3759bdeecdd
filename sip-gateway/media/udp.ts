import { randomInt } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

export interface PortRange {
  /** First and last port that may be used. 0 and 0: any free one. */
  min: number;
  max: number;
}

export type DatagramHandler = (datagram: Buffer, source: RemoteInfo) => void;

/** A UDP socket that knows IP addresses only (no name lookup a packet) and does not say when sending fails: RTP goes on regardless. */
export class UdpPort {
  readonly #socket: Socket;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
  }

  /** Throws when the port is taken or none is left. */
  static async bind(ip: string, port: number, onDatagram: DatagramHandler): Promise<UdpPort> {
    const family = isIPv6(ip) ? 6 : 4;
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      lookup: (host, _options, callback) =>
        callback(null, family === 6 && !isIPv6(host) ? MAPPED + host : host, family),
    });
    try {
      // Nothing is looked up, so it may listen before bind() returns.
      const listening = once(socket, 'listening');
      socket.bind(port, ip);
      await listening;
    } catch (error) {
      socket.close();
      throw error;
    }
    const udp = new UdpPort(socket);
    socket.on('message', (datagram, source) => {
      if (source.address.startsWith(MAPPED)) source.address = source.address.slice(MAPPED.length);
      onDatagram(datagram, source);
    });
    return udp;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(datagram: Uint8Array, { address, port }: { address: string; port: number }): void {
    if (this.#closed || port === 0) return;
    // Without a callback, which would cost a turn of the task queue a packet.
    this.#socket.send(datagram, port, address);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}

/** An IPv4 address as it looks on an IPv6 socket (RFC 4291 §2.5.5.2). */
const MAPPED = '::ffff:';

const PAIR_ATTEMPTS = 64;

/** Binds an even port for RTP and the next one for RTCP (RFC 3550 §11). Throws when no pair is free. */
export async function bindPair(
  ip: string,
  range: PortRange,
  onRtp: DatagramHandler,
  onRtcp: DatagramHandler,
): Promise<{ rtp: UdpPort; rtcp: UdpPort }> {
  const min = Math.ceil((range.min || 16_384) / 2);
  const max = Math.floor(((range.max || 32_767) - 1) / 2);
  let failure: unknown = new RangeError(`no port pair between ${range.min} and ${range.max}`);
  for (let attempt = 0; attempt < PAIR_ATTEMPTS && max >= min; attempt++) {
    const port = 2 * randomInt(min, max + 1);
    let rtp: UdpPort | undefined;
    try {
      rtp = await UdpPort.bind(ip, port, onRtp);
      return { rtp, rtcp: await UdpPort.bind(ip, port + 1, onRtcp) };
    } catch (error) {
      rtp?.close();
      failure = error;
    }
  }
  throw failure;
}
