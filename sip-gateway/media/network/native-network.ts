import { isIPv6 } from 'node:net';
import type { Endpoint } from '../rtp/index.ts';
import { type NativeBinding, type NetworkHandle, TARGET_BYTES } from './native-binding.ts';
import type { DatagramHandler, Network, NetworkStats, UdpPort } from './types.ts';

/** Of what is sent: port, length, target, as struct Outgoing has them. */
const OUT_HEADER_BYTES = 8 + TARGET_BYTES;
const OUT_BYTES = 256 * 1024;
/** Of what has come: struct Incoming, and the text of an address. */
const IN_HEADER_BYTES = 16;
const ADDRESS_BYTES = 48;
const IN_BYTES = 512 * 1024;
/** As the add-on has it. */
const MAX_DATAGRAM_BYTES = 2048;

/**
 * UDP by the add-on: a native thread lets packets leave at their time, whatever JavaScript does just then, and what has come is taken
 * from all ports at once, with the kernel's time of arrival. A tick costs two calls instead of several turns of the event loop a packet.
 */
export class NativeNetwork implements Network {
  readonly capabilities = { implementation: 'native' } as const;
  readonly #binding: NativeBinding;
  readonly #handle: NetworkHandle;
  readonly #ports: Array<NativeUdpPort | undefined> = [];
  readonly #out = Buffer.alloc(OUT_BYTES);
  readonly #in = Buffer.alloc(IN_BYTES);
  readonly #ages = new Float64Array(this.#in.buffer, this.#in.byteOffset, IN_BYTES / 8);
  #outLength = 0;
  #closed = false;

  constructor(binding: NativeBinding) {
    this.#binding = binding;
    this.#handle = binding.create();
  }

  async bind(ip: string, port: number, onDatagram: DatagramHandler): Promise<UdpPort> {
    const v6 = isIPv6(ip);
    const [number, bound] = this.#binding.bind(this.#handle, ip, port, v6);
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
    const bytes = this.#in;
    const end = this.#binding.receive(this.#handle, bytes);
    const nowMs = performance.now();
    try {
      for (let at = 0; at < end; ) {
        const port = this.#ports[bytes.readUInt16LE(at)];
        const length = bytes.readUInt16LE(at + 2);
        const addressLength = bytes.readUInt16LE(at + 6);
        const arrivalMs = nowMs - (this.#ages[(at + 8) / 8] as number);
        const sourcePort = bytes.readUInt16LE(at + 4);
        at += IN_HEADER_BYTES;
        if (addressLength > 0) {
          port?.setSource({ address: bytes.toString('latin1', at, at + addressLength), port: sourcePort });
          at += ADDRESS_BYTES;
        }
        port?.onDatagram(bytes.subarray(at, at + length), arrivalMs);
        at += (length + 7) & ~7;
      }
    } catch (error) {
      // The sources of those that were left out were not noted.
      this.#binding.forgetSources(this.#handle);
      throw error;
    }
  }

  flush(departureMs: number): void {
    if (this.#outLength === 0) return;
    const length = this.#outLength;
    this.#outLength = 0;
    this.#binding.send(this.#handle, this.#out, length, departureMs - performance.now());
  }

  stats(): NetworkStats {
    return this.#binding.stats(this.#handle);
  }

  close(): void {
    if (this.#closed) return;
    for (const port of this.#ports) port?.close();
    this.#closed = true;
    this.#binding.close(this.#handle);
  }

  #send(number: number, datagram: Uint8Array, target: Uint8Array): void {
    const { length } = datagram;
    if (length > MAX_DATAGRAM_BYTES) return;
    const whole = OUT_HEADER_BYTES + ((length + 3) & ~3);
    if (this.#outLength + whole > OUT_BYTES) this.flush(performance.now());
    const out = this.#out;
    const at = this.#outLength;
    out.writeInt32LE(number, at);
    out.writeInt32LE(length, at + 4);
    out.set(target, at + 8);
    out.set(datagram, at + OUT_HEADER_BYTES);
    this.#outLength = at + whole;
  }

  #closePort(number: number): void {
    this.flush(performance.now());
    this.#ports[number] = undefined;
    this.#binding.closePort(this.#handle, number);
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
    if (this.#closed || target.port === 0) return;
    if (target.port !== this.#targetPort || target.address !== this.#targetAddress) {
      try {
        this.#options.resolve(target, this.#target);
      } catch {
        // An address of another family: it cannot be reached from here.
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
    if (!this.#closed) this.#options.onDatagram(datagram, this.#source, arrivalMs);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.close();
  }
}
