import type { Session } from '../../kernel/index.ts';

/** A program on a device: where a call is placed or answered. The same after a reconnect. */
export interface Endpoint {
  deviceId: string;
  clientId: string;
}

export function isSameEndpoint(one: Endpoint | undefined, other: Endpoint | undefined): boolean {
  return (
    one !== undefined &&
    other !== undefined &&
    one.deviceId === other.deviceId &&
    one.clientId === other.clientId
  );
}

interface Watching {
  accountId: string;
  endpoint: Endpoint;
}

/** The connections that ring, by account. */
export class CallDevices {
  readonly #watching = new Map<Session, Watching>();
  readonly #byAccount = new Map<string, Set<Session>>();
  /** Called when the last connection of an endpoint is gone. */
  onGone: (accountId: string, endpoint: Endpoint) => void = () => {};

  /** Makes a connection ring until it closes. */
  add(session: Session, watching: Watching): void {
    if (!this.#watching.has(session)) {
      session.releases.push(() => this.#remove(session));
    }
    this.#watching.set(session, watching);
    const theirs = this.#byAccount.get(watching.accountId) ?? new Set();
    this.#byAccount.set(watching.accountId, theirs.add(session));
  }

  /** The connections of an account that ring, each with its endpoint. */
  of(accountId: string): Array<{ session: Session; endpoint: Endpoint }> {
    return [...(this.#byAccount.get(accountId) ?? [])].flatMap((session) => {
      const watching = this.#watching.get(session);
      return watching ? [{ session, endpoint: watching.endpoint }] : [];
    });
  }

  isConnected(accountId: string, endpoint: Endpoint): boolean {
    return this.of(accountId).some((each) => isSameEndpoint(each.endpoint, endpoint));
  }

  #remove(session: Session): void {
    const watching = this.#watching.get(session);
    if (!watching) {
      return;
    }
    const { accountId, endpoint } = watching;
    this.#watching.delete(session);
    const theirs = this.#byAccount.get(accountId);
    theirs?.delete(session);
    if (theirs?.size === 0) {
      this.#byAccount.delete(accountId);
    }
    if (!this.isConnected(accountId, endpoint)) {
      this.onGone(accountId, endpoint);
    }
  }
}
