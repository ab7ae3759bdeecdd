import {
  findHeaderEnd,
  MAX_BODY_BYTES,
  MAX_HEADER_BYTES,
  parseContentLength,
  SipParseError,
} from '../message/index.ts';

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
/** No message starts with these. */
const BLANKS: ReadonlySet<number | undefined> = new Set([TAB, LF, CR, SPACE]);
/** A keep-alive: a double CRLF between messages. */
const PING = [CR, LF, CR, LF];
/** A Content-Length line, folded or compact, in a header section. */
const CONTENT_LENGTH = /(?:^|\n)(?:content-length|l)[ \t]*:(?:[ \t]|\r?\n[ \t])*([^\r\n]*)/gi;

/**
 * Splits a byte stream into messages by Content-Length (RFC 3261 §18.3) and detects keep-alives (RFC 5626 §4.4.1). Without a valid
 * Content-Length, message boundaries are lost and push() throws: close the connection. `rest` has the broken message.
 */
export class StreamFramer {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #scannedTo = 0;
  /** Length of the incomplete message, in bytes; undefined until its header section is complete. */
  #needed: number | undefined;
  /** Bytes of a ping received so far. It may arrive in pieces, but it is not an incomplete message. */
  #pinged = 0;

  /** Whether there is an incomplete message. */
  get partial(): boolean {
    return this.#bytes > 0;
  }

  /** The bytes of the incomplete message. */
  get rest(): Buffer {
    return this.#join();
  }

  /**
   * Adds bytes and calls back for each complete message. Returns the number of pings (double CRLFs between messages).
   * @throws {SipParseError} Content-Length is missing or invalid, or the message is too large
   */
  push(chunk: Buffer, onMessage: (message: Buffer) => void): number {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    let pings = 0;
    while (this.#bytes > 0) {
      if (this.#needed === undefined) {
        pings += this.#dropBlankLines();
        if (this.#bytes === 0 || !this.#readHead()) {
          break;
        }
      }
      const needed = this.#needed ?? 0;
      if (this.#bytes < needed) {
        break;
      }
      const joined = this.#join();
      this.#reset(joined.subarray(needed));
      onMessage(joined.subarray(0, needed));
    }
    return pings;
  }

  #join(): Buffer {
    if (this.#chunks.length > 1) {
      this.#chunks = [Buffer.concat(this.#chunks)];
    }
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  #reset(rest: Buffer): void {
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#bytes = rest.length;
    this.#scannedTo = 0;
    this.#needed = undefined;
  }

  /** Drops empty lines (RFC 3261 §7.5) and blanks before a message. Returns the number of pings among them. */
  #dropBlankLines(): number {
    const bytes = this.#chunks[0] ?? Buffer.alloc(0);
    if (this.#scannedTo > 0 || !BLANKS.has(bytes[0])) {
      this.#pinged = 0;
      return 0;
    }
    let pings = 0;
    let blank = 0;
    for (; BLANKS.has(bytes[blank]); blank++) {
      if (bytes[blank] === PING[this.#pinged]) {
        this.#pinged++;
      } else {
        this.#pinged = bytes[blank] === CR ? 1 : 0;
      }
      if (this.#pinged === PING.length) {
        pings++;
        this.#pinged = 0;
      }
    }
    this.#reset(bytes.subarray(blank));
    if (this.#bytes > 0) {
      this.#pinged = 0;
    }
    return pings;
  }

  /** Reads the header section; returns false if more bytes are needed. */
  #readHead(): boolean {
    const bytes = this.#join();
    const end = findHeaderEnd(bytes, Math.max(0, this.#scannedTo - 3));
    if ((end?.headEnd ?? bytes.length) > MAX_HEADER_BYTES) {
      throw new SipParseError('The header section is too large', 513);
    }
    if (!end) {
      this.#scannedTo = bytes.length;
      return false;
    }
    const lengths = [...bytes.toString('latin1', 0, end.headEnd).matchAll(CONTENT_LENGTH)];
    const length = lengths.length === 1 ? parseContentLength(lengths[0]?.[1]?.trim() ?? '') : Number.NaN;
    if (Number.isNaN(length)) {
      throw new SipParseError('A stream requires one valid Content-Length');
    }
    if (length > MAX_BODY_BYTES) {
      throw new SipParseError('Message Too Large', 513);
    }
    this.#needed = end.bodyStart + length;
    return true;
  }
}
