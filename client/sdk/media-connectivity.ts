import type { types } from 'mediasoup-client';

/**
 * Whether media gets through in one direction. `idle`: nothing to send or receive yet. `failed`: no connection for some seconds; attempts
 * continue, so `connected` may follow.
 */
export type MediaState = 'idle' | 'connecting' | 'connected' | 'failed';

/** A server address and port for media, which firewalls must allow. */
export type MediaEndpoint = Pick<types.IceCandidate, 'protocol' | 'address' | 'port'>;

export interface MediaConnectivity {
  state: MediaState;
  /** The server's addresses and ports for this direction; empty while `idle`. */
  endpoints: readonly MediaEndpoint[];
}

/** State of a transport's network path. `lost`: it was connected before. */
export type PathState = 'connecting' | 'connected' | 'lost';

/** Media counts as failed this long after the first attempt, or after a loss, in milliseconds. */
const FIRST_CONNECTION_MS = 4000;
const LOST_CONNECTION_MS = 2000;

/** Tracks one direction's connectivity across its transports: replacing a transport does not restart the timeout. */
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
    const timeoutMs = path === 'lost' ? LOST_CONNECTION_MS : FIRST_CONNECTION_MS;
    this.#timer = setTimeout(() => this.#set('failed', this.#current.endpoints), timeoutMs);
  }

  /** Back to `idle`, since the room moves or closes. */
  reset(): void {
    this.#clear();
    this.#set('idle', []);
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #set(state: MediaState, endpoints: readonly MediaEndpoint[]): void {
    const isChange = state !== this.#current.state;
    this.#current = { state, endpoints };
    if (state === 'failed') {
      this.#clear();
    }
    if (isChange) {
      this.#changed(this.#current);
    }
  }
}
