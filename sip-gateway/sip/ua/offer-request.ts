import type { HeaderField } from '../message/index.ts';

/** A peer's request to change the session. Accept or reject it once. */
export class OfferRequest {
  /** The peer's offer; undefined if it requests ours (a re-INVITE without SDP). */
  readonly sdp: string | undefined;
  /** The same offer with encrypted audio, if the peer has sent both as alternatives. */
  readonly encryptedSdp: string | undefined;
  readonly method: 'INVITE' | 'UPDATE' | 'PRACK';
  readonly #onAccept: (sdp: string) => void;
  readonly #onReject: (status: number, headers: readonly HeaderField[]) => void;
  #done = false;

  constructor(
    method: 'INVITE' | 'UPDATE' | 'PRACK',
    { sdp, encryptedSdp }: { sdp?: string; encryptedSdp?: string },
    onAccept: (sdp: string) => void,
    onReject: (status: number, headers: readonly HeaderField[]) => void,
  ) {
    this.method = method;
    this.sdp = sdp;
    this.encryptedSdp = encryptedSdp;
    this.#onAccept = onAccept;
    this.#onReject = onReject;
  }

  /** Answers the offer, or makes ours if the peer made none. The call then emits `answer`. */
  accept(sdp: string): void {
    if (this.#done) {
      return;
    }
    this.#done = true;
    this.#onAccept(sdp);
  }

  /** Refuses. `headers`: extra fields such as Warning. The session stays unchanged. */
  reject(status = 488, headers: readonly HeaderField[] = []): void {
    if (this.#done) {
      return;
    }
    this.#done = true;
    this.#onReject(status, headers);
  }

  /** The peer withdrew the request, or the call ended: accept() and reject() have no effect any more. */
  withdraw(): void {
    this.#done = true;
  }
}
