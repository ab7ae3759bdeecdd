import { SipParseError } from './parse-error.ts';

/** Compact forms (RFC 3261 §7.3.3 and the IANA registry). */
const COMPACT: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

/** Names whose usual spelling is not one capital per word. */
const SPELLING: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'www-authenticate': 'WWW-Authenticate',
  'mime-version': 'MIME-Version',
  rack: 'RAck',
  rseq: 'RSeq',
  'min-se': 'Min-SE',
  'sip-etag': 'SIP-ETag',
  'sip-if-match': 'SIP-If-Match',
};

const spelled = new Map<string, string>();

/** The long form of a header name, in lower case. */
export function canonicalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.length === 1 ? (COMPACT[lower] ?? lower) : lower;
}

/** The usual spelling of a header name. */
export function spellName(name: string): string {
  const known = spelled.get(name);
  if (known !== undefined) {
    return known;
  }
  const text = SPELLING[name] ?? name.replace(/(^|-)([a-z])/g, (match) => match.toUpperCase());
  // Names come from the network, so limit the cache.
  if (spelled.size < 500) {
    spelled.set(name, text);
  }
  return text;
}

/** A header field: lower-case long name, and value without folding. */
export type HeaderField = readonly [name: string, value: string];

/** The header fields of a message, in order. Immutable: the `with…` methods return a copy. */
export class Headers {
  readonly fields: readonly HeaderField[];

  constructor(fields: readonly HeaderField[] = []) {
    this.fields = fields;
  }

  /** The first value of this name (long form, lower case). */
  get(name: string): string | undefined {
    for (const field of this.fields) {
      if (field[0] === name) {
        return field[1];
      }
    }
    return undefined;
  }

  /** All values of this name, one per occurrence. */
  all(name: string): string[] {
    const values: string[] = [];
    for (const field of this.fields) {
      if (field[0] === name) {
        values.push(field[1]);
      }
    }
    return values;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** The tokens of all occurrences of a list header such as Supported or Require. */
  tokens(name: string): string[] {
    return this.all(name)
      .flatMap((value) => value.split(','))
      .map((token) => token.trim())
      .filter((token) => token !== '');
  }

  /** The only value of this name. @throws {SipParseError} it occurs twice */
  single(name: string): string | undefined {
    const values = this.all(name);
    if (values.length > 1) {
      throw new SipParseError(`${spellName(name)} given twice`);
    }
    return values[0];
  }

  /** A copy with all fields of this name replaced by these values, in place of the first one or at the end. */
  with(name: string, ...values: string[]): Headers {
    const fields: HeaderField[] = [];
    let placed = false;
    for (const field of this.fields) {
      if (field[0] !== name) {
        fields.push(field);
      } else if (!placed) {
        placed = true;
        for (const value of values) {
          fields.push([name, value]);
        }
      }
    }
    if (!placed) {
      for (const value of values) {
        fields.push([name, value]);
      }
    }
    return new Headers(fields);
  }

  /** A copy with further fields at the end. */
  plus(...fields: HeaderField[]): Headers {
    return fields.length === 0 ? this : new Headers([...this.fields, ...fields]);
  }

  /** A copy with a field before all others. */
  prefixed(name: string, value: string): Headers {
    return new Headers([[name, value], ...this.fields]);
  }
}
