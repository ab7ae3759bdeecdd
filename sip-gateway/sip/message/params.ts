import { SipParseError } from './parse-error.ts';

/**
 * Parameters of a URI or header field, in order. Names are lower-case. Values are as on the wire (quoted strings keep their quotes), or
 * null for parameters without `=`.
 */
export type Params = ReadonlyMap<string, string | null>;

export const NO_PARAMS: Params = new Map();

const WS = /[ \t]*/y;
const NAME = /[A-Za-z0-9\-.!%*_+`'~]+/y;
/** token, host, IPv6 with or without brackets: anything but separators and blanks (RFC 3261 §25 gen-value). `=` is allowed, for base64. */
const VALUE = /[^\s;,"<>]+/y;
const NO_NAMES: ReadonlySet<string> = new Set();
const QUOTED = /"(?:[^"\\]|\\[\s\S])*"/y;

/** The position after blanks at `from`. */
export function skipBlanks(text: string, from: number): number {
  const code = text.charCodeAt(from);
  if (code !== 32 && code !== 9) {
    return from;
  }
  WS.lastIndex = from;
  WS.exec(text);
  return WS.lastIndex;
}

/** The end of the quoted string that starts at `from`. @throws {SipParseError} it is not closed */
export function quotedStringEnd(text: string, from: number): number {
  QUOTED.lastIndex = from;
  if (!QUOTED.test(text)) {
    throw new SipParseError('Unbalanced quotes');
  }
  return QUOTED.lastIndex;
}

/** The end of the value that starts at `from`: a quoted string, or whatever `plain` (sticky) matches, possibly nothing. */
export function valueEnd(text: string, from: number, plain: RegExp): number {
  if (text.charCodeAt(from) === 34) {
    return quotedStringEnd(text, from);
  }
  plain.lastIndex = from;
  return plain.test(text) ? plain.lastIndex : from;
}

/**
 * Parses `*( SEMI generic-param )` at `from` (RFC 3261 §25). Skips empty parameters (`;;`), since phones send them. `repeatable` parameters
 * may occur more than once, and the last one counts. Returns the parameters and where they end.
 * @throws {SipParseError} a parameter is malformed, or given twice
 */
export function parseParams(
  text: string,
  from: number,
  repeatable = NO_NAMES,
): { params: Params; end: number } {
  let params: Map<string, string | null> | undefined;
  let at = skipBlanks(text, from);
  while (text.charCodeAt(at) === 59) {
    at = skipBlanks(text, at + 1);
    NAME.lastIndex = at;
    if (!NAME.test(text)) {
      const next = text.charCodeAt(at);
      if (at === text.length || next === 59 || next === 44) {
        continue;
      }
      throw new SipParseError('Malformed parameter');
    }
    const name = text.slice(at, NAME.lastIndex).toLowerCase();
    at = skipBlanks(text, NAME.lastIndex);
    let value: string | null = null;
    if (text.charCodeAt(at) === 61) {
      at = skipBlanks(text, at + 1);
      const end = valueEnd(text, at, VALUE);
      value = text.slice(at, end);
      at = skipBlanks(text, end);
    }
    params ??= new Map();
    if (params.has(name) && !repeatable.has(name)) {
      throw new SipParseError(`Parameter ${name} given twice`);
    }
    params.set(name, value);
  }
  return { params: params ?? NO_PARAMS, end: at };
}

/** Formats parameters as `;name=value`. */
export function formatParams(params: Params): string {
  let text = '';
  for (const [name, value] of params) {
    text += value === null ? `;${name}` : `;${name}=${value}`;
  }
  return text;
}

/** The unescaped content of a quoted string; any other text unchanged. */
export function unquote(text: string): string {
  return text.charCodeAt(0) === 34 ? text.slice(1, -1).replace(/\\([\s\S])/g, '$1') : text;
}

/** Formats text as a quoted string. Line breaks become blanks, which prevents header injection. */
export function quote(text: string): string {
  return `"${text.replace(/[\r\n]+/g, ' ').replace(/["\\]/g, '\\$&')}"`;
}
