import { CanopyError } from '../../../../../base/index.ts';

/** A cause of failures, in terms of the configuration. */
interface Cause {
  /** Codes of an answer, or of the network. */
  codes: RegExp;
  setting: string;
  problem: string;
  /** Whether it may concern only some requests, e.g. deletions. */
  isOfRequest?: boolean;
}

const CAUSES: readonly Cause[] = [
  {
    codes: /^(InvalidAccessKeyId|XAdminUserNotFound)$/,
    setting: 's3AccessKey',
    problem: 'the storage does not know this access key',
  },
  {
    codes: /^(SignatureDoesNotMatch|InvalidSignature)$/,
    setting: 's3Secret',
    problem: 'the secret does not belong to the access key',
  },
  { codes: /^NoSuchBucket$/, setting: 's3Url', problem: 'there is no such bucket' },
  {
    codes:
      /^(AuthorizationHeaderMalformed|\w+Redirect|IncorrectEndpoint|IllegalLocationConstraintException|\w+Region)$/,
    setting: 's3Region',
    problem: 'the bucket is in another region, or at another address (recording.s3Url)',
  },
  {
    codes: /^(AccessDenied|AllAccessDisabled|AccountProblem|Forbidden)$/,
    setting: 's3AccessKey',
    problem: 'the access key lacks a permission for the bucket',
    isOfRequest: true,
  },
  {
    codes: /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_\w+)$/,
    setting: 's3CaFile',
    problem: 'the certificate of the storage is not trusted',
  },
  {
    codes: /^RequestTimeTooSkewed$/,
    setting: 's3Url',
    problem: 'the clocks of this machine and of the storage differ',
  },
  { codes: /^(E[A-Z_]+|HPE_\w+)$/, setting: 's3Url', problem: 'the storage cannot be reached' },
];

/** A request that an S3 storage has refused, or that did not reach it. */
export class S3Error extends Error {
  /** The storage's code such as `NoSuchBucket`, or that of a network error such as `ECONNREFUSED`. */
  readonly code: string;
  /** HTTP status; undefined: there was no answer. */
  readonly status: number | undefined;

  constructor(code: string, message: string, options: { status?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'S3Error';
    this.code = code;
    this.status = options.status;
  }

  /** Whether other requests would fail alike, so that it is better to wait. */
  get isOfBucket(): boolean {
    const { status = 500 } = this;
    const cause = this.#cause;
    return status >= 500 || status === 429 || (cause !== undefined && !cause.isOfRequest);
  }

  /** What is wrong, and in which setting. */
  get problem(): string {
    const { code, message } = this;
    const { setting, problem } = this.#cause ?? {
      setting: 's3Url',
      problem: 'the storage refused a request',
    };
    const detail = message === '' || message === code ? code : `${code}: ${message}`;
    return `recording.${setting}: ${problem} (${detail.slice(0, 200)})`;
  }

  get #cause(): Cause | undefined {
    return CAUSES.find(({ codes }) => codes.test(this.code));
  }
}

/** What people are told. The reason names settings, so it is for the operator only. */
export function unavailable(cause: unknown): CanopyError {
  return new CanopyError('RECORDING_STORAGE_UNAVAILABLE', undefined, { cause });
}
