import { type HeaderField, Headers } from './headers.ts';
import type { CSeq, SipRequest, SipResponse, WireResponse } from './message.ts';
import { formatNameAddr, type NameAddr, parseNameAddr, tagOf, withTag } from './name-addr.ts';
import { SipParseError } from './parse-error.ts';
import { reasonOf } from './reason.ts';
import type { Uri } from './uri.ts';
import { formatVia, splitVia, type Via } from './via.ts';

const NO_BODY = Buffer.alloc(0);

/** The parts of a request. withVia() adds the Via once the flow is known. */
export interface RequestParts {
  method: string;
  uri: Uri;
  from: NameAddr;
  to: NameAddr;
  callId: string;
  cseq: CSeq;
  /** Default 70. */
  maxForwards?: number;
  /** Further header fields, with long lower-case names. */
  headers?: readonly HeaderField[];
  body?: Buffer;
}

/** A request without our Via. */
export type RequestDraft = Omit<SipRequest, 'vias'>;

/** Builds a request with the mandatory header fields (RFC 3261 §8.1.1) except Via. */
export function buildRequest(parts: RequestParts): RequestDraft {
  const { method, uri, from, to, callId, cseq } = parts;
  const headers = new Headers([
    ['max-forwards', String(parts.maxForwards ?? 70)],
    ['from', formatNameAddr(from)],
    ['to', formatNameAddr(to)],
    ['call-id', callId],
    ['cseq', `${cseq.number} ${cseq.method}`],
    ...(parts.headers ?? []),
  ]);
  return { kind: 'request', method, uri, headers, from, to, callId, cseq, body: parts.body ?? NO_BODY };
}

/** A copy of the request with this Via on top. */
export function withVia(request: RequestDraft, via: Via): SipRequest {
  return { ...request, headers: request.headers.prefixed('via', formatVia(via)), vias: [via] };
}

/** A copy of the message with its topmost Via replaced. The other Vias stay byte for byte. */
export function replaceTopVia<M extends SipRequest>(message: M, via: Via): M {
  const [, ...others] = message.vias;
  const [first = '', ...lines] = message.headers.all('via');
  const headers = message.headers.with('via', formatVia(via) + splitVia(first).rest, ...lines);
  return { ...message, vias: [via, ...others], headers };
}

export interface ResponseParts {
  reason?: string;
  /** Tag of the To field, used if the request has none and the status is above 100. */
  toTag?: string;
  headers?: readonly HeaderField[];
  body?: Buffer;
}

/** Builds a response with Via, From, To, Call-ID and CSeq of the request (RFC 3261 §8.2.6.2). */
export function buildResponse(request: SipRequest, status: number, parts: ResponseParts = {}): SipResponse {
  const { toTag } = parts;
  const addTag = toTag !== undefined && status > 100 && tagOf(request.to) === undefined;
  const to = addTag ? withTag(request.to, toTag) : request.to;
  const fields: HeaderField[] = [];
  for (const field of request.headers.fields) {
    const name = field[0];
    // Append our tag to the peer's own text rather than re-serialize it.
    if (name === 'to' && addTag) {
      fields.push(['to', `${field[1]};tag=${toTag}`]);
    } else if (name === 'via' || name === 'from' || name === 'to' || name === 'call-id' || name === 'cseq') {
      fields.push(field);
    } else if (name === 'record-route' && status > 100 && status < 300) {
      fields.push(field);
    } else if (name === 'timestamp' && status === 100) {
      fields.push(field);
    }
  }
  if (parts.headers) {
    fields.push(...parts.headers);
  }
  return {
    kind: 'response',
    status,
    reason: parts.reason ?? reasonOf(status),
    headers: new Headers(fields),
    vias: request.vias,
    from: request.from,
    to,
    callId: request.callId,
    cseq: request.cseq,
    body: parts.body ?? NO_BODY,
  };
}

/**
 * Builds the response to an unreadable request; undefined if a field is missing that the sender needs to match the response. Malformed
 * values are echoed.
 */
export function buildErrorResponse(
  headers: Headers,
  error: SipParseError,
  toTag: string,
): WireResponse | undefined {
  const vias = headers.all('via');
  const from = headers.get('from');
  const to = headers.get('to');
  const callId = headers.get('call-id');
  const cseq = headers.get('cseq');
  if (!vias[0] || from === undefined || to === undefined || callId === undefined || cseq === undefined) {
    return undefined;
  }
  const fields: HeaderField[] = vias.map((value) => ['via', value] as const);
  fields.push(['from', from], ['to', tagged(to, toTag)], ['call-id', callId], ['cseq', cseq]);
  return {
    kind: 'response',
    status: error.status,
    reason: error.status === 400 ? `${reasonOf(400)} (${error.message})` : reasonOf(error.status),
    headers: new Headers(fields),
    vias: topVia(vias[0]),
    body: NO_BODY,
  };
}

function topVia(text: string): Via[] {
  try {
    return [splitVia(text).via];
  } catch (error) {
    if (error instanceof SipParseError) {
      return [];
    }
    throw error;
  }
}

function tagged(to: string, tag: string): string {
  try {
    const address = parseNameAddr(to);
    return tagOf(address) === undefined ? `${to};tag=${tag}` : to;
  } catch {
    return to;
  }
}
