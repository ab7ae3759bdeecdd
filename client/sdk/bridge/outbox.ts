import type { RequestInput, RequestName } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import type { Connection } from '../connection.ts';
import { Reconciler } from '../reconciler.ts';

/** Most that waits: an hour of busy telephony, and calls enough for one message when the gateway registers anew. */
const MOST = 4000;

interface Item {
  name: RequestName;
  data: unknown;
  told: PromiseWithResolvers<void>;
}

/**
 * What the server must hear, however long it is away or refuses for the moment: kept until it has answered, and sent one after the other,
 * so that a server that is back is not flooded. For requests that do no harm when they come twice.
 */
export class Outbox {
  readonly #connection: Connection;
  /** The oldest first. */
  readonly #items = new Map<string, Item>();
  readonly #sending = new Reconciler({ pass: () => this.#send(), onFailure: () => 'retry' });

  /** Ends with the connection. */
  constructor(connection: Connection) {
    this.#connection = connection;
    connection.on('state', (state) => {
      if (state === 'closed') {
        this.#giveUpAll();
      }
    });
  }

  /**
   * Sends a request in its turn. What waits under the same key is replaced by it, and told when it is. Rejects with what the server
   * refused it with, SERVER_BUSY when too much waits, or CONNECTION_LOST when the connection is closed.
   */
  put<N extends RequestName>(key: string, name: N, data: RequestInput<N>): Promise<void> {
    if (this.#connection.state === 'closed') {
      return Promise.reject(new CanopyError('CONNECTION_LOST', name));
    }
    const told = this.#items.get(key)?.told ?? Promise.withResolvers<void>();
    this.#items.set(key, { name, data, told });
    if (this.#items.size > MOST) {
      this.#giveUp(this.#first()[0], new CanopyError('SERVER_BUSY', name));
    }
    this.#sending.poke({ patient: true });
    return told.promise;
  }

  /** Resolves when the server has heard everything, or the connection is closed. */
  async emptied(): Promise<void> {
    while (this.#items.size > 0) {
      await Promise.allSettled([...this.#items.values()].map(({ told }) => told.promise));
    }
  }

  async #send(): Promise<void> {
    while (this.#items.size > 0) {
      const [key, item] = this.#first();
      const error = await this.#connection.request(item.name, item.data as never).then(
        () => undefined,
        (cause: unknown) => CanopyError.from(cause),
      );
      // What has replaced it in the meantime has its turn at once.
      if (this.#items.get(key) !== item) {
        continue;
      }
      if (error?.retryable) {
        throw error;
      }
      if (error) {
        this.#giveUp(key, error);
      } else {
        this.#items.delete(key);
        item.told.resolve();
      }
    }
  }

  #first(): [string, Item] {
    return this.#items.entries().next().value as [string, Item];
  }

  #giveUp(key: string, error: CanopyError): void {
    const item = this.#items.get(key);
    this.#items.delete(key);
    item?.told.reject(error);
  }

  #giveUpAll(): void {
    for (const [key, { name }] of [...this.#items]) {
      this.#giveUp(key, new CanopyError('CONNECTION_LOST', name));
    }
    this.#sending.stop();
  }
}
