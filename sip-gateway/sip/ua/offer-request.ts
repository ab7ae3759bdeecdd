import type { HeaderField } from '../message/index.ts';

/** A request from the peer to change the session, to be accepted or refused once. */
export class OfferRequest {
  /** The peer's offer; undefined if it asks us to offer (a re-INVITE without SDP). */
  readonly sdp: string | undefined;
  readonly method: 'INVITE' | 'UPDATE' | 'PRACK';
  readonly #onAccept: (sdp: string) => void;
  readonly #onReject: (status: number, headers: readonly HeaderField[]) => void;
  #done = false;

  constructor(
    method: 'INVITE' | 'UPDATE' | 'PRACK',
    sdp: string | undefined,
    onAccept: (sdp: string) => void,
    onReject: (status: number, headers: readonly HeaderField[]) => void,
  ) {
    this.method = method;
    this.sdp = sdp;
    this.#onAccept = onAccept;
    this.#onReject = onReject;
  }

  /** Answers the offer, or makes ours if the peer made none: the answer then comes as the call's event `answer`. */
  accept(sdp: string): void {
    if (this.#done) {
      return;
    }
    this.#done = true;
    this.#onAccept(sdp);
  }

  /** Refuses, with extra fields such as Warning; the session stays unchanged. */
  reject(status = 488, headers: readonly HeaderField[] = []): void {
    if (this.#done) {
      return;
    }
    this.#done = true;
    this.#onReject(status, headers);
  }

  /** The peer withdrew it, or the call ended: further calls do nothing. */
  withdraw(): void {
    this.#done = true;
  }
}
