import { LRUCache } from 'lru-cache';

/** How long someone who was denied is kept out of the lobby, in milliseconds. */
const DENIED_MS = 300_000;
/** After this many denials within that time, everyone from the network is kept out. */
const DENIALS_PER_NETWORK = 3;
const MAX_REMEMBERED = 10_000;

/** Someone in front of a lobby. */
export interface Knocker {
  roomId: string;
  /** The account, or the key of a client without one. */
  key: string;
  /** As named by networkOf(). */
  network: string;
}

/** Who was denied lately, so that they cannot keep knocking. A new key alone does not help: denials count per network too. */
export class Denials {
  readonly #denied = new LRUCache<string, true>({ max: MAX_REMEMBERED, ttl: DENIED_MS });
  readonly #networks = new LRUCache<string, number>({ max: MAX_REMEMBERED, ttl: DENIED_MS });

  add({ roomId, key, network }: Knocker): void {
    this.#denied.set(`${roomId} ${key}`, true);
    const from = `${roomId} ${network}`;
    this.#networks.set(from, (this.#networks.get(from) ?? 0) + 1);
  }

  has({ roomId, key, network }: Knocker): boolean {
    return (
      this.#denied.has(`${roomId} ${key}`) ||
      (this.#networks.get(`${roomId} ${network}`) ?? 0) >= DENIALS_PER_NETWORK
    );
  }

  /** Forgets an account's denial, since it was let in. */
  clear({ roomId, key }: Pick<Knocker, 'roomId' | 'key'>): void {
    this.#denied.delete(`${roomId} ${key}`);
  }
}
