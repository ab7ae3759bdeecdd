import { isIPv6 } from 'node:net';
import { type NativeBinding, type NetworkHandle, TARGET_BYTES } from './native-binding.ts';
import type { BindOptions, DatagramHandler, Endpoint, Network, NetworkStats, UdpPort } from './types.ts';

/** Size of struct Outgoing: port, length, target. */
const OUT_HEADER_BYTES = 8 + TARGET_BYTES;
const OUT_BYTES = 256 * 1024;
/** Size of struct Incoming, and of the address text that may follow it. */
const IN_HEADER_BYTES = 16;
const ADDRESS_BYTES = 48;
/** Size of a receive buffer, and minimum space left in it; then the next buffer is used. Handlers keep packets without copying them. */
const IN_BYTES = 512 * 1024;
const MIN_IN_BYTES = 128 * 1024;
/** Same value as in the add-on. */
const MAX_DATAGRAM_BYTES = 2048;

/**
 * UDP through the add-on. A native thread sends packets on time, whatever JavaScript is doing. Packets of all ports are received at once,
 * with the kernel's arrival times. A tick costs two calls instead of several turns of the event loop per packet.
 */
export class NativeNetwork implements Network {
  readonly capabilities = { implementation: 'native' } as const;
  readonly #binding: NativeBinding;
  readonly #handle: NetworkHandle;
  readonly #ports: Array<NativeUdpPort | undefined> = [];
  readonly #out = new Uint8Array(OUT_BYTES);
  readonly #outWords = new Int32Array(this.#out.buffer);
  #in = new ReceiveBuffer(IN_BYTES);
  #outLength = 0;
  #closed = false;

  constructor(binding: NativeBinding) {
    this.#binding = binding;
    this.#handle = binding.create();
  }

  async bind(
    ip: string,
    port: number,
    onDatagram: DatagramHandler,
    { receiveBytes = 0 }: BindOptions = {},
  ): Promise<UdpPort> {
    const v6 = isIPv6(ip);
    const [number, bound] = this.#binding.bind(this.#handle, ip, port, v6, receiveBytes);
    const udp = new NativeUdpPort({
      port: bound,
      onDatagram,
      resolve: (target, out) => this.#binding.target(target.address, target.port, v6, out),
      send: (datagram, target) => this.#send(number, datagram, target),
      close: () => this.#closePort(number),
    });
    this.#ports[number] = udp;
    return udp;
  }

  receive(): void {
    if (this.#in.left < MIN_IN_BYTES) {
      this.#in = new ReceiveBuffer(IN_BYTES);
    }
    const incoming = this.#in;
    let at = incoming.used;
    incoming.used += this.#binding.receive(this.#handle, incoming.bytes.subarray(at));
    const nowMs = performance.now();
    const { bytes, words, doubles, used } = incoming;
    try {
      while (at < used) {
        const word = at / 2;
        const port = this.#ports[words[word] as number];
        const length = words[word + 1] as number;
        const addressLength = words[word + 3] as number;
        const arrivalMs = nowMs - (doubles[at / 8 + 1] as number);
        at += IN_HEADER_BYTES;
        if (addressLength > 0) {
          const address = bytes.toString('latin1', at, at + addressLength);
          port?.setSource({ address, port: words[word + 2] as number });
          at += ADDRESS_BYTES;
        }
        port?.onDatagram(new Uint8Array(bytes.buffer, at, length), arrivalMs);
        at += (length + 7) & ~7;
      }
    } catch (error) {
      // Skipped packets may have announced new sources.
      this.#binding.forgetSources(this.#handle);
      throw error;
    }
  }

  flush(departureMs: number): void {
    if (this.#outLength === 0) {
      return;
    }
    const length = this.#outLength;
    this.#outLength = 0;
    this.#binding.send(this.#handle, this.#out, length, departureMs - performance.now());
  }

  stats(): NetworkStats {
    return this.#binding.stats(this.#handle);
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    for (const port of this.#ports) {
      port?.close();
    }
    this.#closed = true;
    this.#binding.close(this.#handle);
  }

  #send(number: number, datagram: Uint8Array, target: Uint8Array): void {
    const { length } = datagram;
    if (length > MAX_DATAGRAM_BYTES) {
      return;
    }
    const size = OUT_HEADER_BYTES + ((length + 3) & ~3);
    if (this.#outLength + size > OUT_BYTES) {
      this.flush(performance.now());
    }
    const at = this.#outLength;
    this.#outWords[at / 4] = number;
    this.#outWords[at / 4 + 1] = length;
    this.#out.set(target, at + 8);
    this.#out.set(datagram, at + OUT_HEADER_BYTES);
    this.#outLength = at + size;
  }

  #closePort(number: number): void {
    this.flush(performance.now());
    this.#ports[number] = undefined;
    this.#binding.closePort(this.#handle, number);
  }
}

/** A buffer of received packets, each after a struct Incoming. It is garbage-collected with its last packet. */
class ReceiveBuffer {
  readonly bytes: Buffer;
  readonly words: Uint16Array;
  readonly doubles: Float64Array;
  used = 0;

  constructor(length: number) {
    this.bytes = Buffer.from(new ArrayBuffer(length));
    this.words = new Uint16Array(this.bytes.buffer);
    this.doubles = new Float64Array(this.bytes.buffer);
  }

  get left(): number {
    return this.bytes.length - this.used;
  }
}

interface NativePortOptions {
  port: number;
  onDatagram: DatagramHandler;
  resolve: (target: Endpoint, out: Uint8Array) => void;
  send: (datagram: Uint8Array, target: Uint8Array) => void;
  close: () => void;
}

class NativeUdpPort implements UdpPort {
  readonly port: number;
  readonly #options: NativePortOptions;
  readonly #target = new Uint8Array(TARGET_BYTES);
  #targetAddress = '';
  #targetPort = 0;
  #source: Endpoint = { address: '', port: 0 };
  #closed = false;

  constructor(options: NativePortOptions) {
    this.port = options.port;
    this.#options = options;
  }

  send(datagram: Uint8Array, target: Endpoint): void {
    if (this.#closed || target.port === 0) {
      return;
    }
    if (target.port !== this.#targetPort || target.address !== this.#targetAddress) {
      try {
        this.#options.resolve(target, this.#target);
      } catch {
        // The address is of the other family, which this socket cannot reach.
        return;
      }
      this.#targetAddress = target.address;
      this.#targetPort = target.port;
    }
    this.#options.send(datagram, this.#target);
  }

  setSource(source: Endpoint): void {
    this.#source = source;
  }

  onDatagram(datagram: Uint8Array, arrivalMs: number): void {
    if (!this.#closed) {
      this.#options.onDatagram(datagram, this.#source, arrivalMs);
    }
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#options.close();
  }
}
