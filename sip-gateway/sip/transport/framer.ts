import {
  findHeaderEnd,
  MAX_BODY_BYTES,
  MAX_HEADER_BYTES,
  parseContentLength,
  SipParseError,
} from '../message/index.ts';

const CR = 13;
const LF = 10;
/** A Content-Length line, folded or compact, in a header section. */
const CONTENT_LENGTH = /(?:^|\n)(?:content-length|l)[ \t]*:(?:[ \t]|\r?\n[ \t])*([^\r\n]*)/gi;

/**
 * Cuts a byte stream into messages by Content-Length (RFC 3261 §18.3) and finds keep-alives (RFC 5626 §4.4.1). On a stream
 * Content-Length is required and must be sound: after anything else the border of messages is lost, so the connection
 * must be closed; `push` then throws SipParseError, once, with the broken message in `rest`.
 */
export class StreamFramer {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #scannedTo = 0;
  /** Length of the message in progress, once its header section is complete, in bytes. */
  #needed: number | undefined;

  /** True while a message has begun and is not complete. */
  get partial(): boolean {
    return this.#bytes > 0;
  }

  /** What came of the message in progress. */
  get rest(): Buffer {
    return this.#join();
  }

  /** Takes bytes; calls back for each whole message and for each ping (double CRLF between messages). */
  push(chunk: Buffer, onMessage: (message: Buffer) => void, onPing: () => void): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes > 0) {
      if (this.#needed === undefined && !this.#readHead(onPing)) return;
      const needed = this.#needed ?? 0;
      if (this.#bytes < needed) return;
      const joined = this.#join();
      this.#reset(joined.subarray(needed));
      onMessage(joined.subarray(0, needed));
    }
  }

  #join(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  #reset(rest: Buffer): void {
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#bytes = rest.length;
    this.#scannedTo = 0;
    this.#needed = undefined;
  }

  /** Drops empty lines, then looks for the header section; false while more bytes are needed. */
  #readHead(onPing: () => void): boolean {
    let bytes = this.#join();
    let blank = 0;
    while (bytes[blank] === CR || bytes[blank] === LF) blank++;
    if (blank > 0) {
      for (let ping = 4; ping <= blank; ping += 4) onPing();
      // A ping may come in two pieces: what is left of it is kept.
      const keep = blank === bytes.length ? blank % 4 : 0;
      this.#reset(bytes.subarray(blank - keep));
      if (keep > 0 || this.#bytes === 0) return false;
      bytes = this.#join();
    }
    const end = findHeaderEnd(bytes, Math.max(0, this.#scannedTo - 3));
    if ((end?.headEnd ?? bytes.length) > MAX_HEADER_BYTES)
      throw new SipParseError('The header section is too large', 513);
    if (!end) {
      this.#scannedTo = bytes.length;
      return false;
    }
    const lengths = [...bytes.toString('latin1', 0, end.headEnd).matchAll(CONTENT_LENGTH)];
    const length = lengths.length === 1 ? parseContentLength(lengths[0]?.[1]?.trim() ?? '') : Number.NaN;
    if (Number.isNaN(length)) throw new SipParseError('A stream needs one sound Content-Length');
    if (length > MAX_BODY_BYTES) throw new SipParseError('Message Too Large', 513);
    this.#needed = end.bodyStart + length;
    return true;
  }
}
