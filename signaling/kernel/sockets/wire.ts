import { TokenBucket } from './token-bucket.ts';

/** The part of engine.io's socket that we use. */
export interface EngineSocket {
  readonly writeBuffer: ReadonlyArray<{ data?: unknown }>;
  readonly transport: { readonly socket: WebSocketLike };
  /** The upgraded request, with its TCP or TLS connection. */
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
  /** Maximum number of packets at once. */
  burst: number;
  /** Maximum size of the send queue, in bytes. */
  sendQueueBytes: number;
}

export type Violation = 'BAD_REQUEST' | 'PAYLOAD_TOO_LARGE' | 'RATE_LIMITED' | 'SLOW_READER';

/** Maximum bytes an unauthenticated client may send in total: a few certificates and a signature. */
const MAX_UNAUTHENTICATED_BYTES = 16_384;

/** How long a client may take to close its connection when asked, in milliseconds. */
const CLOSE_MS = 1000;

/**
 * Limits one WebSocket, below the protocol. It counts everything received, since socket.io and ws answer namespaces, heartbeats and pings
 * without us, and everything queued for sending, since neither limits that (threats 4 and 8). Binary data ends the connection: the protocol
 * has none, and socket.io would buffer it until the message is complete (threat 63).
 */
export class Wire {
  /** Monotonic time, in milliseconds. */
  readonly openedAtMs = performance.now();
  readonly #raw: EngineSocket;
  readonly #webSocket: WebSocketLike;
  readonly #options: WireOptions;
  readonly #bucket: TokenBucket;
  readonly #countBytes: (chunk: Uint8Array) => void;
  #unauthenticatedBytes = 0;
  #onViolation: (violation: Violation) => void = () => this.cut();

  constructor(raw: EngineSocket, options: WireOptions) {
    this.#raw = raw;
    this.#webSocket = raw.transport.socket;
    this.#options = options;
    this.#bucket = new TokenBucket(options.packetsPerSecond, options.burst, performance.now());
    this.#countBytes = ({ byteLength }) => {
      this.#unauthenticatedBytes += byteLength;
      if (this.#unauthenticatedBytes > MAX_UNAUTHENTICATED_BYTES) {
        raw.request.socket.pause();
        this.#violate('PAYLOAD_TOO_LARGE');
      }
    };
    raw.request.socket.on('data', this.#countBytes);
    raw.on('packet', ({ data }) => {
      this.#received();
      if (isBinary(data)) {
        this.#violate('BAD_REQUEST');
      }
    });
    this.#webSocket.on('ping', () => this.#received());
    this.#webSocket.on('pong', () => this.#received());
  }

  /** Calls back when the WebSocket has closed, which may be after its session ended. */
  onceClosed(listener: () => void): void {
    this.#webSocket.once('close', listener);
  }

  /** Sets the handler of violations, e.g. to notify the client. Default: cut the connection. */
  onViolation(listener: (violation: Violation) => void): void {
    this.#onViolation = listener;
  }

  /** The client is authenticated and gets the usual limits. */
  trust(): void {
    this.#raw.request.socket.off('data', this.#countBytes);
  }

  /** Counts an unauthenticated client's bytes from zero again. */
  forgiveBytes(): void {
    this.#unauthenticatedBytes = 0;
  }

  /** Size of what engine.io and the WebSocket have queued, in bytes. */
  get unsentBytes(): number {
    let bytes = this.#webSocket.bufferedAmount;
    for (const { data } of this.#raw.writeBuffer) {
      bytes += typeof data === 'string' ? data.length : data instanceof Uint8Array ? data.byteLength : 0;
    }
    return bytes;
  }

  /** Checks the send queue; call it after sending. */
  checkQueue(): void {
    if (this.unsentBytes > this.#options.sendQueueBytes) {
      this.#onViolation('SLOW_READER');
    }
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#webSocket.terminate();
  }

  /** Ends the connection unless the client closes it within a second; ws would wait for half a minute. */
  cutSoon(): void {
    setTimeout(() => this.cut(), CLOSE_MS).unref();
  }

  #received(): void {
    if (!this.#bucket.take(performance.now())) {
      this.#onViolation('RATE_LIMITED');
    }
    this.checkQueue();
  }

  /** Reports a violation and stops counting bytes, so that it is reported once. */
  #violate(violation: Violation): void {
    this.trust();
    this.#onViolation(violation);
  }
}

/** Binary frames, and the text frames that announce them: socket.io's BINARY_EVENT and BINARY_ACK. */
function isBinary(data: unknown): boolean {
  return data !== undefined && (typeof data !== 'string' || data.startsWith('5') || data.startsWith('6'));
}
