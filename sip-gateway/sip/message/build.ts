import { type HeaderField, Headers } from './headers.ts';
import type { CSeq, SipRequest, SipResponse, WireResponse } from './message.ts';
import { formatNameAddr, type NameAddr, parseNameAddr, tagOf, withTag } from './name-addr.ts';
import { SipParseError } from './parse-error.ts';
import { reasonOf } from './reason.ts';
import type { Uri } from './uri.ts';
import { formatVia, splitVia, type Via } from './via.ts';

const NO_BODY = Buffer.alloc(0);

/** What a request is made of; the Via comes with `withVia` when it is known where the request leaves. */
export interface RequestParts {
  method: string;
  uri: Uri;
  from: NameAddr;
  to: NameAddr;
  callId: string;
  cseq: CSeq;
  /** Default 70. */
  maxForwards?: number;
  /** Further header fields, long lower-case names. */
  headers?: readonly HeaderField[];
  body?: Buffer;
}

/** A request without its own Via, as a dialog or user agent makes it. */
export type RequestDraft = Omit<SipRequest, 'vias'>;

/** Puts a request together, with the mandatory header fields (RFC 3261 §8.1.1) but the Via. */
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

/** The request with this Via on top. */
export function withVia(request: RequestDraft, via: Via): SipRequest {
  return { ...request, headers: request.headers.prefixed('via', formatVia(via)), vias: [via] };
}

/** The message with its topmost Via replaced (the server transport adds received and rport to it). The other Vias stay byte for byte. */
export function replaceTopVia<M extends SipRequest>(message: M, via: Via): M {
  const [, ...others] = message.vias;
  const [first = '', ...lines] = message.headers.all('via');
  const headers = message.headers.with('via', formatVia(via) + splitVia(first).rest, ...lines);
  return { ...message, vias: [via, ...others], headers };
}

export interface ResponseParts {
  reason?: string;
  /** The tag of the To field, if the request has none and the status is above 100. */
  toTag?: string;
  headers?: readonly HeaderField[];
  body?: Buffer;
}

/** The response to a request: Via, From, To, Call-ID, CSeq copied (RFC 3261 §8.2.6.2). */
export function buildResponse(request: SipRequest, status: number, parts: ResponseParts = {}): SipResponse {
  const { toTag } = parts;
  const addTag = toTag !== undefined && status > 100 && tagOf(request.to) === undefined;
  const to = addTag ? withTag(request.to, toTag) : request.to;
  const fields: HeaderField[] = [];
  for (const field of request.headers.fields) {
    const name = field[0];
    // The peer's own text followed by our tag: it is never re-serialized.
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
 * The response to an unreadable request; undefined if it lacks a field that the sender needs to match the response. Values may be
 * malformed: they are echoed.
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
