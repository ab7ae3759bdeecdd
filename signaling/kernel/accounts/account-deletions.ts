import { CanopyError, type Logger } from '../../../base/index.ts';
import type { Hook } from '../hook.ts';
import type { Accounts } from './accounts.ts';

export interface AccountDeletionsOptions {
  accounts: Pick<Accounts, 'find' | 'markDeleted' | 'markedDeleted' | 'remove'>;
  scrubber: { soon(): void };
  /** Deletes what the account wrote and owns. May run again after a crash. */
  erasing: Hook<string>;
  /** Deletes what is about the account. May run again after a crash. */
  deleting: Hook<string>;
  log: Logger;
}

/** Deletes accounts with everything that they left, as their owners or the operator ask. What a crash interrupted goes on at the next start. */
export class AccountDeletions {
  readonly #options: AccountDeletionsOptions;
  /** Deletions run one after another. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: AccountDeletionsOptions) {
    this.#options = options;
  }

  /** Call it when the account is revoked. Resolves when nothing is left. @throws {CanopyError} STORE_BUSY and the like: it goes on at the next start */
  async delete(accountId: string): Promise<void> {
    await this.#options.accounts.markDeleted(accountId);
    await this.#queued(() => this.#finish(accountId));
  }

  /** Finishes what was interrupted. Never rejects. */
  async resume(): Promise<void> {
    try {
      for (const accountId of await this.#options.accounts.markedDeleted()) {
        await this.#queued(() => this.#finish(accountId));
      }
    } catch (error) {
      this.#options.log.warn(
        { err: error },
        'could not finish deleting accounts; trying again at the next start',
      );
    }
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }

  async #finish(accountId: string): Promise<void> {
    const { accounts, erasing, deleting, scrubber, log } = this.#options;
    if (this.#closed) {
      throw new CanopyError('SERVER_CLOSING');
    }
    await erasing.run(accountId);
    await deleting.run(accountId);
    await accounts.remove(accountId);
    scrubber.soon();
    log.info({ accountId }, 'account deleted');
  }

  #queued(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
