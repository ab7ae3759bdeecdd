import type { RequestInput } from '../../../contract/index.ts';
import { CanopyError, type ErrorCode } from '../../../contract/light.ts';
import { backoffMs } from '../backoff.ts';

export interface NewMessage {
  text: string;
  /** `seq` of the message that it answers. */
  replyTo?: number;
  /** Accounts that it mentions. */
  mentions?: string[];
}

/** A message that the server does not have yet. */
export interface PendingMessage extends NewMessage {
  readonly id: string;
  readonly createdAtMs: number;
  /** `failed`: it is sent again only by retry(). */
  readonly state: 'sending' | 'failed';
  /** Why it failed. */
  readonly error?: CanopyError;
}

export interface ChatOutboxHost {
  /** Sends a message; resolves once the server has it. */
  send(message: RequestInput<'chat.send'>): Promise<unknown>;
  changed(): void;
}

const BACKOFF = { firstMs: 1000, mostMs: 10_000 };
/** After these errors a message is sent again by itself. After others, the user decides. */
const TEMPORARY: ReadonlySet<ErrorCode> = new Set([
  'CONNECTION_LOST',
  'REQUEST_TIMEOUT',
  'RATE_LIMITED',
  'ROOM_NOT_JOINED',
  'SERVER_CLOSING',
]);

/**
 * Messages on their way: sent one at a time in their order, and again after a lost connection, under the same id, so that each arrives once.
 */
export class ChatOutbox {
  readonly #host: ChatOutboxHost;
  #list: readonly PendingMessage[] = [];
  #sending = false;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(host: ChatOutboxHost) {
    this.#host = host;
  }

  get list(): readonly PendingMessage[] {
    return this.#list;
  }

  add(message: NewMessage): PendingMessage {
    const pending: PendingMessage = {
      ...message,
      id: crypto.randomUUID(),
      createdAtMs: Date.now(),
      state: 'sending',
    };
    this.#list = [...this.#list, pending];
    this.#host.changed();
    this.flush();
    return pending;
  }

  /** Sends a failed message again. */
  retry(id: string): void {
    this.#replace(id, ({ error: _, ...pending }) => ({ ...pending, state: 'sending' }));
    this.flush();
  }

  /** Drops a message, because the server has it or the user does not want it any more. */
  drop(id: string): void {
    const rest = this.#list.filter((pending) => pending.id !== id);
    if (rest.length < this.#list.length) {
      this.#list = rest;
      this.#host.changed();
    }
  }

  /** Sends what waits, without waiting for the next attempt. */
  flush(): void {
    clearTimeout(this.#timer);
    if (!this.#sending && !this.#closed) {
      this.#sending = true;
      void this.#sendAll().finally(() => {
        this.#sending = false;
      });
    }
  }

  /** Stops sending: what is left has failed. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { id, state } of this.#list) {
      if (state === 'sending') {
        this.#fail(id, new CanopyError('ROOM_NOT_JOINED'));
      }
    }
  }

  async #sendAll(): Promise<void> {
    const done = new Set<string>();
    for (;;) {
      const next = this.#list.find(({ id, state }) => state === 'sending' && !done.has(id));
      if (!next || this.#closed) {
        return;
      }
      const { id, text, replyTo, mentions } = next;
      try {
        await this.#host.send({
          id,
          text,
          ...(replyTo !== undefined && { replyTo }),
          ...(mentions !== undefined && { mentions }),
        });
        // It is dropped once it is in the chat.
        done.add(id);
        this.#attempt = 0;
      } catch (cause) {
        const error = CanopyError.from(cause);
        if (TEMPORARY.has(error.code) && !this.#closed) {
          this.#timer = setTimeout(() => this.flush(), backoffMs(this.#attempt, BACKOFF));
          this.#attempt += 1;
          return;
        }
        this.#fail(id, error);
      }
    }
  }

  #fail(id: string, error: CanopyError): void {
    this.#replace(id, (pending) => ({ ...pending, state: 'failed', error }));
  }

  #replace(id: string, change: (pending: PendingMessage) => PendingMessage): void {
    this.#list = this.#list.map((pending) => (pending.id === id ? change(pending) : pending));
    this.#host.changed();
  }
}
