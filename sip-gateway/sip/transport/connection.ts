import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { bracketHost, SipParseError } from '../message/index.ts';
import { ConnectionPatience, type PatienceOptions } from './connection-patience.ts';
import { type Endpoint, type Flow, plainAddress } from './flow.ts';
import { localAddressFor } from './local-address.ts';
import { PingLimit } from './ping-limit.ts';
import { StreamFramer } from './stream-framer.ts';

/** A connection with more unsent bytes is closed, so that a slow peer cannot exhaust memory. */
export const MAX_UNSENT_BYTES = 1 << 20;
/** Maximum number of certificates of a peer that are looked at. */
const MAX_CHAIN = 6;
/** A connection without any traffic is closed after this time, in milliseconds. */
const IDLE_MS = 3_600_000;

export interface ConnectionEvents {
  onMessage(bytes: Buffer, flow: Flow): void;
  /** Framing is lost. The connection closes after this call, which may still send a response. */
  onBroken(error: SipParseError, rest: Buffer, flow: Flow): void;
  onClosed(flow: Flow): void;
}

export interface ConnectionOptions extends PatienceOptions {
  protocol: 'tcp' | 'tls';
  remote: Endpoint;
  /** The name that the server's certificate was verified for, on TLS connections that we opened. */
  serverName?: string;
  /** The TLS settings that it was made with. */
  tlsId?: string | undefined;
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
  readonly #patience: ConnectionPatience;
  readonly #pings = new PingLimit();
  #silenceMs: number | undefined;
  #pongTimer: NodeJS.Timeout | undefined;
  #error: Error | undefined;
  #open = true;

  constructor(socket: Socket, options: ConnectionOptions, events: ConnectionEvents) {
    this.#socket = socket;
    this.#options = options;
    this.#events = events;
    this.protocol = options.protocol;
    this.remote = options.remote;
    this.#patience = new ConnectionPatience(options, () => socket.destroy());
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => this.#closed());
  }

  get open(): boolean {
    return this.#open;
  }

  get tlsId(): string | undefined {
    return this.#options.tlsId;
  }

  get serverName(): string | undefined {
    return this.#options.serverName;
  }

  get advertised(): { host: string; port: number } {
    // While connecting, the socket has no address yet.
    const local = plainAddress(this.#socket.localAddress ?? localAddressFor(this.remote.address));
    return this.#options.advertised(bracketHost(local), this.#socket.localPort ?? 0);
  }

  peerCertificates(): readonly Buffer[] {
    return this.#socket instanceof TLSSocket ? certificatesOf(this.#socket) : [];
  }

  trust(): void {
    this.#patience.trust(this.#framer.partial);
  }

  expectPings(silenceMs: number): void {
    this.#silenceMs = silenceMs;
  }

  ping(answerMs?: number): void {
    this.send(Buffer.from('\r\n\r\n'));
    if (answerMs !== undefined) {
      this.#pongTimer ??= setTimeout(
        () => this.#socket.destroy(new Error('the peer answers no keep-alives')),
        answerMs,
      );
      this.#pongTimer.unref();
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
    clearTimeout(this.#pongTimer);
    this.#pongTimer = undefined;
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
        this.#patience.received();
      }
    } catch (error) {
      if (!(error instanceof SipParseError)) {
        throw error;
      }
      this.#events.onBroken(error, this.#framer.rest, this);
      this.#socket.destroySoon();
      return;
    }
    this.#patience.wait(this.#framer.partial);
  }

  /** Answers keep-alives (RFC 5626 §4.4.1) in one write. Closes the connection if there are too many (threat 70). */
  #answerPings(count: number): void {
    if (this.#pings.take(count)) {
      if (this.#silenceMs !== undefined) {
        this.#socket.setTimeout(this.#silenceMs);
      }
      this.send(Buffer.from('\r\n'.repeat(count)));
    } else {
      this.#socket.destroy(new Error('the peer floods its connection with keep-alives'));
    }
  }

  #closed(): void {
    if (!this.#open) {
      return;
    }
    this.#open = false;
    this.#patience.close();
    clearTimeout(this.#pongTimer);
    this.#events.onClosed(this);
    for (const listener of this.#closeListeners) {
      listener(this.#error);
    }
    this.#closeListeners.clear();
  }
}

/** A chain ends with a certificate that is its own issuer, or whose issuer is not there. */
function certificatesOf(socket: TLSSocket): readonly Buffer[] {
  const found: Buffer[] = [];
  let certificate = socket.getPeerCertificate(true);
  while (
    certificate?.raw &&
    found.length < MAX_CHAIN &&
    !found.some((each) => each.equals(certificate.raw))
  ) {
    found.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return found;
}
