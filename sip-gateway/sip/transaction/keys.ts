import {
  branchOf,
  formatUri,
  MAGIC_COOKIE,
  type SipRequest,
  type SipResponse,
  tagOf,
} from '../message/index.ts';

/** The key of the client transaction that a response belongs to (RFC 3261 §17.1.3). */
export function responseKey(response: SipResponse): string {
  return `${branchOf(response.vias[0]) ?? ''} ${response.cseq.method}`;
}

/** The key of a client transaction. */
export function clientKey(request: SipRequest): string {
  return `${branchOf(request.vias[0]) ?? ''} ${request.cseq.method}`;
}

/**
 * The key of the server transaction that a request belongs to (RFC 3261 §17.2.3). `method`: pass INVITE to find the INVITE of a CANCEL.
 * Requests of RFC 2543 have no unique branch, so they match by their other fields.
 */
export function serverKey(
  request: SipRequest,
  method = request.method === 'ACK' ? 'INVITE' : request.method,
): string {
  const [via] = request.vias;
  const branch = branchOf(via) ?? '';
  const sentBy = `${via.host}:${via.port ?? ''}`;
  if (branch.startsWith(MAGIC_COOKIE) && branch.length > MAGIC_COOKIE.length) {
    return `${branch} ${sentBy} ${method}`;
  }
  // Without the To tag, since an ACK has ours and the INVITE has none.
  return `2543 ${formatUri(request.uri)} ${tagOf(request.from) ?? ''} ${request.callId} ${request.cseq.number} ${sentBy} ${branch} ${method}`;
}

/** The key that detects merged requests: the same request received over different paths (RFC 3261 §8.2.2.2). */
export function mergeKey(request: SipRequest): string {
  return `${request.callId} ${tagOf(request.from) ?? ''} ${request.cseq.number} ${request.cseq.method}`;
}
