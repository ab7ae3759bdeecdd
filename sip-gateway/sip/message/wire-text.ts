import { isUtf8 } from 'node:buffer';

const HIGH = /[\x80-\xff]/g;
/** Bytes that were no UTF-8: lone surrogates, which text that was read as UTF-8 cannot contain. */
const BYTES = /[\udc80-\udcff]+/gu;

/**
 * The text of one line of a message. SIP wants UTF-8 (RFC 3261 §7), yet older PBXs and ISDN gateways send ISO-8859-1. In
 * a line that is not UTF-8 each byte above 127 becomes the surrogate U+DC00 + byte: `encodeText` turns it back into that
 * byte, so that what is echoed or compared stays exact, and `legible` shows it.
 */
export function decodeText(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return bytes
    .toString('latin1')
    .replace(HIGH, (character) => String.fromCharCode(0xdc00 + character.charCodeAt(0)));
}

/** The bytes of text, those that were no UTF-8 as they came. */
export function encodeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  let at = 0;
  for (const { 0: run, index } of text.matchAll(BYTES)) {
    parts.push(Buffer.from(text.slice(at, index), 'utf8'), Buffer.from(legible(run), 'latin1'));
    at = index + run.length;
  }
  parts.push(Buffer.from(text.slice(at), 'utf8'));
  return Buffer.concat(parts);
}

/** Text as a person reads it: bytes that were no UTF-8 as ISO-8859-1. */
export function legible(text: string): string {
  if (text.isWellFormed()) return text;
  return text.replace(BYTES, (run) =>
    run.replace(/[\s\S]/g, (unit) => String.fromCharCode(unit.charCodeAt(0) - 0xdc00)),
  );
}
