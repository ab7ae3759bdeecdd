import type { RequestInput, RequestName } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import type { Connection } from '../connection.ts';
import { Reconciler } from '../reconciler.ts';

/** Maximum number of waiting requests: an hour of busy telephony, whose call ids still fit into one `gateway.register`. */
const MAX_ITEMS = 4000;

interface Item {
  name: RequestName;
  data: unknown;
  delivery: PromiseWithResolvers<void>;
}

/**
 * Requests that must reach the server, however long it is unreachable or refuses temporarily. Each is kept until it is answered, and they
 * are sent one at a time, so that a server that has just come back is not flooded. For idempotent requests only.
 */
export class Outbox {
  readonly #connection: Connection;
  /** By key, oldest first. */
  readonly #items = new Map<string, Item>();
  readonly #sending = new Reconciler({ pass: () => this.#send(), onFailure: () => 'retry' });

  /** Closes when the connection closes. */
  constructor(connection: Connection) {
    this.#connection = connection;
    connection.on('state', (state) => {
      if (state === 'closed') {
        this.#failAll();
      }
    });
  }

  /**
   * Enqueues a request. It replaces a waiting request with the same key, whose promise then settles with it.
   *
   * @throws {CanopyError} SERVER_BUSY - too many requests are waiting; CONNECTION_LOST - the connection is closed; and the server's refusal
   */
  put<N extends RequestName>(key: string, name: N, data: RequestInput<N>): Promise<void> {
    if (this.#connection.state === 'closed') {
      return Promise.reject(new CanopyError('CONNECTION_LOST', name));
    }
    const delivery = this.#items.get(key)?.delivery ?? Promise.withResolvers<void>();
    this.#items.set(key, { name, data, delivery });
    if (this.#items.size > MAX_ITEMS) {
      this.#fail(this.#first()[0], new CanopyError('SERVER_BUSY', name));
    }
    this.#sending.poke({ patient: true });
    return delivery.promise;
  }

  /** Resolves when the outbox is empty or the connection is closed. */
  async emptied(): Promise<void> {
    while (this.#items.size > 0) {
      await Promise.allSettled([...this.#items.values()].map(({ delivery }) => delivery.promise));
    }
  }

  async #send(): Promise<void> {
    while (this.#items.size > 0) {
      const [key, item] = this.#first();
      const error = await this.#connection.request(item.name, item.data as never).then(
        () => undefined,
        (cause: unknown) => CanopyError.from(cause),
      );
      // If it was replaced in the meantime, the replacement is sent next.
      if (this.#items.get(key) !== item) {
        continue;
      }
      if (error?.retryable) {
        throw error;
      }
      if (error) {
        this.#fail(key, error);
      } else {
        this.#items.delete(key);
        item.delivery.resolve();
      }
    }
  }

  #first(): [string, Item] {
    return this.#items.entries().next().value as [string, Item];
  }

  #fail(key: string, error: CanopyError): void {
    const item = this.#items.get(key);
    this.#items.delete(key);
    item?.delivery.reject(error);
  }

  #failAll(): void {
    for (const [key, { name }] of [...this.#items]) {
      this.#fail(key, new CanopyError('CONNECTION_LOST', name));
    }
    this.#sending.stop();
  }
}
