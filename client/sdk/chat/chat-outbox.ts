import type { RequestInput } from '../../../contract/index.ts';
import { CanopyError, type ErrorCode } from '../../../contract/light.ts';
import { backoffMs } from '../backoff.ts';
import type { FileUpload } from './file-upload.ts';

export interface NewMessage {
  /** May be empty if there are files. */
  text: string;
  /** Files that are being uploaded, or have been: the message is sent once all are there. At most 10. */
  files?: readonly FileUpload[];
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
  'ENCRYPTION_STALE',
]);

/**
 * Messages on their way: sent one at a time in their order (those with files once these are uploaded), and again after a lost connection, under the same id, so that each arrives once.
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
    for (const upload of this.#list.find((pending) => pending.id === id)?.files ?? []) {
      upload.retry();
    }
    this.#replace(id, ({ error: _, ...pending }) => ({ ...pending, state: 'sending' }));
    this.flush();
  }

  /** Drops a message, because the server has it. */
  drop(id: string): void {
    const rest = this.#list.filter((pending) => pending.id !== id);
    if (rest.length < this.#list.length) {
      this.#list = rest;
      this.#host.changed();
    }
  }

  /** Drops a message that the user does not want any more, with its files. */
  discard(id: string): void {
    const files = this.#list.find((pending) => pending.id === id)?.files;
    this.drop(id);
    for (const upload of files ?? []) {
      upload.cancel();
    }
  }

  /** An upload has changed: its message may be ready, or have failed. */
  uploaded(): void {
    for (const { id, state, files = [] } of this.#list) {
      const failed = files.find((upload) => upload.state === 'failed');
      if (failed && state === 'sending') {
        this.#fail(id, failed.error ?? new CanopyError('INTERNAL'));
      }
    }
    this.flush();
  }

  /** Sends what waits, without waiting for the next attempt. */
  flush(): void {
    clearTimeout(this.#timer);
    if (!this.#sending && !this.#closed) {
      this.#sending = true;
      void this.#sendAll();
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
      const next = this.#list.find(
        ({ id, state, files = [] }) =>
          state === 'sending' && !done.has(id) && files.every((upload) => upload.state === 'done'),
      );
      if (!next || this.#closed) {
        this.#sending = false;
        return;
      }
      const { id, text, replyTo, mentions, files } = next;
      try {
        await this.#host.send({
          id,
          text,
          ...(replyTo !== undefined && { replyTo }),
          ...(mentions !== undefined && { mentions }),
          ...(files && { files: files.map(({ description }) => description) }),
        });
        // It is dropped once it is in the chat.
        done.add(id);
        this.#attempt = 0;
      } catch (cause) {
        const error = CanopyError.from(cause);
        if (TEMPORARY.has(error.code) && !this.#closed) {
          this.#timer = setTimeout(() => this.flush(), backoffMs(this.#attempt, BACKOFF));
          this.#attempt += 1;
          // At once: a flush() that comes now has to start.
          this.#sending = false;
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
