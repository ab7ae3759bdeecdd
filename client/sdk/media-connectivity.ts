import type { types } from 'mediasoup-client';

/**
 * Whether media gets through in one direction. `idle`: nothing was to be sent or received yet. `failed`: it has not connected for some seconds;
 * attempts go on, so `connected` may follow.
 */
export type MediaState = 'idle' | 'connecting' | 'connected' | 'failed';

/** Where the server takes media: what a firewall has to let through. */
export type MediaEndpoint = Pick<types.IceCandidate, 'protocol' | 'address' | 'port'>;

export interface MediaConnectivity {
  state: MediaState;
  /** The server's addresses and ports of this direction; empty while `idle`. */
  endpoints: readonly MediaEndpoint[];
}

/** What a transport says of its path; `lost`: it was connected before. */
export type PathState = 'connecting' | 'connected' | 'lost';

/** How long the first connection may take, and how long a lost one may be away, before it counts as failed, in milliseconds. */
const FIRST_CONNECTION_MS = 4000;
const LOST_CONNECTION_MS = 2000;

/** Judges one direction across its transports: replacing a transport does not restart the clock. */
export class ConnectivityMonitor {
  readonly #changed: (connectivity: MediaConnectivity) => void;
  #current: MediaConnectivity = { state: 'idle', endpoints: [] };
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(changed: (connectivity: MediaConnectivity) => void) {
    this.#changed = changed;
  }

  get current(): MediaConnectivity {
    return this.#current;
  }

  update(path: PathState, endpoints: readonly MediaEndpoint[]): void {
    if (path === 'connected') {
      this.#clear();
      this.#set('connected', endpoints);
      return;
    }
    if (this.#current.state !== 'failed') this.#set('connecting', endpoints);
    if (this.#current.state === 'failed' || this.#timer !== undefined) return;
    const patienceMs = path === 'lost' ? LOST_CONNECTION_MS : FIRST_CONNECTION_MS;
    this.#timer = setTimeout(() => this.#set('failed', this.#current.endpoints), patienceMs);
  }

  /** The room moves or closes: nothing is known any more. */
  reset(): void {
    this.#clear();
    this.#set('idle', []);
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #set(state: MediaState, endpoints: readonly MediaEndpoint[]): void {
    const isNews = state !== this.#current.state;
    this.#current = { state, endpoints };
    if (state === 'failed') this.#clear();
    if (isNews) this.#changed(this.#current);
  }
}
