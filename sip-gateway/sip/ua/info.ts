import type { SipRequest } from '../message/index.ts';
import { parseMediaType, SipParseError } from '../message/index.ts';
import type { InfoDigit } from './call-types.ts';

const DIGIT = /^(?:[0-9*#A-D]|1[0-6]|!)$/;
/** Event codes of RFC 4733 §3.2 that some phones send in the place of the key. */
const EVENT_DIGITS: Readonly<Record<string, string>> = {
  10: '*',
  11: '#',
  12: 'A',
  13: 'B',
  14: 'C',
  15: 'D',
  16: '!',
};
const DEFAULT_DURATION_MILLISECONDS = 250;

/** A media type of an INFO, empty where it has none or a malformed one. */
export function infoType(request: SipRequest): string {
  try {
    return parseMediaType(request.headers.get('content-type') ?? '').type;
  } catch (error) {
    if (error instanceof SipParseError) return '';
    throw error;
  }
}

/** The key of an `application/dtmf-relay` or `application/dtmf` INFO; undefined for anything else. */
export function infoDigit(request: SipRequest): InfoDigit | undefined {
  const type = infoType(request);
  const text = request.body.toString('latin1', 0, 256);
  let key: string | undefined;
  let duration = DEFAULT_DURATION_MILLISECONDS;
  if (type === 'application/dtmf-relay') {
    key = /^[ \t]*signal[ \t]*=[ \t]*(\S{1,2})/im.exec(text)?.[1];
    duration = Number(/^[ \t]*duration[ \t]*=[ \t]*([0-9]{1,5})/im.exec(text)?.[1] ?? duration);
  } else if (type === 'application/dtmf') key = text.trim();
  key = key?.toUpperCase();
  if (key === undefined || !DIGIT.test(key)) return undefined;
  return { digit: EVENT_DIGITS[key] ?? key, durationMilliseconds: Math.min(duration, 10_000) };
}
