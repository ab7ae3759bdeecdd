import type { HeaderField, Headers } from '../message/index.ts';

/** The extensions that we support (RFC 3262, RFC 4028). */
export const EXTENSIONS: ReadonlySet<string> = new Set(['100rel', 'timer']);

/** Whether Require or Supported lists this option tag; case is ignored (RFC 3261 §7.3.1). */
export function hasOptionTag(headers: Headers, name: 'require' | 'supported', tag: string): boolean {
  return headers.tokens(name).some((token) => token.toLowerCase() === tag);
}

/** The Unsupported field of the 420 for a request that requires an unknown extension (RFC 3261 §8.2.2.3); empty if it does not. */
export function unsupportedFields(headers: Headers): HeaderField[] {
  const unknown = headers.tokens('require').filter((token) => !EXTENSIONS.has(token.toLowerCase()));
  return unknown.length === 0 ? [] : [['unsupported', unknown.join(', ')]];
}
