import {
  formatParams,
  NO_PARAMS,
  type Params,
  parseParams,
  quote,
  quotedStringEnd,
  skipBlanks,
  unquote,
} from './params.ts';
import { SipParseError } from './parse-error.ts';
import { formatUri, parseUri, type Uri } from './uri.ts';
import { legible } from './wire-text.ts';

/** From, To, Contact, Route, Record-Route … : `"Display" <uri>;params` or `uri;params` (RFC 3261 §20.10). */
export interface NameAddr {
  /** Unquoted; bytes that are not UTF-8 are read as ISO-8859-1. Untrusted text: escape it before display. */
  readonly displayName?: string;
  readonly uri: Uri;
  readonly params: Params;
}

const DISPLAY_TOKENS = /^[A-Za-z0-9\-.!%*_+`'~ \t\u0080-\uffff]*$/;
/** Display names that some switches send without the required quotes: `Room: 7`, `Meeting (1)`, `ann@example.com`. */
const DISPLAY_UNQUOTED = /^(?!sips?:|tel:)(?:[^"<>\p{Cc}]|\t)*$/iu;
const ADDR_SPEC = /[^\s;,<>"?]+/y;

/** `isList`: a comma ends the address. In a field with only one address, a comma belongs to an unquoted name. */
function readNameAddr(text: string, from: number, isList: boolean): { value: NameAddr; end: number } {
  let at = skipBlanks(text, from);
  let displayName: string | undefined;
  if (text.charCodeAt(at) === 34) {
    const end = quotedStringEnd(text, at);
    displayName = unquote(text.slice(at, end));
    at = skipBlanks(text, end);
  } else {
    const open = text.indexOf('<', at);
    const words = open < 0 ? '' : text.slice(at, open);
    const isName =
      DISPLAY_TOKENS.test(words) || (DISPLAY_UNQUOTED.test(words) && !(isList && words.includes(',')));
    if (open >= 0 && isName) {
      displayName = words.trim();
      at = open;
    }
  }
  displayName = displayName === undefined ? undefined : legible(displayName) || undefined;
  if (text.charCodeAt(at) === 60) {
    const close = text.indexOf('>', at);
    if (close < 0) {
      throw new SipParseError('An address without its closing >');
    }
    const uri = parseUri(text.slice(at + 1, close));
    const { params, end } = parseParams(text, close + 1);
    return { value: { displayName, uri, params }, end };
  }
  ADDR_SPEC.lastIndex = at;
  if (!ADDR_SPEC.test(text)) {
    throw new SipParseError('An address is missing or malformed');
  }
  const close = ADDR_SPEC.lastIndex;
  // A URI with `,`, `;` or `?` must be in <> (RFC 3261 §20).
  if (text.charCodeAt(close) === 63) {
    throw new SipParseError('A URI with headers must be enclosed in <>');
  }
  const uri = parseUri(text.slice(at, close));
  const { params, end } = parseParams(text, close);
  return { value: { displayName, uri, params }, end };
}

/** Parses a value with exactly one address. @throws {SipParseError} it is malformed */
export function parseNameAddr(text: string): NameAddr {
  const { value, end } = readNameAddr(text, 0, false);
  if (end !== text.length) {
    throw new SipParseError('Text after an address');
  }
  return value;
}

/** Parses a comma-separated list of addresses. @throws {SipParseError} it is malformed */
export function parseNameAddrs(text: string): NameAddr[] {
  const list: NameAddr[] = [];
  let at = 0;
  for (;;) {
    const { value, end } = readNameAddr(text, at, true);
    list.push(value);
    if (end === text.length) {
      return list;
    }
    if (text.charCodeAt(end) !== 44) {
      throw new SipParseError('Text after an address');
    }
    at = end + 1;
  }
}

/** Formats an address, always with <>. */
export function formatNameAddr(address: NameAddr): string {
  const name = address.displayName === undefined ? '' : `${quote(address.displayName)} `;
  return `${name}<${formatUri(address.uri)}>${formatParams(address.params)}`;
}

/** The tag; undefined if there is none. */
export function tagOf(address: NameAddr): string | undefined {
  return address.params.get('tag') ?? undefined;
}

/** A copy of the address with this tag. */
export function withTag(address: NameAddr, tag: string): NameAddr {
  return { ...address, params: new Map(address.params).set('tag', tag) };
}

/** Creates an address. @throws {SipParseError} `uri` is malformed text */
export function nameAddr(uri: Uri | string, displayName?: string, params: Params = NO_PARAMS): NameAddr {
  return { displayName, uri: typeof uri === 'string' ? parseUri(uri) : uri, params };
}
