import type { Headers } from './headers.ts';
import type { CSeq } from './message.ts';
import { type NameAddr, parseNameAddrs } from './name-addr.ts';
import { type Params, parseParams } from './params.ts';
import { parseCSeq } from './parse.ts';
import { SipParseError } from './parse-error.ts';

/** The addresses of all occurrences of a list header such as Route, Record-Route or Contact. @throws {SipParseError} one is malformed */
export function addressesOf(headers: Headers, name: string): NameAddr[] {
  return headers.all(name).flatMap(parseNameAddrs);
}

/** The Contact of a message that creates or refreshes a dialog (RFC 3261 §12.1.1). @throws {SipParseError} malformed, or several */
export function singleContact(headers: Headers): NameAddr | undefined {
  const values = headers.all('contact');
  if (values.length === 0) {
    return undefined;
  }
  const [first, second] = values.flatMap(parseNameAddrs);
  if (second) {
    throw new SipParseError('More than one Contact');
  }
  return first;
}

/** The Contacts of a REGISTER: a list, or `*`. @throws {SipParseError} one is malformed, or `*` is not alone */
export function registerContacts(headers: Headers): NameAddr[] | '*' {
  const values = headers.all('contact');
  if (values.some((value) => value === '*')) {
    if (values.length > 1) {
      throw new SipParseError('Contact * beside another');
    }
    return '*';
  }
  return values.flatMap(parseNameAddrs);
}

/** Parses seconds (Expires, Min-Expires, Retry-After), at most 2^32 − 1 (RFC 3261 §20.19). @throws {SipParseError} it is malformed */
export function parseSeconds(text: string): number {
  const match = /^[0-9]+/.exec(text);
  if (!match) {
    throw new SipParseError('Malformed number of seconds');
  }
  return Math.min(Number(match[0]), 2 ** 32 - 1);
}

/** Parses a media type: `type/subtype` in lower case, and parameters. @throws {SipParseError} a parameter is malformed */
export function parseMediaType(text: string): { type: string; params: Params } {
  const semicolon = text.indexOf(';');
  const type = (semicolon < 0 ? text : text.slice(0, semicolon)).replace(/[ \t]/g, '').toLowerCase();
  return { type, params: semicolon < 0 ? new Map() : parseParams(text, semicolon).params };
}

/** Parses RAck: the provisional response that a PRACK acknowledges (RFC 3262 §7.2). @throws {SipParseError} it is malformed */
export function parseRAck(text: string): { rseq: number; cseq: CSeq } {
  const match = /^([0-9]{1,10})[ \t]+(.*)$/.exec(text);
  if (!match) {
    throw new SipParseError('Malformed RAck');
  }
  return { rseq: Number(match[1]), cseq: parseCSeq(match[2] ?? '') };
}

/** The dialog that an INVITE replaces (RFC 3891 §6.1). The tags are as the recipient of the INVITE sees them: `toTag` is its own. */
export interface Replaces {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
  /** Replace it only before it is answered. */
  readonly earlyOnly: boolean;
}

const CALL_ID = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x7e]{1,256}$/;
const TAG = /^[A-Za-z0-9\-.!%*_+`'~]{1,128}$/;

/** Parses Replaces (RFC 3891 §6.1). @throws {SipParseError} it is malformed */
export function parseReplaces(text: string): Replaces {
  const semicolon = text.indexOf(';');
  const callId = (semicolon < 0 ? text : text.slice(0, semicolon)).trim();
  const { params, end } = parseParams(text, semicolon < 0 ? text.length : semicolon);
  const [toTag, fromTag] = [params.get('to-tag') ?? '', params.get('from-tag') ?? ''];
  if (end !== text.length || !CALL_ID.test(callId) || !TAG.test(toTag) || !TAG.test(fromTag)) {
    throw new SipParseError('Malformed Replaces');
  }
  return { callId, toTag, fromTag, earlyOnly: params.has('early-only') };
}

export function formatReplaces({ callId, toTag, fromTag, earlyOnly }: Replaces): string {
  return `${callId};to-tag=${toTag};from-tag=${fromTag}${earlyOnly ? ';early-only' : ''}`;
}
