import { type Bytes, toHex } from './bytes.ts';

/** The bytes are not valid DER. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** Identifier octets used in certificates. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One element: identifier octet, content, and all of its bytes. */
export interface DerElement {
  readonly tag: number;
  readonly content: Bytes;
  readonly bytes: Bytes;
}

/**
 * A strict reader of DER (X.690 §10): definite, minimal lengths, low tag numbers, nothing left over. Reads the elements of one constructed
 * value in order, without recursion. It keeps the exact bytes of every element, since what is hashed, compared and verified must be what
 * was sent, not a re-encoding. All methods throw DerError on malformed input.
 */
export class DerReader {
  readonly #bytes: Bytes;
  #offset = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /** Reads `bytes` as exactly one element. */
  static single(bytes: Bytes, tag: number): DerElement {
    const reader = new DerReader(bytes);
    const element = reader.read(tag);
    reader.end();
    return element;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** The identifier octet of the next element, or undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#offset];
  }

  /** Reads the next element, which must have this tag if one is given. */
  read(tag?: number): DerElement {
    const start = this.#offset;
    const found = this.#octet();
    if ((found & 0x1f) === 0x1f) {
      throw new DerError('high tag numbers are not used in certificates');
    }
    if (tag !== undefined && found !== tag) {
      throw new DerError(`expected tag 0x${tag.toString(16)}, found 0x${found.toString(16)}`);
    }
    const length = this.#length();
    const contentStart = this.#offset;
    if (length > this.#bytes.length - contentStart) {
      throw new DerError('an element extends beyond its parent');
    }
    this.#offset = contentStart + length;
    return {
      tag: found,
      content: this.#bytes.subarray(contentStart, this.#offset),
      bytes: this.#bytes.subarray(start, this.#offset),
    };
  }

  /** Reads the next element if it has this tag. */
  optional(tag: number): DerElement | undefined {
    return this.nextTag === tag ? this.read(tag) : undefined;
  }

  /** Reads the next element, a constructed one, and returns a reader of its content. */
  enter(tag: number): DerReader {
    return new DerReader(this.read(tag).content);
  }

  /** Requires that nothing is left over. */
  end(): void {
    if (!this.done) {
      throw new DerError('unexpected bytes after the last element');
    }
  }

  #octet(): number {
    const octet = this.#bytes[this.#offset];
    if (octet === undefined) {
      throw new DerError('unexpected end of data');
    }
    this.#offset += 1;
    return octet;
  }

  #length(): number {
    const first = this.#octet();
    if (first < 0x80) {
      return first;
    }
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4) {
      throw new DerError('indefinite or excessive length');
    }
    let length = 0;
    for (let i = 0; i < octets; i += 1) {
      length = length * 256 + this.#octet();
    }
    if (length < 0x80 || length < 256 ** (octets - 1)) {
      throw new DerError('length is not minimal');
    }
    return length;
  }
}

/** Dotted form of an OBJECT IDENTIFIER's content. */
export function decodeOid(content: Bytes): string {
  const arcs: number[] = [];
  let value = 0;
  let inside = false;
  for (const octet of content) {
    if (!inside && octet === 0x80) {
      throw new DerError('object identifier is not minimal');
    }
    value = value * 128 + (octet & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER / 128) {
      throw new DerError('object identifier is too large');
    }
    inside = (octet & 0x80) !== 0;
    if (!inside) {
      if (arcs.length === 0) {
        arcs.push(Math.min(Math.floor(value / 40), 2), value - Math.min(Math.floor(value / 40), 2) * 40);
      } else {
        arcs.push(value);
      }
      value = 0;
    }
  }
  if (inside || arcs.length === 0) {
    throw new DerError('object identifier is truncated');
  }
  return arcs.join('.');
}

/** Hex of a non-negative INTEGER's content, without a sign octet. */
export function decodeUnsigned(content: Bytes): string {
  const [first, second] = content;
  if (first === undefined) {
    throw new DerError('empty integer');
  }
  if (first >= 0x80) {
    throw new DerError('negative integer');
  }
  if (first === 0 && second !== undefined && second < 0x80) {
    throw new DerError('integer is not minimal');
  }
  return toHex(first === 0 && second !== undefined ? content.subarray(1) : content);
}

/** The value of a BOOLEAN's content. */
export function decodeBoolean(content: Bytes): boolean {
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
    throw new DerError('bad boolean');
  }
  return content[0] === 0xff;
}

/** The octets of a BIT STRING without unused bits, as for keys and signatures. */
export function decodeBitOctets(content: Bytes): Bytes {
  if (content[0] !== 0) {
    throw new DerError('bit string has unused bits');
  }
  return content.subarray(1);
}

/** Numbers of the set bits in a named BIT STRING (bit 0 is the first). */
export function decodeNamedBits(content: Bytes): Set<number> {
  const unused = content[0];
  if (unused === undefined || unused > 7 || (content.length === 1 && unused > 0) || content.length > 5) {
    throw new DerError('bad bit string');
  }
  const bits = new Set<number>();
  for (let i = 0; i < (content.length - 1) * 8 - unused; i += 1) {
    if (((content[1 + (i >> 3)] ?? 0) >> (7 - (i & 7))) & 1) {
      bits.add(i);
    }
  }
  return bits;
}

/** A Time (RFC 5280 §4.1.2.5) as Unix time in milliseconds: UTCTime or GeneralizedTime, in whole seconds and UTC. */
export function decodeTime({ tag, content }: DerElement): number {
  const text = latin1(content);
  const digits = tag === TAG.utcTime ? 2 : tag === TAG.generalizedTime ? 4 : 0;
  if (digits === 0 || !/^\d+Z$/.test(text) || text.length !== digits + 11) {
    throw new DerError('bad time');
  }
  const short = Number(text.slice(0, digits));
  const year = digits === 4 ? short : short < 50 ? 2000 + short : 1900 + short;
  const iso = `${String(year).padStart(4, '0')}-${text.slice(digits).replace(/^(..)(..)(..)(..)(..)Z$/, '$1-$2T$3:$4:$5.000Z')}`;
  const timeMs = Date.parse(iso);
  if (Number.isNaN(timeMs) || new Date(timeMs).toISOString() !== iso) {
    throw new DerError('impossible date');
  }
  return timeMs;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true });

/** The text of a character string; undefined for types that are allowed but never contain names we use. */
export function decodeString({ tag, content }: DerElement): string | undefined {
  try {
    switch (tag) {
      case TAG.utf8String:
        return utf8.decode(content);
      case TAG.printableString:
      case TAG.ia5String:
      case TAG.teletexString:
        return latin1(content);
      case TAG.bmpString:
        return utf16.decode(content);
      case TAG.bitString:
      case TAG.numericString:
      case TAG.visibleString:
      case TAG.universalString:
        return undefined;
      default:
        throw new Error(`not a string: tag 0x${tag.toString(16)}`);
    }
  } catch (cause) {
    throw new DerError('invalid string encoding', { cause });
  }
}

function latin1(bytes: Bytes): string {
  return String.fromCharCode(...bytes);
}
