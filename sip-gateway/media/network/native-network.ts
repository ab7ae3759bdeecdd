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
/** Received packets are left in the memory that they came in; when there is less room than this, they go into another. */
const IN_BYTES = 512 * 1024;
const IN_LEAST_BYTES = 128 * 1024;
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
  readonly #out = new Uint8Array(OUT_BYTES);
  readonly #outWords = new Int32Array(this.#out.buffer);
  #in = new Incoming(IN_BYTES);
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
    if (this.#in.left < IN_LEAST_BYTES) {
      this.#in = new Incoming(IN_BYTES);
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
      // The sources of those that were left out were not noted.
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
    const whole = OUT_HEADER_BYTES + ((length + 3) & ~3);
    if (this.#outLength + whole > OUT_BYTES) {
      this.flush(performance.now());
    }
    const at = this.#outLength;
    this.#outWords[at / 4] = number;
    this.#outWords[at / 4 + 1] = length;
    this.#out.set(target, at + 8);
    this.#out.set(datagram, at + OUT_HEADER_BYTES);
    this.#outLength = at + whole;
  }

  #closePort(number: number): void {
    this.flush(performance.now());
    this.#ports[number] = undefined;
    this.#binding.closePort(this.#handle, number);
  }
}

/** Memory that packets are received into, as struct Incoming has them; it goes when the last of them is let go. */
class Incoming {
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
