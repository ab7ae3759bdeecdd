import { TokenBucket } from './token-bucket.ts';

/** What is used of engine.io's connection. */
export interface EngineSocket {
  readonly writeBuffer: ReadonlyArray<{ data?: unknown }>;
  readonly transport: { readonly socket: WebSocketLike };
  /** The connection of the upgraded request. */
  readonly request: { readonly socket: ByteStream };
  on(event: 'packet', listener: (packet: { data?: unknown }) => void): unknown;
}

interface ByteStream {
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  off(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  pause(): unknown;
}

interface WebSocketLike {
  readonly bufferedAmount: number;
  on(event: 'ping' | 'pong', listener: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  terminate(): void;
}

export interface WireOptions {
  packetsPerSecond: number;
  /** How many packets may come at once. */
  burst: number;
  /** Most that may wait to be sent, in bytes. */
  sendQueueBytes: number;
}

export type Offence = 'BAD_REQUEST' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'SLOW_READER';

/** Maximum bytes an unauthenticated client may send in total: a few certificates and a signature. */
const STRANGER_BYTES = 16_384;

/** How long a connection that was told to close may take, in milliseconds. */
const FAREWELL_MS = 1000;

/**
 * One WebSocket from its first byte to its last, whatever is sent on it. It counts everything received, since socket.io and ws answer much
 * by themselves (namespaces, heartbeats, pings), and everything queued for sending, since neither limits it (threat cases 4 and 8). Binary
 * data ends it: the protocol has none, and socket.io would buffer it until the message is complete (threat case 63).
 */
export class Wire {
  readonly #raw: EngineSocket;
  readonly #webSocket: WebSocketLike;
  readonly #options: WireOptions;
  readonly #bucket: TokenBucket;
  readonly #countBytes: (chunk: Uint8Array) => void;
  #onOffence: (offence: Offence) => void = () => this.cut();

  constructor(raw: EngineSocket, options: WireOptions) {
    this.#raw = raw;
    this.#webSocket = raw.transport.socket;
    this.#options = options;
    this.#bucket = new TokenBucket(options.packetsPerSecond, options.burst, performance.now());
    let strangerBytes = 0;
    this.#countBytes = ({ byteLength }) => {
      strangerBytes += byteLength;
      if (strangerBytes > STRANGER_BYTES) {
        raw.request.socket.pause();
        this.#offend('PAYLOAD_TOO_LARGE');
      }
    };
    raw.request.socket.on('data', this.#countBytes);
    raw.on('packet', ({ data }) => {
      this.#received();
      if (isBinary(data)) {
        this.#offend('BAD_REQUEST');
      }
    });
    this.#webSocket.on('ping', () => this.#received());
    this.#webSocket.on('pong', () => this.#received());
  }

  /** Calls back when the connection is gone, not only its session. */
  onceClosed(listener: () => void): void {
    this.#webSocket.once('close', listener);
  }

  /** Sets the handler for offences, which may e.g. notify the client. Without one, the connection is cut. */
  onOffence(listener: (offence: Offence) => void): void {
    this.#onOffence = listener;
  }

  /** The client is authenticated and gets the usual limits. */
  trust(): void {
    this.#raw.request.socket.off('data', this.#countBytes);
  }

  /** What engine.io holds back and what the WebSocket has not handed to the kernel, in bytes. */
  get unsentBytes(): number {
    let bytes = this.#webSocket.bufferedAmount;
    for (const { data } of this.#raw.writeBuffer) {
      bytes += typeof data === 'string' ? data.length : data instanceof Uint8Array ? data.byteLength : 0;
    }
    return bytes;
  }

  /** To be called after sending. */
  checkQueue(): void {
    if (this.unsentBytes > this.#options.sendQueueBytes) {
      this.#onOffence('SLOW_READER');
    }
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#webSocket.terminate();
  }

  /** Ends the connection if the client has not closed it by then: ws itself would wait for half a minute. */
  cutSoon(): void {
    setTimeout(() => this.cut(), FAREWELL_MS).unref();
  }

  #received(): void {
    if (!this.#bucket.take(performance.now())) {
      this.#onOffence('RATE_LIMITED');
    }
    this.checkQueue();
  }

  /** Ends it without reading more; the farewell still goes out. */
  #offend(offence: Offence): void {
    this.trust();
    this.#onOffence(offence);
  }
}

/** Binary frames, and the text frames that announce them: socket.io's BINARY_EVENT and BINARY_ACK. */
function isBinary(data: unknown): boolean {
  return data !== undefined && (typeof data !== 'string' || data.startsWith('5') || data.startsWith('6'));
}
