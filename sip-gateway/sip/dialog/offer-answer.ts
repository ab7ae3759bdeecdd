/** Which side's offer waits for its answer (RFC 3264 §4, RFC 6337). */
export type OfferState = 'stable' | 'local-offer' | 'remote-offer';

/**
 * The offer/answer state of one session: at most one offer is open. `receiveOffer` says what RFC 3311 §5.2 and RFC 3261 §14.2
 * want where two meet.
 */
export class OfferAnswer {
  #state: OfferState = 'stable';
  #local: string | undefined;
  #remote: string | undefined;
  #pendingLocal: string | undefined;
  #pendingRemote: string | undefined;

  get state(): OfferState {
    return this.#state;
  }

  /** Our side of the session in force. */
  get local(): string | undefined {
    return this.#local;
  }

  /** The peer's side of the session in force. */
  get remote(): string | undefined {
    return this.#remote;
  }

  sendOffer(sdp: string): void {
    this.#state = 'local-offer';
    this.#pendingLocal = sdp;
  }

  /** `accepted`, or the status to refuse with: 491 where our offer is open, 500 where theirs is. */
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

  /** The answer to our offer; false where none is open: then it means nothing (RFC 3261 §13.2.1). */
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

  /** The open offer failed: the session stays as it was. */
  rollback(): void {
    this.#settle();
  }

  #settle(): void {
    this.#state = 'stable';
    this.#pendingLocal = undefined;
    this.#pendingRemote = undefined;
  }
}
