import { isUtf8 } from 'node:buffer';
import { canonicalName, type HeaderField, Headers } from './headers.ts';
import {
  type CSeq,
  MAX_BODY_BYTES,
  MAX_HEADER_BYTES,
  MAX_HEADER_FIELDS,
  type SipMessage,
} from './message.ts';
import { parseNameAddr } from './name-addr.ts';
import { SipParseError } from './parse-error.ts';
import { parseUri, type Uri } from './uri.ts';
import { parseVias, type Via } from './via.ts';
import { decodeText, legible } from './wire-text.ts';

/** The result of parseMessage(). A malformed message can still be answered if its header section is readable. */
export type ParseResult =
  | { readonly message: SipMessage }
  | { readonly error: SipParseError; readonly method?: string; readonly headers?: Headers };

const REQUEST_LINE = /^([A-Za-z0-9\-.!%*_+`'~]+) ([^ ]+) SIP\/([0-9]+\.[0-9]+)$/i;
const STATUS_LINE = /^SIP\/([0-9]+\.[0-9]+) ([1-6][0-9]{2})(?: (.*))?$/i;
const FIELD_NAME = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
const CSEQ = /^([0-9]+)[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)$/;
/** Any text, since many devices use characters outside the grammar. */
const CALL_ID = /^[^\p{Cc} ]+$/u;
const NO_BODY = Buffer.alloc(0);
const CR = 13;
const LF = 10;

/** Where the header section ends and the body starts, after CRLF CRLF or bare LFs; undefined while it is incomplete. */
export function findHeaderEnd(bytes: Buffer, from = 0): { headEnd: number; bodyStart: number } | undefined {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) {
      return { headEnd: at + 1, bodyStart: at + 2 };
    }
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) {
      return { headEnd: at + 1, bodyStart: at + 3 };
    }
  }
  return undefined;
}

/** Parses a Content-Length; NaN if it is malformed. */
export function parseContentLength(value: string): number {
  return /^[0-9]{1,9}$/.test(value) ? Number(value) : Number.NaN;
}

/**
 * Parses one message. Never throws. Accepts what RFC 4475 allows: compact forms, folding, blanks before the colon, bare LF, any order and
 * case, leading empty lines, lines that are not UTF-8, and malformed field names (ignored, RFC 3261 §8.2.2). Refuses what another parser
 * might read differently: repeated mandatory fields, bare CR, an incorrect Content-Length, or different methods in CSeq and request line.
 * Malformed lines in a response are ignored, since there is nobody to report them to. In a datagram, octets after the body are discarded,
 * and a missing Content-Length means "to the end" (RFC 3261 §18.3).
 */
export function parseMessage(bytes: Buffer): ParseResult {
  let start = 0;
  while (bytes[start] === CR || bytes[start] === LF) {
    start++;
  }
  const end = findHeaderEnd(bytes, start);
  const headEnd = end?.headEnd ?? bytes.length;
  const tooLarge = headEnd - start > MAX_HEADER_BYTES;
  const text = decodeLines(bytes.subarray(start, tooLarge ? start + MAX_HEADER_BYTES : headEnd), tooLarge);
  const lineEnd = text.indexOf('\n');
  const startLine = text.charCodeAt(lineEnd - 1) === CR ? text.slice(0, lineEnd - 1) : text.slice(0, lineEnd);

  const statusLine = STATUS_LINE.exec(startLine);
  const requestLine = statusLine ? null : REQUEST_LINE.exec(startLine);
  const method = requestLine?.[1] ?? /^(?!SIP\/)[^ ]+/i.exec(startLine)?.[0];
  let headers: Headers | undefined;
  try {
    const { fields: lines, error } = parseFields(text, lineEnd + 1);
    headers = new Headers(lines);
    if (tooLarge) {
      throw new SipParseError('The header section is too large', 513);
    }
    if (!end) {
      throw new SipParseError('The header section does not end');
    }
    if (error && !(statusLine && error.status === 400)) {
      throw error;
    }
    if (!statusLine && !requestLine) {
      throw new SipParseError(startLine.includes('SIP/') ? 'Malformed start line' : 'Not a SIP message');
    }
    const version = statusLine?.[1] ?? requestLine?.[3];
    if (version !== '2.0') {
      throw new SipParseError('Version Not Supported', 505);
    }
    const uri = requestLine ? parseRequestUri(requestLine[2] ?? '') : undefined;
    const fields = parseMandatory(headers);
    const body = cutBody(bytes, end.bodyStart, headers);
    if (uri === undefined) {
      return {
        message: {
          kind: 'response',
          status: Number(statusLine?.[2]),
          reason: legible(statusLine?.[3] ?? ''),
          headers,
          ...fields,
          body,
        },
      };
    }
    if (fields.cseq.method !== method) {
      throw new SipParseError('CSeq names another method');
    }
    return { message: { kind: 'request', method, uri, headers, ...fields, body } };
  } catch (error) {
    if (!(error instanceof SipParseError)) {
      throw error;
    }
    return { error, method, headers };
  }
}

/** Decodes a header section; the text ends with a line feed. `cut`: drop an incomplete last line. */
function decodeLines(head: Buffer, cut: boolean): string {
  let text = '';
  if (isUtf8(head)) {
    text = head.toString('utf8');
  } else {
    for (let at = 0, end = 0; at < head.length; at = end) {
      end = head.indexOf(LF, at) + 1 || head.length;
      text += decodeText(head.subarray(at, end));
    }
  }
  if (text.endsWith('\n')) {
    return text;
  }
  return cut ? text.slice(0, text.lastIndexOf('\n') + 1) : `${text}\n`;
}

/** Fields that a response copies from the request (RFC 3261 §8.2.6.2). */
const NEEDED: ReadonlySet<string> = new Set(['via', 'from', 'to', 'call-id', 'cseq']);

/** Parses the fields. Continues after a malformed one, as the others are needed to answer the request. */
function parseFields(text: string, from: number): { fields: HeaderField[]; error?: SipParseError } {
  const fields: HeaderField[] = [];
  let error: SipParseError | undefined;
  let at = from;
  while (at < text.length) {
    let lineEnd = text.indexOf('\n', at);
    let folded = false;
    for (
      let next = text.charCodeAt(lineEnd + 1);
      next === 32 || next === 9;
      next = text.charCodeAt(lineEnd + 1)
    ) {
      folded = true;
      const more = text.indexOf('\n', lineEnd + 1);
      if (more < 0) {
        break;
      }
      lineEnd = more;
    }
    let line = text.slice(at, text.charCodeAt(lineEnd - 1) === CR ? lineEnd - 1 : lineEnd);
    at = lineEnd + 1;
    if (folded) {
      line = unfold(line);
    }
    const colon = line.indexOf(':');
    if (line.includes('\r') || colon < 1) {
      error ??= new SipParseError('Malformed header field');
      continue;
    }
    let nameEnd = colon;
    while (nameEnd > 0 && isBlank(line.charCodeAt(nameEnd - 1))) {
      nameEnd--;
    }
    const spelling = line.slice(0, nameEnd);
    if (!FIELD_NAME.test(spelling)) {
      continue;
    }
    const name = canonicalName(spelling);
    if (fields.length >= MAX_HEADER_FIELDS) {
      error ??= new SipParseError('Too many header fields', 513);
      if (!NEEDED.has(name)) {
        continue;
      }
    }
    let valueStart = colon + 1;
    while (isBlank(line.charCodeAt(valueStart))) {
      valueStart++;
    }
    let valueEnd = line.length;
    while (valueEnd > valueStart && isBlank(line.charCodeAt(valueEnd - 1))) {
      valueEnd--;
    }
    fields.push([name, line.slice(valueStart, valueEnd)]);
  }
  return error ? { fields, error } : { fields };
}

/** Unfolds a line. Without a regular expression, because the obvious one is quadratic in runs of blanks. */
function unfold(lines: string): string {
  return lines
    .split('\n')
    .map((line) => {
      let start = 0;
      let end = line.endsWith('\r') ? line.length - 1 : line.length;
      while (start < end && isBlank(line.charCodeAt(start))) {
        start++;
      }
      while (end > start && isBlank(line.charCodeAt(end - 1))) {
        end--;
      }
      return line.slice(start, end);
    })
    .join(' ');
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function parseRequestUri(text: string): Uri {
  if (text.charCodeAt(0) === 60) {
    throw new SipParseError('The Request-URI is enclosed in <>');
  }
  const uri = parseUri(text);
  if (uri.scheme !== 'other' && uri.scheme !== 'tel' && uri.headers !== undefined) {
    throw new SipParseError('The Request-URI has headers');
  }
  return uri;
}

/** Parses the mandatory fields in one pass. */
function parseMandatory(headers: Headers) {
  let from: string | undefined;
  let to: string | undefined;
  let callId: string | undefined;
  let cseq: string | undefined;
  let maxForwards: string | undefined;
  let vias: Via[] | undefined;
  for (const [name, value] of headers.fields) {
    switch (name) {
      case 'via':
        if (vias) {
          vias.push(...parseVias(value));
        } else {
          vias = parseVias(value);
        }
        break;
      case 'from':
        from = once(from, value, 'From');
        break;
      case 'to':
        to = once(to, value, 'To');
        break;
      case 'call-id':
        callId = once(callId, value, 'Call-ID');
        break;
      case 'cseq':
        cseq = once(cseq, value, 'CSeq');
        break;
      case 'max-forwards':
        maxForwards = once(maxForwards, value, 'Max-Forwards');
        break;
    }
  }
  const [topVia, ...otherVias] = vias ?? [];
  if (!topVia) {
    throw new SipParseError('Via is missing');
  }
  if (from === undefined) {
    throw new SipParseError('From is missing');
  }
  if (to === undefined) {
    throw new SipParseError('To is missing');
  }
  if (callId === undefined || !CALL_ID.test(callId)) {
    throw new SipParseError('Call-ID is missing or malformed');
  }
  if (cseq === undefined) {
    throw new SipParseError('CSeq is missing');
  }
  if (maxForwards !== undefined && !(/^[0-9]{1,9}$/.test(maxForwards) && Number(maxForwards) <= 255)) {
    throw new SipParseError('Malformed Max-Forwards');
  }
  return {
    vias: [topVia, ...otherVias] as const,
    from: parseNameAddr(from),
    to: parseNameAddr(to),
    callId,
    cseq: parseCSeq(cseq),
  };
}

function once(before: string | undefined, value: string, name: string): string {
  if (before !== undefined) {
    throw new SipParseError(`${name} given twice`);
  }
  return value;
}

/** Parses CSeq: a number below 2^31 and a method (RFC 3261 §8.1.1.5). @throws {SipParseError} it is malformed */
export function parseCSeq(text: string): CSeq {
  const match = CSEQ.exec(text);
  const number = match ? Number(match[1]) : Number.NaN;
  if (!(number < 2 ** 31)) {
    throw new SipParseError('Malformed CSeq');
  }
  return { number, method: match?.[2] ?? '' };
}

function cutBody(bytes: Buffer, start: number, headers: Headers): Buffer {
  const given = headers.single('content-length');
  const available = bytes.length - start;
  const length = given === undefined ? available : parseContentLength(given);
  if (Number.isNaN(length)) {
    throw new SipParseError('Malformed Content-Length');
  }
  if (length > available) {
    throw new SipParseError('Content-Length is larger than the message');
  }
  if (length > MAX_BODY_BYTES) {
    throw new SipParseError('Message Too Large', 513);
  }
  // Copy it, so that the whole datagram is not kept in memory.
  return length === 0 ? NO_BODY : Buffer.from(bytes.subarray(start, start + length));
}
