import type { Headers } from '../message/index.ts';

/** Whether a list of option tags (Require, Supported) names this one: without regard to case (RFC 3261 §7.3.1). */
export function hasOptionTag(headers: Headers, name: 'require' | 'supported', tag: string): boolean {
  return headers.tokens(name).some((token) => token.toLowerCase() === tag);
}

/** The option tags of Require that are not among `known`, as they are written. */
export function unknownRequired(headers: Headers, known: ReadonlySet<string>): string[] {
  return headers.tokens('require').filter((token) => !known.has(token.toLowerCase()));
}
