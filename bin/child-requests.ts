import { CanopyError, type ErrorBody } from '../base/index.ts';
import type { ErrorCode } from '../contract/light.ts';

/** What was asked of a child process and is not answered yet. */
export class ChildRequests<Result> {
  readonly #waiting = new Map<number, { resolve(result: Result): void; reject(error: CanopyError): void }>();
  readonly #unavailable: ErrorCode;
  readonly #detail: string | undefined;
  #lastId = 0;

  /** @param unavailable code of the error when the process is down @param detail its detail */
  constructor(unavailable: ErrorCode, detail?: string) {
    this.#unavailable = unavailable;
    this.#detail = detail;
  }

  /**
   * Asks, and resolves with the answer.
   *
   * @param send sends the question with this id to the process; returns false if there is none
   * @throws {CanopyError} what the process answers; the code of the constructor - it is down, or has ended before the answer
   */
  async ask(send: (id: number) => boolean): Promise<Result> {
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#waiting.set(id, { resolve, reject });
    try {
      if (!send(id)) {
        throw this.#down();
      }
      return await promise;
    } finally {
      this.#waiting.delete(id);
    }
  }

  done(id: number, result: Result): void {
    this.#waiting.get(id)?.resolve(result);
  }

  refused(id: number, error: ErrorBody): void {
    this.#waiting.get(id)?.reject(CanopyError.fromBody(error));
  }

  /** The process has ended: nothing will be answered. */
  abandon(): void {
    for (const { reject } of [...this.#waiting.values()]) {
      reject(this.#down());
    }
  }

  #down(): CanopyError {
    return new CanopyError(this.#unavailable, this.#detail);
  }
}
