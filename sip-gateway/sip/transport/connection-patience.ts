export interface PatienceOptions {
  /** The peer opened the connection. It is a stranger until `trust` is called. */
  accepted: boolean;
  /** Time limit for an incomplete message, and for a stranger to send one, in milliseconds. */
  messageMs: number;
  /** Maximum lifetime of a stranger's connection, in milliseconds. */
  strangerMs: number;
}

/** How long a connection waits for its peer: a stranger must send messages, and nobody may leave one incomplete (threat 70). */
export class ConnectionPatience {
  readonly #options: PatienceOptions;
  readonly #onEnd: () => void;
  /** Time when a stranger opened the connection (`performance.now()`); undefined once trusted. */
  #strangerSince: number | undefined;
  #deadline: NodeJS.Timeout | undefined;

  /** `onEnd` closes the connection. */
  constructor(options: PatienceOptions, onEnd: () => void) {
    this.#options = options;
    this.#onEnd = onEnd;
    if (options.accepted) {
      this.#strangerSince = performance.now();
      this.#arm();
    }
  }

  /** The peer is no stranger any more. `partial`: whether a message is incomplete. */
  trust(partial: boolean): void {
    if (this.#strangerSince === undefined) {
      return;
    }
    this.#strangerSince = undefined;
    if (!partial) {
      this.#disarm();
    }
  }

  /** A complete message was received. */
  received(): void {
    this.#disarm();
  }

  /** Starts the time limit for the next message, unless it is already running or there is none. */
  wait(partial: boolean): void {
    if (partial || this.#strangerSince !== undefined) {
      this.#arm();
    }
  }

  close(): void {
    this.#disarm();
  }

  #arm(): void {
    const { messageMs, strangerMs } = this.#options;
    const left =
      this.#strangerSince === undefined
        ? Number.POSITIVE_INFINITY
        : this.#strangerSince + strangerMs - performance.now();
    this.#deadline ??= setTimeout(this.#onEnd, Math.min(messageMs, left));
    this.#deadline.unref();
  }

  #disarm(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }
}
