/**
 * A message or header that does not have the form the RFCs want. `status` is the SIP status to answer a request with
 * (400, 416, 505 …); nothing is ever answered to a response or an ACK.
 */
export class SipParseError extends Error {
  override readonly name = 'SipParseError';
  readonly status: number;

  constructor(reason: string, status = 400) {
    super(reason);
    this.status = status;
  }
}
