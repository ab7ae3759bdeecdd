import { type DatagramHandler, type Network, openNetwork } from '../../base/udp/index.ts';

const LOOPBACK = '127.0.0.1';
/** The kernel's receive buffer per port, in bytes: half a second at 50 Mbit/s, in case this process is held up. */
const RECEIVE_BYTES = 4 * 1024 * 1024;
/** How many packets a round should find. */
const ROUND_PACKETS = 24;
/** Shortest and longest interval of rounds, in milliseconds. */
const MIN_ROUND_MS = 5;
const MAX_ROUND_MS = 80;
/** So many packets the network takes from a port at a time; there may be more. */
const FULL_PACKETS = 64;

/** A port on this host at which packets arrive. */
export interface MediaPort {
  address: string;
  port: number;
  /** Idempotent. */
  close(): void;
}

/**
 * The UDP ports of all rooms that this process receives. Where nothing is urgent, it takes packets in rounds instead of waking up for each: 12 per
 * second, or more while much arrives, so that the kernel's buffers do not fill.
 */
export class MediaUdp {
  readonly #isUrgent: boolean;
  /** Opened for the first port. */
  #network: Network | undefined;
  readonly #open = new Set<MediaPort>();
  #timer: NodeJS.Timeout | undefined;
  #received = 0;
  #roundMs = MAX_ROUND_MS;

  /** @param options `isUrgent`: each packet is delivered when it arrives. Default: in rounds */
  constructor({ isUrgent = false } = {}) {
    this.#isUrgent = isUrgent;
  }

  /** Opens a port. `onDatagram` must not throw. @throws {Error} no port is free */
  async bind(onDatagram: DatagramHandler): Promise<MediaPort> {
    const counted: DatagramHandler = (datagram, source, arrivalMs) => {
      this.#received += 1;
      onDatagram(datagram, source, arrivalMs);
    };
    this.#network ??= openNetwork({ prefer: this.#isUrgent ? 'portable' : 'native' });
    const bound = await this.#network.bind(LOOPBACK, 0, counted, { receiveBytes: RECEIVE_BYTES });
    const port: MediaPort = {
      address: LOOPBACK,
      port: bound.port,
      close: () => {
        bound.close();
        this.#open.delete(port);
      },
    };
    this.#open.add(port);
    // The portable implementation delivers packets when they arrive.
    if (this.#network.capabilities.implementation === 'native') {
      this.#timer ??= setTimeout(() => this.#round(), MIN_ROUND_MS);
    }
    return port;
  }

  #round(): void {
    const received = this.#received;
    let last: number;
    do {
      last = this.#received;
      this.#network?.receive();
    } while (this.#received - last >= FULL_PACKETS);
    const idealMs = (this.#roundMs * ROUND_PACKETS) / Math.max(1, this.#received - received);
    this.#roundMs = Math.max(MIN_ROUND_MS, Math.min(MAX_ROUND_MS, 2 * this.#roundMs, idealMs));
    this.#timer = this.#open.size > 0 ? setTimeout(() => this.#round(), this.#roundMs) : undefined;
  }
}
