import type { RequestInput } from '../../contract/index.ts';
import type { Connection } from './connection.ts';

/** What a browser's push service made for this page: PushSubscription.toJSON(). */
export type PushTarget = RequestInput<'push.subscribe'>;

/** Notifications of this device by the push service of its browser, while no page is open: see Client.push. Guests have none. */
export class Push {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The `applicationServerKey` for PushManager.subscribe(), base64url. @throws {CanopyError} FORBIDDEN */
  async key(): Promise<string> {
    return (await this.#connection.request('push.key', {})).publicKey;
  }

  /** @throws {CanopyError} TARGET_REFUSED - the server sends nothing to this push service; LIMIT_REACHED, RATE_LIMITED */
  async subscribe(target: PushTarget): Promise<void> {
    await this.#connection.request('push.subscribe', target);
  }

  async unsubscribe(): Promise<void> {
    await this.#connection.request('push.unsubscribe', {});
  }
}
