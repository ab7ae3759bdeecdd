import { ERROR_CODES, type ErrorCode } from './codes.ts';

/** The plain form of an error on the wire and in logs. */
export interface ErrorBody {
  /** An ErrorCode, or the code of a newer server. */
  code: string;
  /** A sentence for a person: what happened and what to do. */
  message: string;
  /** What exactly was wrong, e.g. the path of the bad field. At most 300 characters; never contains secrets. */
  detail?: string;
  retryable?: boolean;
}

/** Maximum length of a detail, in UTF-16 code units: it may quote client input, but must not echo all of it. */
const MAX_DETAIL_LENGTH = 300;

/** An error with a stable code from the table in codes.ts. */
export class CanopyError extends Error {
  override readonly name = 'CanopyError';
  readonly code: ErrorCode;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, detail?: string, options?: ErrorOptions) {
    super(ERROR_CODES[code].message, options);
    this.code = code;
    this.detail = detail === undefined ? undefined : shortened(detail);
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  get retryable(): boolean {
    return 'retryable' in ERROR_CODES[this.code];
  }

  toJSON(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.detail !== undefined && { detail: this.detail }),
      ...(this.retryable && { retryable: true }),
    };
  }

  /** Creates an error from what came over the wire. An unknown code (from a newer server) becomes INTERNAL, with the code as detail. */
  static fromBody(body: ErrorBody): CanopyError {
    return body.code in ERROR_CODES
      ? new CanopyError(body.code as ErrorCode, body.detail)
      : new CanopyError('INTERNAL', `${body.code}: ${body.message}`);
  }

  /**
   * Returns a CanopyError unchanged and wraps anything else, keeping it as the cause: SERVER_BUSY if the process or the system is out of
   * file descriptors, else INTERNAL.
   */
  static from(error: unknown): CanopyError {
    if (error instanceof CanopyError) {
      return error;
    }
    const isBusy = /^E[MN]FILE$/.test(String((error as { code?: unknown } | null | undefined)?.code));
    return new CanopyError(isBusy ? 'SERVER_BUSY' : 'INTERNAL', undefined, { cause: error });
  }
}

function shortened(detail: string): string {
  return detail.length <= MAX_DETAIL_LENGTH
    ? detail
    : `${detail.slice(0, MAX_DETAIL_LENGTH - 1).toWellFormed()}…`;
}
