import { CanopyError } from '../../../../base/index.ts';

/** Transfers of one account at once, and of everyone together. */
const PER_ACCOUNT = 6;
const ALL = 300;

/** Counts uploads and downloads in progress: each holds a connection and an open file. */
export class Transfers {
  readonly #byAccount = new Map<string, number>();
  #all = 0;

  /** Returns a function to call when the transfer has ended. @throws {CanopyError} RATE_LIMITED, SERVER_BUSY */
  begin(accountId: string): () => void {
    const own = this.#byAccount.get(accountId) ?? 0;
    if (own >= PER_ACCOUNT) {
      throw new CanopyError('RATE_LIMITED', `at most ${PER_ACCOUNT} files at a time`);
    }
    if (this.#all >= ALL) {
      throw new CanopyError('SERVER_BUSY', `at most ${ALL} files at a time`);
    }
    this.#byAccount.set(accountId, own + 1);
    this.#all += 1;
    let hasEnded = false;
    return () => {
      if (hasEnded) {
        return;
      }
      hasEnded = true;
      const left = (this.#byAccount.get(accountId) ?? 1) - 1;
      if (left > 0) {
        this.#byAccount.set(accountId, left);
      } else {
        this.#byAccount.delete(accountId);
      }
      this.#all -= 1;
    };
  }
}
