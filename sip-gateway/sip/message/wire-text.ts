import { isUtf8 } from 'node:buffer';

const HIGH = /[\x80-\xff]/g;
/** Bytes that were not UTF-8, as lone surrogates, which decoded UTF-8 never contains. */
const BYTES = /[\udc80-\udcff]+/gu;

/**
 * Decodes one line of a message. SIP requires UTF-8 (RFC 3261 §7), but older PBXs and ISDN gateways send ISO-8859-1. If a line is not
 * UTF-8, each byte above 127 becomes the surrogate U+DC00 + byte. encodeText() restores that byte, so that echoed fields and comparisons
 * are exact; legible() makes it readable.
 */
export function decodeText(bytes: Buffer): string {
  if (isUtf8(bytes)) {
    return bytes.toString('utf8');
  }
  return bytes
    .toString('latin1')
    .replace(HIGH, (character) => String.fromCharCode(0xdc00 + character.charCodeAt(0)));
}

/** Encodes text as UTF-8 and restores bytes that were not UTF-8. */
export function encodeText(text: string): Buffer {
  if (text.isWellFormed()) {
    return Buffer.from(text, 'utf8');
  }
  const parts: Buffer[] = [];
  let at = 0;
  for (const { 0: run, index } of text.matchAll(BYTES)) {
    parts.push(Buffer.from(text.slice(at, index), 'utf8'), Buffer.from(legible(run), 'latin1'));
    at = index + run.length;
  }
  parts.push(Buffer.from(text.slice(at), 'utf8'));
  return Buffer.concat(parts);
}

/** Text for display: bytes that were not UTF-8 are read as ISO-8859-1. */
export function legible(text: string): string {
  if (text.isWellFormed()) {
    return text;
  }
  return text.replace(BYTES, (run) =>
    run.replace(/[\s\S]/g, (unit) => String.fromCharCode(unit.charCodeAt(0) - 0xdc00)),
  );
}
