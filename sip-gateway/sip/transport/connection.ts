import type { Socket } from 'node:net';
import { bracketHost, SipParseError } from '../message/index.ts';
import { type Endpoint, type Flow, plainAddress } from './flow.ts';
import { localAddressFor } from './local-address.ts';
import { StreamFramer } from './stream-framer.ts';

/** A connection with more unsent bytes is closed, so that a slow peer cannot exhaust memory. */
const MAX_UNSENT_BYTES = 1 << 20;
/** A connection with more keep-alives per second is closed. Clients send one about every 30 s. */
const MAX_PINGS_PER_SECOND = 20;
/** A connection without any traffic is closed after this time, in milliseconds. */
const IDLE_MS = 3_600_000;

export interface ConnectionEvents {
  onMessage(bytes: Buffer, flow: Flow): void;
  /** Framing is lost. The connection closes after this call, which may still send a response. */
  onBroken(error: SipParseError, rest: Buffer, flow: Flow): void;
  onClosed(connection: Connection): void;
}

export interface ConnectionOptions {
  protocol: 'tcp' | 'tls';
  remote: Endpoint;
  /** The peer opened the connection. It is a stranger until `trust` is called. */
  accepted: boolean;
  /** Time limit for an incomplete message, and for a stranger to send one, in milliseconds. */
  messageMs: number;
  /** Maximum lifetime of a stranger's connection, in milliseconds. */
  strangerMs: number;
  /** The name that the server's certificate was verified for, on TLS connections that we opened. */
  serverName?: string;
  advertised: (localAddress: string, localPort: number) => { host: string; port: number };
}

/** A TCP or TLS connection, as a flow. Owns its socket. */
export class Connection implements Flow {
  readonly reliable = true;
  readonly protocol: 'tcp' | 'tls';
  readonly remote: Endpoint;
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #framer = new StreamFramer();
  readonly #closeListeners = new Set<(error: Error | undefined) => void>();
  /** Time when a stranger opened it (`performance.now()`); undefined once trusted. */
  #strangerSince: number | undefined;
  /** Number of keep-alives in the second that began at `since` (`performance.now()`). */
  #pings = { since: 0, count: 0 };
  #deadline: NodeJS.Timeout | undefined;
  #error: Error | undefined;
  #open = true;

  constructor(socket: Socket, options: ConnectionOptions, events: ConnectionEvents) {
    this.#socket = socket;
    this.#options = options;
    this.#events = events;
    this.protocol = options.protocol;
    this.remote = options.remote;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => this.#closed());
    if (options.accepted) {
      this.#strangerSince = performance.now();
      this.#arm();
    }
  }

  get open(): boolean {
    return this.#open;
  }

  get serverName(): string | undefined {
    return this.#options.serverName;
  }

  get advertised(): { host: string; port: number } {
    // While connecting, the socket has no address yet.
    const local = plainAddress(this.#socket.localAddress ?? localAddressFor(this.remote.address));
    return this.#options.advertised(bracketHost(local), this.#socket.localPort ?? 0);
  }

  /**
   * Marks the peer as a user of ours, which may stay silent or send only keep-alives. A stranger may not, or four bytes would occupy a
   * connection for an hour (threat 70).
   */
  trust(): void {
    if (this.#strangerSince === undefined) {
      return;
    }
    this.#strangerSince = undefined;
    if (!this.#framer.partial) {
      this.#disarm();
    }
  }

  send(bytes: Buffer): void {
    if (!this.#open) {
      return;
    }
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) {
      this.#socket.destroy(new Error('the peer does not read its connection'));
      return;
    }
    this.#socket.write(bytes);
  }

  onClose(listener: (error: Error | undefined) => void): () => void {
    if (!this.#open) {
      queueMicrotask(() => listener(this.#error));
      return () => {};
    }
    this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  /** Closes at once and discards unsent bytes. */
  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (!this.#open) {
      return;
    }
    try {
      let messages = 0;
      const pings = this.#framer.push(chunk, (message) => {
        messages++;
        this.#events.onMessage(message, this);
      });
      if (pings > 0) {
        this.#answerPings(pings);
      }
      if (messages > 0) {
        this.#disarm();
      }
    } catch (error) {
      if (!(error instanceof SipParseError)) {
        throw error;
      }
      this.#events.onBroken(error, this.#framer.rest, this);
      this.#socket.destroySoon();
      return;
    }
    if (this.#framer.partial || this.#strangerSince !== undefined) {
      this.#arm();
    }
  }

  /** Answers keep-alives (RFC 5626 §4.4.1) in one write. Closes the connection if there are too many (threat 70). */
  #answerPings(count: number): void {
    const now = performance.now();
    if (now - this.#pings.since >= 1000) {
      this.#pings = { since: now, count: 0 };
    }
    this.#pings.count += count;
    if (this.#pings.count > MAX_PINGS_PER_SECOND) {
      this.#socket.destroy(new Error('the peer floods its connection with keep-alives'));
    } else {
      this.send(Buffer.from('\r\n'.repeat(count)));
    }
  }

  /** Starts the time limit for the next message, unless it is already running. */
  #arm(): void {
    const { messageMs, strangerMs } = this.#options;
    const left =
      this.#strangerSince === undefined
        ? Number.POSITIVE_INFINITY
        : this.#strangerSince + strangerMs - performance.now();
    this.#deadline ??= setTimeout(() => this.#socket.destroy(), Math.min(messageMs, left));
    this.#deadline.unref();
  }

  #disarm(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  #closed(): void {
    if (!this.#open) {
      return;
    }
    this.#open = false;
    this.#disarm();
    this.#events.onClosed(this);
    for (const listener of this.#closeListeners) {
      listener(this.#error);
    }
    this.#closeListeners.clear();
  }
}
