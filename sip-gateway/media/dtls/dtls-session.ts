import type { Endpoint } from '../rtp/index.ts';
import type { Srtp } from '../srtp/index.ts';
import type { Dtls, DtlsState } from './dtls.ts';

export interface DtlsSessionOptions {
  dtls: Dtls;
  srtp: Srtp;
  /** Of the process. */
  association: number;
  /** Whether we begin the handshake. */
  active: boolean;
  send: (datagram: Uint8Array, target: Endpoint) => void;
  /** The peer is who its SDP says, and was reached at this address. */
  onConnected: (peer: Endpoint) => void;
  onFailed: (reason: string) => void;
}

/** Interval of the checks whether a flight must be repeated, in milliseconds. */
const TICK_MS = 100;

/**
 * The DTLS of one port, in a media thread. The association and the SRTP contexts made from its keys belong to the process, so a leg that moves
 * to another thread continues with both.
 */
export class DtlsSession {
  readonly #options: DtlsSessionOptions;
  #contexts: { send: number; receive: number } | undefined;
  #failed = false;
  /** Where the last datagram came from. */
  #peer: Endpoint | undefined;
  #nextMs = 0;

  constructor(options: DtlsSessionOptions) {
    this.#options = options;
    this.#contexts = options.dtls.contexts(options.association);
  }

  /** Set once the handshake is complete. */
  get contexts(): { send: number; receive: number } | undefined {
    return this.#contexts;
  }

  get association(): number {
    return this.#options.association;
  }

  receive(datagram: Uint8Array, { address, port }: Endpoint): void {
    if (this.#failed) {
      return;
    }
    const peer = { address, port };
    this.#peer = peer;
    const { dtls, association } = this.#options;
    this.#proceed(dtls.receive(association, datagram), peer);
  }

  /** Begins the handshake, and repeats flights. `target`: where to, until the peer is heard; undefined: not yet known. */
  tick(nowMs: number, target: Endpoint | undefined): void {
    if (this.#contexts || this.#failed || nowMs < this.#nextMs) {
      return;
    }
    this.#nextMs = nowMs + TICK_MS;
    const peer = this.#peer ?? target;
    if (peer && (this.#peer || this.#options.active)) {
      const { dtls, association } = this.#options;
      this.#proceed(dtls.receive(association), peer);
    }
  }

  #proceed(state: DtlsState, peer: Endpoint): void {
    const { dtls, association, send, onConnected, onFailed } = this.#options;
    for (const datagram of dtls.sending(association)) {
      send(datagram, peer);
    }
    if (state === 'failed') {
      this.#failed = true;
      onFailed(dtls.failure(association));
    } else if (state === 'connected' && !this.#contexts) {
      this.#contexts = this.#openContexts();
      if (this.#contexts) {
        onConnected(peer);
      }
    }
  }

  #openContexts(): { send: number; receive: number } | undefined {
    const { dtls, srtp, association, active } = this.#options;
    const keys = dtls.keys(association);
    if (!keys) {
      return undefined;
    }
    const { suite, client, server } = keys;
    const send = srtp.open({ sending: true, suite, key: active ? client : server });
    let receive: number | undefined;
    try {
      receive = srtp.open({ sending: false, suite, key: active ? server : client });
      if (dtls.attach(association, { send, receive })) {
        return { send, receive };
      }
    } catch (error) {
      srtp.close(send);
      throw error;
    }
    // The call has ended meanwhile.
    srtp.close(send);
    srtp.close(receive);
    return undefined;
  }
}
