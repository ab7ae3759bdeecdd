/** Statuses and reason phrases of RFC 8224 §6.2.2. */
const PHRASES = {
  403: 'Stale Date',
  428: 'Use Identity Header',
  436: 'Bad Identity Info',
  437: 'Unsupported Credential',
  438: 'Invalid Identity Header',
} as const;

/** The caller's number could not be verified. `message` says why. */
export class StirError extends Error {
  override readonly name = 'StirError';
  readonly status: keyof typeof PHRASES;

  constructor(status: keyof typeof PHRASES, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }

  get phrase(): string {
    return PHRASES[this.status];
  }
}
