import type { types } from 'mediasoup-client';

/**
 * Whether media gets through in one direction. `idle`: nothing to send or receive so far. `failed`: no connection for some seconds;
 * attempts continue, so `connected` may follow.
 */
export type MediaState = 'idle' | 'connecting' | 'connected' | 'failed';

/** Where the server receives media: the addresses and ports that a firewall must let through. */
export type MediaEndpoint = Pick<types.IceCandidate, 'protocol' | 'address' | 'port'>;

export interface MediaConnectivity {
  state: MediaState;
  /** The server's addresses and ports for this direction; empty while `idle`. */
  endpoints: readonly MediaEndpoint[];
}

/** A transport's report on its path; `lost`: it was connected before. */
export type PathState = 'connecting' | 'connected' | 'lost';

/** When media counts as failed: this long after the first attempt, or after a loss, in milliseconds. */
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
    if (this.#current.state !== 'failed') {
      this.#set('connecting', endpoints);
    }
    if (this.#current.state === 'failed' || this.#timer !== undefined) {
      return;
    }
    const patienceMs = path === 'lost' ? LOST_CONNECTION_MS : FIRST_CONNECTION_MS;
    this.#timer = setTimeout(() => this.#set('failed', this.#current.endpoints), patienceMs);
  }

  /** The room moves or closes: forgets everything. */
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
    if (state === 'failed') {
      this.#clear();
    }
    if (isNews) {
      this.#changed(this.#current);
    }
  }
}
