import type { RequestResult } from '../../contract/index.ts';
import type { Connection } from './connection.ts';

/** A telephone of this account. */
export type OwnPhone = RequestResult<'phone.list'>['phones'][number];
/** What must be entered in a new phone. */
export type NewPhone = RequestResult<'phone.add'>;

/** The telephones of this account, which ring when it is called: see Client.phones. */
export class OwnPhones {
  readonly #connection: Connection;

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The phones and telephone numbers of this account. @throws {CanopyError} FORBIDDEN - for guests */
  list(): Promise<RequestResult<'phone.list'>> {
    return this.#connection.request('phone.list', {});
  }

  /** Adds a phone. Only this answer has its password. @throws {CanopyError} GATEWAY_MISSING, LIMIT_REACHED, RATE_LIMITED */
  add(displayName: string): Promise<NewPhone> {
    return this.#connection.request('phone.add', { displayName });
  }

  /** Whether a phone rings when this account is called. */
  async setRings(username: string, rings: boolean): Promise<void> {
    await this.#connection.request('phone.configure', { username, rings });
  }

  /** Removes a phone: it can register no more. */
  async remove(username: string): Promise<void> {
    await this.#connection.request('phone.remove', { username });
  }
}
