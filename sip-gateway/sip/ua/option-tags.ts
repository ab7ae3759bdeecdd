import type { HeaderField, Headers, SipRequest } from '../message/index.ts';

/** The extensions that we support (RFC 3262, RFC 4028, RFC 3891, RFC 4488, RFC 7614). */
export const EXTENSIONS: ReadonlySet<string> = new Set([
  '100rel',
  'timer',
  'replaces',
  'norefersub',
  'nosub',
]);

/** Those of our registrar, beside these (RFC 3327, RFC 5626, RFC 5627). */
export const REGISTRAR_EXTENSIONS: ReadonlySet<string> = new Set(['path', 'outbound', 'gruu']);

/** Whether Require or Supported lists this option tag, ignoring case (RFC 3261 §7.3.1). */
export function hasOptionTag(headers: Headers, name: 'require' | 'supported', tag: string): boolean {
  return headers.tokens(name).some((token) => token.toLowerCase() === tag);
}

/** The Unsupported field of a 420 (RFC 3261 §8.2.2.3); empty if the request requires no unknown extension. */
export function unsupportedFields({ method, headers }: SipRequest): HeaderField[] {
  const isKnown = (tag: string) =>
    EXTENSIONS.has(tag) || (method === 'REGISTER' && REGISTRAR_EXTENSIONS.has(tag));
  const unknown = headers.tokens('require').filter((token) => !isKnown(token.toLowerCase()));
  return unknown.length === 0 ? [] : [['unsupported', unknown.join(', ')]];
}
