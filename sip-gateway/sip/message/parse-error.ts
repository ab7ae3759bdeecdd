/**
 * A malformed message or header. `status` is the SIP status for the response to a request (400, 416, 505 …). Responses and ACKs are never
 * answered.
 */
export class SipParseError extends Error {
  override readonly name = 'SipParseError';
  readonly status: number;

  constructor(reason: string, status = 400) {
    super(reason);
    this.status = status;
  }
}
