import type { ReferContent } from './read-refer.ts';
import type { ReferNotifier } from './refer-notifier.ts';

/** A peer's request that we call someone in its place (RFC 3515). Accept or reject it once. */
export class ReferRequest {
  readonly content: ReferContent;
  readonly #onAccept: () => ReferNotifier;
  readonly #onReject: (status: number, reason: string | undefined) => void;
  #done = false;

  constructor(
    content: ReferContent,
    onAccept: () => ReferNotifier,
    onReject: (status: number, reason: string | undefined) => void,
  ) {
    this.content = content;
    this.#onAccept = onAccept;
    this.#onReject = onReject;
  }

  get done(): boolean {
    return this.#done;
  }

  /** Answers 202. Tell the notifier how the call gets on, and its final status in any case. */
  accept(): ReferNotifier {
    this.#done = true;
    return this.#onAccept();
  }

  /** Refuses. Nothing happens if it is already accepted or rejected. */
  reject(status = 603, reason?: string): void {
    if (!this.#done) {
      this.#done = true;
      this.#onReject(status, reason);
    }
  }
}
