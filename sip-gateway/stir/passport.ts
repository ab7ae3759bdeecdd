import { z } from 'zod';
import { attestation } from '../../contract/index.ts';
import { StirError } from './stir-error.ts';

/** Maximum length of an Identity field in characters. */
const MAX_FIELD = 8192;
/** The token, then `;info=<URI>` and other parameters (RFC 8224 §4). */
const TOKEN = /^[A-Za-z0-9_.+/=-]+/;
const PARAMETER = /[ \t]*;[ \t]*([A-Za-z0-9!%*_+`'~.-]+)[ \t]*=[ \t]*(<[^<>]*>|"[^"\\]*"|[^\s;,<>"]+)[ \t]*/y;
/** A compact serialization of JWS in which nothing is left out (RFC 8225 §7 has a shorter one, which SHAKEN does not use). */
const FULL_FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Digits of a number in canonical form (RFC 8224 §8.3). Some operators send a `+`. */
const tn = z
  .string()
  .regex(/^\+?[0-9A-D*#]{1,32}$/)
  .transform((text) => text.replace('+', ''));
const header = z.object({
  alg: z.literal('ES256'),
  ppt: z.literal('shaken'),
  typ: z.literal('passport'),
  x5u: z.string().max(2048),
});
const payload = z.object({
  attest: attestation,
  dest: z.object({ tn: z.array(tn).max(100).default([]) }),
  iat: z.int().min(0),
  orig: z.object({ tn }),
  origid: z.string().max(64),
});

/** The PASSporT of a call (RFC 8225, RFC 8588), as it was sent. Nothing in it is verified. */
export interface Passport {
  /** The JWS. */
  readonly token: string;
  /** Where its certificate is. */
  readonly url: string;
  readonly claims: z.infer<typeof payload>;
}

/**
 * Reads the first Identity field that has a PASSporT of SHAKEN; those of other extensions are ignored (RFC 8224 §6.2). Undefined if there
 * is none.
 *
 * @throws {StirError} 438 - it is malformed
 */
export function readPassport(fields: readonly string[]): Passport | undefined {
  for (const field of fields.slice(0, 8)) {
    const passport = readField(field);
    if (passport) {
      return passport;
    }
  }
  return undefined;
}

function readField(field: string): Passport | undefined {
  if (field.length > MAX_FIELD) {
    throw new StirError(438, 'the Identity field is too long');
  }
  const { token, params } = readParams(field.trim());
  const ppt = params.get('ppt');
  if (ppt !== undefined && ppt !== 'shaken') {
    return undefined;
  }
  if (!FULL_FORM.test(token)) {
    throw new StirError(438, 'the PASSporT is not in full form');
  }
  const [protectedHeader = '', claims = ''] = token.split('.');
  const head = readJson(protectedHeader);
  if (ppt === undefined && head instanceof Object && (head as { ppt?: unknown }).ppt !== 'shaken') {
    return undefined;
  }
  const readHead = header.safeParse(head);
  if (!readHead.success) {
    throw new StirError(438, `the header of the PASSporT is wrong: ${placeOf(readHead.error)}`);
  }
  const readClaims = payload.safeParse(readJson(claims));
  if (!readClaims.success) {
    throw new StirError(438, `the claims of the PASSporT are wrong: ${placeOf(readClaims.error)}`);
  }
  const { x5u } = readHead.data;
  if (params.get('info') !== x5u) {
    throw new StirError(438, 'info and x5u differ');
  }
  return { token, url: x5u, claims: readClaims.data };
}

function readParams(field: string): { token: string; params: Map<string, string> } {
  const [token = ''] = TOKEN.exec(field) ?? [];
  const params = new Map<string, string>();
  PARAMETER.lastIndex = token.length;
  let end = token.length;
  for (let found = PARAMETER.exec(field); found; found = PARAMETER.exec(field)) {
    const [, name = '', value = ''] = found;
    params.set(name.toLowerCase(), value.replace(/^[<"]|[>"]$/g, ''));
    end = PARAMETER.lastIndex;
  }
  if (token === '' || end !== field.length) {
    throw new StirError(438, 'the Identity field is malformed');
  }
  return { token, params };
}

function readJson(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    throw new StirError(438, 'the PASSporT is no JSON');
  }
}

function placeOf({ issues }: z.ZodError): string {
  return issues[0]?.path.join('.') || 'not an object';
}
