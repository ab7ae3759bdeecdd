import type { Clock, Timer } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';

export interface FlowKeeperHost {
  readonly clock: Clock;
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
  /** Asks the peer of a UDP flow for our address, by STUN; undefined if it does not answer. */
  mappedAddress(flow: Flow): Promise<string | undefined>;
}

export interface KeepOptions {
  /** Whether the peer supports outbound (RFC 5626), and so must answer. */
  readonly answers: boolean;
  /** Its Flow-Timer, in seconds. */
  readonly flowTimer?: number | undefined;
}

/** Intervals if the peer names none, in seconds (RFC 5626 §4.4.1). */
const CONNECTION_SECONDS = 120;
const DATAGRAM_SECONDS = 29;
/** The intervals are random, from this share of the maximum to all of it. */
const MIN_SHARE = 0.8;
/** How long a connection's peer may take to answer, in milliseconds (RFC 5626 §4.4.1). */
const PONG_MS = 10_000;

/**
 * Keeps the flow of our registration open, so that calls reach us through NATs, and notices when it has failed (RFC 5626 §4.4): CRLFs on
 * connections; over UDP STUN, or mere CRLFs if the peer does not support it. Owns its timer; `stop` ends it.
 */
export class FlowKeeper {
  readonly #host: FlowKeeperHost;
  readonly #onFailed: () => void;
  #timer: Timer | undefined;
  #mapped: string | undefined;

  /** `onFailed`: the flow is dead, or its NAT has changed our address. A connection is then closed as well. */
  constructor(host: FlowKeeperHost, onFailed: () => void) {
    this.#host = host;
    this.#onFailed = onFailed;
  }

  /** Keeps this flow from now on. */
  keep(flow: Flow, options: KeepOptions): void {
    this.stop();
    this.#mapped = undefined;
    if (!flow.reliable && options.answers) {
      void this.#askAddress(flow, options);
    } else {
      this.#later(flow, options);
    }
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #later(flow: Flow, options: KeepOptions): void {
    const { clock, random } = this.#host;
    const most = options.flowTimer ?? (flow.reliable ? CONNECTION_SECONDS : DATAGRAM_SECONDS);
    const seconds = Math.max(1, most * (MIN_SHARE + (1 - MIN_SHARE) * random()));
    this.#timer = clock.after(seconds * 1000, () => this.#keepAlive(flow, options));
  }

  #keepAlive(flow: Flow, options: KeepOptions): void {
    if (!flow.open) {
      return;
    }
    if (!flow.reliable && options.answers) {
      void this.#askAddress(flow, options);
      return;
    }
    flow.ping?.(options.answers ? PONG_MS : undefined);
    this.#later(flow, options);
  }

  async #askAddress(flow: Flow, options: KeepOptions): Promise<void> {
    // stop() and keep() replace the timer.
    const timer = this.#host.clock.after(0, () => {});
    this.#timer = timer;
    const mapped = await this.#host.mappedAddress(flow);
    if (this.#timer !== timer) {
      return;
    }
    if (mapped === undefined || (this.#mapped !== undefined && this.#mapped !== mapped)) {
      this.stop();
      this.#onFailed();
      return;
    }
    this.#mapped = mapped;
    this.#later(flow, options);
  }
}
