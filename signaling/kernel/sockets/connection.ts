import type { Socket } from 'socket.io';
import { CanopyError, type ErrorCode, type Logger } from '../../../base/index.ts';
import {
  type Answer,
  type EventData,
  type EventName,
  firstRequests,
  type RequestName,
} from '../../../contract/index.ts';
import type { PeerConnection } from '../rooms/index.ts';
import type { JoinTrace } from '../tracing/index.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Session } from './session.ts';
import { TokenBucket } from './token-bucket.ts';
import type { Wire } from './wire.ts';

export interface ConnectionOptions {
  socket: Socket;
  /** The WebSocket below the socket. */
  wire: Wire;
  /** The challenge. */
  nonce: string;
  dispatcher: Dispatcher;
  log: Logger;
  /** The address the client connects from. */
  address: string;
  /** The network the client connects from, as named by networkOf(). */
  network: string;
  requestsPerSecond: number;
  /** How long a client may take to authenticate, unless it waits in a lobby, in milliseconds. */
  authMs: number;
  trace: JoinTrace | undefined;
  onRefused(code: ErrorCode): void;
  onClosed(connection: Connection): void;
}

type Acknowledge = (answer: unknown) => void;

/**
 * One socket: sends the challenge, passes requests to the dispatcher at a limited rate, and closes itself when the client floods it, takes
 * too long to authenticate, or does not read.
 */
export class Connection implements PeerConnection {
  readonly session: Session;
  readonly #options: ConnectionOptions;
  readonly #bucket: TokenBucket;
  readonly #authTimer: NodeJS.Timeout;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { socket } = options;
    this.session = {
      connectionId: socket.id,
      connection: this,
      address: options.address,
      userAgent: printable(socket.handshake.headers['user-agent']),
      openedAtMs: performance.now(),
      nonce: options.nonce,
      principal: null,
      holder: { address: options.network },
      releases: [],
      seat: null,
      stages: new Set(),
      trace: options.trace,
      joining: false,
      closed: false,
      log: options.log.child({ connectionId: socket.id }),
    };
    this.#bucket = new TokenBucket(
      options.requestsPerSecond,
      options.requestsPerSecond * 3,
      performance.now(),
    );
    this.#authTimer = setInterval(() => {
      if (this.session.principal) {
        clearInterval(this.#authTimer);
      } else if (this.session.waiting) {
        // Over hours, even heartbeats add up.
        options.wire.forgiveBytes();
      } else {
        this.end('AUTH_REQUIRED');
      }
    }, options.authMs);
    options.wire.onViolation((code) => {
      if (this.session.closed) {
        options.wire.cut();
      } else {
        this.session.log.warn(
          { code, unsentBytes: options.wire.unsentBytes },
          'client violated a limit; closing its connection',
        );
        this.end(code);
      }
    });
    socket.onAny((name: unknown, ...args: unknown[]) => this.#receive(name, args));
    socket.on('error', (error) => this.session.log.debug({ err: error }, 'socket error'));
    socket.once('disconnect', (reason) => this.#disconnected(reason));
    this.send('auth.challenge', { nonce: options.nonce, serverTimeMs: Date.now() });
  }

  get origin(): string {
    return this.session.principal?.origin ?? '';
  }

  send<N extends EventName>(event: N, data: EventData<N>): void {
    if (this.session.closed) {
      return;
    }
    this.#options.socket.emit(event, data);
    this.#options.wire.checkQueue();
  }

  end(code: ErrorCode): void {
    if (this.session.closed) {
      return;
    }
    const error = new CanopyError(code);
    this.#options.onRefused(code);
    this.session.log.info({ code }, 'connection ended by the server');
    const { socket, wire } = this.#options;
    socket.emit('session.ended', { error: error.toJSON() });
    socket.disconnect(true);
    if (code === 'SLOW_READER') {
      // The client would not read that message either.
      wire.cut();
    }
  }

  /** Handles the requests of the CONNECT packet; anything else in it is ignored. */
  async receiveFirst(auth: unknown): Promise<void> {
    const first = firstRequests.safeParse(auth);
    for (const { name, ...envelope } of first.data?.requests ?? []) {
      const answer = Promise.withResolvers<unknown>();
      this.#receive(name, [envelope, answer.resolve]);
      this.send('session.answer', { id: envelope.id, answer: (await answer.promise) as Answer<unknown> });
    }
  }

  #receive(name: unknown, args: unknown[]): void {
    const last = args.at(-1);
    const acknowledge: Acknowledge = typeof last === 'function' ? (last as Acknowledge) : () => undefined;
    if (!this.#bucket.take(performance.now())) {
      this.#refuse(new CanopyError('RATE_LIMITED'), acknowledge);
      return;
    }
    if (typeof name !== 'string' || !this.#options.dispatcher.has(name)) {
      this.#refuse(new CanopyError('UNKNOWN_REQUEST'), acknowledge);
      return;
    }
    void this.#answer(name, args[0], acknowledge);
  }

  async #answer(name: RequestName, envelope: unknown, acknowledge: Acknowledge): Promise<void> {
    const answer = await this.#options.dispatcher.dispatch(this.session, name, envelope);
    if (this.session.principal) {
      this.#options.wire.trust();
    }
    if (!this.session.closed) {
      acknowledge(answer);
      this.#options.wire.checkQueue();
    }
  }

  #refuse(error: CanopyError, acknowledge: Acknowledge): void {
    this.#options.onRefused(error.code);
    acknowledge({ ok: false, error: error.toJSON() });
    this.#options.wire.checkQueue();
  }

  #disconnected(reason: string): void {
    this.session.closed = true;
    this.session.trace?.end();
    clearInterval(this.#authTimer);
    this.#options.wire.cutSoon();
    const { seat } = this.session;
    if (seat) {
      seat.room.detach(seat.peer, this);
    }
    for (const release of this.session.releases.splice(0)) {
      release();
    }
    this.session.log.debug({ reason }, 'connection closed');
    this.#options.onClosed(this);
  }
}

function printable(userAgent: string | undefined): string | undefined {
  return userAgent?.replaceAll(/[\p{Cc}\p{Cf}]/gu, '').slice(0, 200) || undefined;
}
