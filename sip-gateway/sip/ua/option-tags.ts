import type { HeaderField, Headers } from '../message/index.ts';

/** The extensions that we serve (RFC 3262, RFC 4028). */
export const EXTENSIONS: ReadonlySet<string> = new Set(['100rel', 'timer']);

/** Whether a list of option tags (Require, Supported) names this one: without regard to case (RFC 3261 §7.3.1). */
export function hasOptionTag(headers: Headers, name: 'require' | 'supported', tag: string): boolean {
  return headers.tokens(name).some((token) => token.toLowerCase() === tag);
}

/** What to refuse a request with that requires an extension which we do not serve (420, RFC 3261 §8.2.2.3). */
export function unsupportedFields(headers: Headers): HeaderField[] {
  const unknown = headers.tokens('require').filter((token) => !EXTENSIONS.has(token.toLowerCase()));
  return unknown.length === 0 ? [] : [['unsupported', unknown.join(', ')]];
}
