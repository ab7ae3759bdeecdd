import { CanopyError, type ErrorCode, type Logger } from '../../../base/index.ts';
import type { RequestResult } from '../../../contract/index.ts';
import type { Holder, PeerPrincipal, Session } from '../../kernel/index.ts';
import { NestedBudget } from '../../kernel/index.ts';
import type { LinkAnswer, LinkRequest } from './contract.ts';

/** Default of `openMs`. */
const OPEN_MS = 300_000;

/** One use of a code: a new device asks, an older one answers. The messages are sealed or authenticated with a secret of the two. */
interface Exchange {
  readonly exchangeId: string;
  readonly accountId: string;
  /** The older device. */
  readonly deviceId: string;
  readonly expiresAtMs: number;
  /** The older device's connection; null while it is away. */
  offering: Session | null;
  /** The new device's connection; null before it asks and while it is away. */
  asking: Session | null;
  request?: LinkRequest;
  answer?: LinkAnswer;
  confirmation?: string;
  timer: NodeJS.Timeout;
  graceTimer?: NodeJS.Timeout;
  release(): void;
}

/**
 * Mailboxes in memory through which an older device adds a new one: at most one per account, for five minutes, each for one new device. The
 * server only passes the messages on. Strangers store nothing here unless they know the id of an open exchange.
 */
export class DeviceExchanges {
  readonly #log: Logger;
  readonly #graceMs: number;
  readonly #openMs: number;
  readonly #byId = new Map<string, Exchange>();
  readonly #byAccount = new Map<string, Exchange>();
  /** Connections whose end is watched. */
  readonly #watched = new WeakSet<Session>();
  readonly #budget = new NestedBudget({
    what: 'devices being added',
    limits: { invitation: 50, address: 200, server: 2000 },
  });

  /**
   * @param options.graceMs how long the older device may be away before the exchange ends, in milliseconds
   * @param options.openMs how long an exchange is open, in milliseconds; default five minutes
   */
  constructor(options: { log: Logger; graceMs: number; openMs?: number }) {
    this.#log = options.log;
    this.#graceMs = options.graceMs;
    this.#openMs = options.openMs ?? OPEN_MS;
  }

  /** How many are open. */
  get size(): number {
    return this.#byId.size;
  }

  /** Whether this device has opened this exchange already. */
  has(exchangeId: string, { accountId, device }: PeerPrincipal): boolean {
    const exchange = this.#byId.get(exchangeId);
    return exchange?.accountId === accountId && exchange.deviceId === device.deviceId;
  }

  /**
   * Opens an exchange, or returns to one. The account's previous one ends.
   *
   * @throws {CanopyError} DEVICE_CODE_USED - another account has an exchange with this id; LIMIT_REACHED, SERVER_BUSY
   */
  offer(session: Session, principal: PeerPrincipal, exchangeId: string): RequestResult<'device.offer'> {
    const known = this.#byId.get(exchangeId);
    if (known && !this.has(exchangeId, principal)) {
      throw new CanopyError('DEVICE_CODE_USED');
    }
    const exchange = known ?? this.#open(session.holder, principal, exchangeId);
    clearTimeout(exchange.graceTimer);
    exchange.offering = session;
    this.#watch(session);
    const { expiresAtMs, request, confirmation } = exchange;
    return { expiresAtMs, ...(request && { request }), ...(confirmation && { confirmation }) };
  }

  /**
   * A new device asks, or returns.
   *
   * @throws {CanopyError} DEVICE_CODE_UNKNOWN; DEVICE_CODE_USED - by another device
   */
  request(session: Session, exchangeId: string, request: LinkRequest): RequestResult<'device.request'> {
    const exchange = this.#require(exchangeId);
    if (exchange.request && JSON.stringify(exchange.request) !== JSON.stringify(request)) {
      throw new CanopyError('DEVICE_CODE_USED');
    }
    if (exchange.asking && exchange.asking !== session) {
      exchange.asking.waiting = false;
    }
    exchange.asking = session;
    // Someone decides within the exchange's time, which the timer limits.
    session.waiting = true;
    this.#watch(session);
    if (!exchange.request) {
      exchange.request = request;
      exchange.offering?.connection.send('device.requested', { exchangeId, request });
    }
    const { expiresAtMs, answer } = exchange;
    return { expiresAtMs, ...(answer && { answer }) };
  }

  /** @throws {CanopyError} DEVICE_CODE_UNKNOWN - this device has no such exchange, or nobody asks in it */
  answer(principal: PeerPrincipal, exchangeId: string, answer: LinkAnswer): void {
    const exchange = this.#require(exchangeId);
    if (!this.has(exchangeId, principal) || !exchange.request) {
      throw new CanopyError('DEVICE_CODE_UNKNOWN');
    }
    exchange.answer ??= answer;
    exchange.asking?.connection.send('device.answered', { exchangeId, answer: exchange.answer });
  }

  /** @throws {CanopyError} DEVICE_CODE_UNKNOWN - the connection is not the new device's, or nothing was answered */
  confirm(session: Session, exchangeId: string, confirmation: string): void {
    const exchange = this.#require(exchangeId);
    if (exchange.asking !== session || !exchange.answer) {
      throw new CanopyError('DEVICE_CODE_UNKNOWN');
    }
    exchange.confirmation ??= confirmation;
    exchange.offering?.connection.send('device.confirmed', {
      exchangeId,
      confirmation: exchange.confirmation,
    });
    this.#log.info(
      { accountId: exchange.accountId, deviceId: exchange.deviceId },
      'device added by another one',
    );
  }

  /** Either side gives up; harmless for others. */
  cancel(session: Session, exchangeId: string): void {
    const exchange = this.#byId.get(exchangeId);
    if (exchange && (exchange.offering === session || exchange.asking === session)) {
      this.#end(exchange, 'DEVICE_LINK_ENDED', session);
    }
  }

  /** Ends an account's exchange, since the account or the device was revoked. */
  forget(accountId: string, deviceId?: string): void {
    const exchange = this.#byAccount.get(accountId);
    if (exchange && (deviceId === undefined || exchange.deviceId === deviceId)) {
      this.#end(exchange, 'DEVICE_LINK_ENDED');
    }
  }

  /** Ends all exchanges. */
  close(): void {
    for (const exchange of this.#byId.values()) {
      this.#end(exchange, 'DEVICE_LINK_ENDED');
    }
  }

  #open(holder: Holder, { accountId, device }: PeerPrincipal, exchangeId: string): Exchange {
    const earlier = this.#byAccount.get(accountId);
    if (earlier) {
      this.#end(earlier, 'DEVICE_LINK_ENDED');
    }
    // Before the timer, which must not outlive a refusal.
    const release = this.#budget.take(holder);
    const exchange: Exchange = {
      exchangeId,
      accountId,
      deviceId: device.deviceId,
      expiresAtMs: Date.now() + this.#openMs,
      offering: null,
      asking: null,
      timer: setTimeout(() => this.#end(exchange, 'DEVICE_LINK_EXPIRED'), this.#openMs).unref(),
      release,
    };
    this.#byId.set(exchangeId, exchange);
    this.#byAccount.set(accountId, exchange);
    return exchange;
  }

  #require(exchangeId: string): Exchange {
    const exchange = this.#byId.get(exchangeId);
    if (!exchange) {
      throw new CanopyError('DEVICE_CODE_UNKNOWN');
    }
    return exchange;
  }

  #watch(session: Session): void {
    if (!this.#watched.has(session)) {
      this.#watched.add(session);
      session.releases.push(() => this.#lost(session));
    }
  }

  /** A connection is gone. The devices may come back; without the older one, the exchange soon ends. */
  #lost(session: Session): void {
    for (const exchange of this.#byId.values()) {
      if (exchange.asking === session) {
        exchange.asking = null;
      }
      if (exchange.offering === session) {
        exchange.offering = null;
        exchange.graceTimer = setTimeout(
          () => this.#end(exchange, 'DEVICE_LINK_ENDED'),
          this.#graceMs,
        ).unref();
      }
    }
  }

  #end(exchange: Exchange, code: ErrorCode, by?: Session): void {
    const { exchangeId, accountId, offering, asking } = exchange;
    clearTimeout(exchange.timer);
    clearTimeout(exchange.graceTimer);
    this.#byId.delete(exchangeId);
    if (this.#byAccount.get(accountId) === exchange) {
      this.#byAccount.delete(accountId);
    }
    exchange.release();
    if (asking) {
      asking.waiting = false;
    }
    if (exchange.confirmation !== undefined) {
      return;
    }
    const error = new CanopyError(code).toJSON();
    for (const session of [offering, asking]) {
      if (session && session !== by) {
        session.connection.send('device.ended', { exchangeId, error });
      }
    }
  }
}
