import type { SipRequest } from '../message/index.ts';
import { parseMediaType, SipParseError } from '../message/index.ts';
import type { InfoDigit } from './call-types.ts';

const DIGIT = /^(?:[0-9*#A-D]|1[0-6]|!)$/;
/** Keys by their event codes (RFC 4733 §3.2), which some phones send instead. */
const EVENT_DIGITS: Readonly<Record<string, string>> = {
  10: '*',
  11: '#',
  12: 'A',
  13: 'B',
  14: 'C',
  15: 'D',
  16: '!',
};
const DEFAULT_DURATION_MS = 250;

/** The media type of an INFO; empty if it is missing or malformed. */
export function infoType(request: SipRequest): string {
  try {
    return parseMediaType(request.headers.get('content-type') ?? '').type;
  } catch (error) {
    if (error instanceof SipParseError) {
      return '';
    }
    throw error;
  }
}

const NORTEL = 'application/vnd.nortelnetworks.digits';
const EVENT = 'audio/telephone-event';
/** Media types for keys. No RFC defines them. Phones send `Signal=5`, `d=5`, the bare key or, with EVENT, the payload of RFC 4733. */
const KEY_TYPES: ReadonlySet<string> = new Set(['application/dtmf-relay', 'application/dtmf', NORTEL, EVENT]);
const NAMED_KEY = /^[ \t]*(?:signal|d)[ \t]*[=:][ \t]*(\S{1,32})[ \t]*$/im;
const DURATION = /^[ \t]*duration[ \t]*[=:][ \t]*([0-9]{1,5})/im;

/** Value of Accept in a 415. */
export const ACCEPTED_INFO = [...KEY_TYPES].join(', ');

/** Length of an event's payload (RFC 4733 §2.3), and its end bit. */
const EVENT_BYTES = 4;
const END_BIT = 0x80;

/**
 * The keys in an INFO: one, or several in Nortel's type. Empty for the end of an event, whose beginning was the key. Undefined for other
 * bodies.
 */
export function infoDigits(request: SipRequest): InfoDigit[] | undefined {
  const type = infoType(request);
  if (!KEY_TYPES.has(type)) {
    return undefined;
  }
  const [event, flags] = request.body;
  if (type === EVENT && request.body.length === EVENT_BYTES && event !== undefined && event < 16) {
    const isEnd = ((flags ?? 0) & END_BIT) !== 0;
    const digit = EVENT_DIGITS[event] ?? String(event);
    return isEnd ? [] : [{ digit, durationMs: DEFAULT_DURATION_MS }];
  }
  const text = request.body.toString('latin1', 0, 256);
  const named = (NAMED_KEY.exec(text)?.[1] ?? text.trim()).toUpperCase();
  const keys = type === NORTEL ? [...named] : [named];
  if (!keys.every((key) => DIGIT.test(key))) {
    return undefined;
  }
  const duration = Number(DURATION.exec(text)?.[1] ?? DEFAULT_DURATION_MS);
  const durationMs = Math.min(duration, 10_000);
  return keys.map((key) => ({ digit: EVENT_DIGITS[key] ?? key, durationMs }));
}
