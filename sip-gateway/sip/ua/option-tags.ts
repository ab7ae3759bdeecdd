import type { HeaderField, Headers } from '../message/index.ts';

/** The extensions that we support (RFC 3262, RFC 4028, RFC 3891, RFC 4488, RFC 7614). */
export const EXTENSIONS: ReadonlySet<string> = new Set([
  '100rel',
  'timer',
  'replaces',
  'norefersub',
  'nosub',
]);

/** Whether Require or Supported lists this option tag, ignoring case (RFC 3261 §7.3.1). */
export function hasOptionTag(headers: Headers, name: 'require' | 'supported', tag: string): boolean {
  return headers.tokens(name).some((token) => token.toLowerCase() === tag);
}

/** The Unsupported field of a 420 (RFC 3261 §8.2.2.3); empty if the request requires no unknown extension. */
export function unsupportedFields(headers: Headers): HeaderField[] {
  const unknown = headers.tokens('require').filter((token) => !EXTENSIONS.has(token.toLowerCase()));
  return unknown.length === 0 ? [] : [['unsupported', unknown.join(', ')]];
}
