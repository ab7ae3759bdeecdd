/** Whose offer waits for its answer (RFC 3264 §4, RFC 6337). */
export type OfferState = 'stable' | 'local-offer' | 'remote-offer';

/**
 * The offer/answer state of one session. At most one offer is open; receiveOffer() decides about others (RFC 3311 §5.2, RFC 3261 §14.2).
 */
export class OfferAnswer {
  #state: OfferState = 'stable';
  #local: string | undefined;
  #remote: string | undefined;
  #pendingLocal: string | undefined;
  #pendingRemote: string | undefined;

  /** Continues a session of an earlier process. */
  restore(local: string | undefined, remote: string | undefined): void {
    this.#local = local;
    this.#remote = remote;
    this.#settle();
  }

  get state(): OfferState {
    return this.#state;
  }

  /** Our SDP of the current session. */
  get local(): string | undefined {
    return this.#local;
  }

  /** The peer's SDP of the current session. */
  get remote(): string | undefined {
    return this.#remote;
  }

  sendOffer(sdp: string): void {
    this.#state = 'local-offer';
    this.#pendingLocal = sdp;
  }

  /** `accepted`, or the status to refuse with: 491 if our offer is open, 500 if theirs is. */
  receiveOffer(sdp: string): 'accepted' | 491 | 500 {
    if (this.#state === 'local-offer') {
      return 491;
    }
    if (this.#state === 'remote-offer') {
      return 500;
    }
    this.#state = 'remote-offer';
    this.#pendingRemote = sdp;
    return 'accepted';
  }

  /** Takes the answer to our offer. Returns false if no offer of ours is open; then it must be ignored (RFC 3261 §13.2.1). */
  receiveAnswer(sdp: string): boolean {
    if (this.#state !== 'local-offer') {
      return false;
    }
    this.#local = this.#pendingLocal;
    this.#remote = sdp;
    this.#settle();
    return true;
  }

  sendAnswer(sdp: string): void {
    this.#remote = this.#pendingRemote;
    this.#local = sdp;
    this.#settle();
  }

  /** Drops an open offer; the current session stays. */
  rollback(): void {
    this.#settle();
  }

  #settle(): void {
    this.#state = 'stable';
    this.#pendingLocal = undefined;
    this.#pendingRemote = undefined;
  }
}
