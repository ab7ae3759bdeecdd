import { quote, skipBlanks, unquote, valueEnd } from './params.ts';
import { SipParseError } from './parse-error.ts';

/** A challenge or credentials (RFC 3261 §20.7): parameters have lower-case names and unquoted values. */
export interface AuthHeader {
  /** Lower case: `digest`. */
  readonly scheme: string;
  readonly params: ReadonlyMap<string, string>;
}

const TOKEN = /[A-Za-z0-9\-.!%*_+`'~]+/y;
const VALUE = /[^\s,"]+/y;

/** Parses one challenge or credentials. @throws {SipParseError} it is malformed */
export function parseAuthHeader(text: string): AuthHeader {
  TOKEN.lastIndex = 0;
  if (!TOKEN.test(text)) {
    throw new SipParseError('Malformed authorization');
  }
  const scheme = text.slice(0, TOKEN.lastIndex).toLowerCase();
  const params = new Map<string, string>();
  let at = skipBlanks(text, TOKEN.lastIndex);
  while (at < text.length) {
    TOKEN.lastIndex = at;
    if (!TOKEN.test(text)) {
      throw new SipParseError('Malformed authorization');
    }
    const name = text.slice(at, TOKEN.lastIndex).toLowerCase();
    at = skipBlanks(text, TOKEN.lastIndex);
    if (text.charCodeAt(at) !== 61) {
      throw new SipParseError('Malformed authorization');
    }
    at = skipBlanks(text, at + 1);
    const end = valueEnd(text, at, VALUE);
    if (params.has(name)) {
      throw new SipParseError(`${name} given twice in an authorization`);
    }
    params.set(name, unquote(text.slice(at, end)));
    at = skipBlanks(text, end);
    if (at === text.length) {
      break;
    }
    if (text.charCodeAt(at) !== 44) {
      throw new SipParseError('Malformed authorization');
    }
    at = skipBlanks(text, at + 1);
  }
  return { scheme, params };
}

/** Parameters of credentials that have no quotes (RFC 3261 §25, RFC 7616 §3.5). */
const UNQUOTED = new Set(['algorithm', 'qop', 'nc', 'stale']);

/** Formats credentials. */
export function formatCredentials(params: ReadonlyMap<string, string>): string {
  return format(params, UNQUOTED);
}

/** Parameters of a challenge that have no quotes; qop has quotes here. */
const UNQUOTED_IN_CHALLENGE = new Set(['algorithm', 'stale']);

/** Formats a challenge. */
export function formatChallenge(params: ReadonlyMap<string, string>): string {
  return format(params, UNQUOTED_IN_CHALLENGE);
}

function format(params: ReadonlyMap<string, string>, unquoted: ReadonlySet<string>): string {
  const parts: string[] = [];
  for (const [name, value] of params) {
    parts.push(`${name}=${unquoted.has(name) ? value : quote(value)}`);
  }
  return `Digest ${parts.join(', ')}`;
}
