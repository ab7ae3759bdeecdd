import type { Bytes } from '../bytes.ts';

/** ASN.1 tags (X.690) that certificates use. */
export const TAG = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OID: 0x06,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** One DER element: its tag, its content, and all of it with its header. */
export interface Element {
  tag: number;
  content: Bytes;
  whole: Bytes;
}

/** Reads DER elements one after another; throws RangeError at anything that is not strict DER of low tag numbers. */
export class DerReader {
  readonly #bytes: Bytes;
  #offset = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** Reads the next element, which must have the tag if one is given. */
  read(tag?: number): Element {
    const start = this.#offset;
    const found = this.#byte();
    if ((found & 0x1f) === 0x1f) throw new RangeError('long tags are not supported');
    if (tag !== undefined && found !== tag) throw new RangeError(`expected tag ${tag}, found ${found}`);
    const length = this.#length();
    const begin = this.#offset;
    if (begin + length > this.#bytes.length) throw new RangeError('an element is cut off');
    this.#offset = begin + length;
    return {
      tag: found,
      content: this.#bytes.subarray(begin, this.#offset),
      whole: this.#bytes.subarray(start, this.#offset),
    };
  }

  /** Reads the next element when it has this tag. */
  readOptional(tag: number): Element | undefined {
    return this.#bytes[this.#offset] === tag ? this.read(tag) : undefined;
  }

  /** A reader of the next element's content. */
  enter(tag: number): DerReader {
    return new DerReader(this.read(tag).content);
  }

  /** Throws unless everything was read. */
  end(): void {
    if (!this.done) throw new RangeError('there is data after the end');
  }

  #byte(): number {
    const value = this.#bytes[this.#offset++];
    if (value === undefined) throw new RangeError('an element is cut off');
    return value;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 3) throw new RangeError('a length is indefinite or too long');
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte();
    if (length < 0x80 || (count > 1 && length < 256 ** (count - 1))) {
      throw new RangeError('a length is not minimal');
    }
    return length;
  }
}

/** An object identifier's content as dotted numbers. */
export function readOid(content: Bytes): string {
  const parts: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('an object identifier is too long');
    if ((byte & 0x80) === 0) {
      parts.push(value);
      value = 0;
    }
  }
  const [first = 0, ...rest] = parts;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...rest].join('.');
}

/** UTCTime or GeneralizedTime as Unix time in milliseconds (RFC 5280 section 4.1.2.5: UTC, with seconds). */
export function readTime({ tag, content }: Element): number {
  const text = String.fromCharCode(...content);
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  const digits = tag === TAG.UTC_TIME ? 2 : tag === TAG.GENERALIZED_TIME ? 4 : 0;
  if (match?.[1]?.length !== digits) throw new RangeError('a time is malformed');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const fullYear = digits === 4 ? year : year < 50 ? 2000 + year : 1900 + year;
  return Date.UTC(fullYear, month - 1, day, hour, minute, second);
}

/** A BIT STRING's bytes; whole bytes only, as in signatures and keys. */
export function readBitString(content: Bytes): Bytes {
  if (content[0] !== 0) throw new RangeError('a bit string has unused bits');
  return content.subarray(1);
}
