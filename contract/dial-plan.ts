/** How numbers find their way: pure functions that the server and the gateway share. */
import type { DialRule, TelephonyConfig } from './telephony.ts';

/** Where a call out of a room goes. */
export type DialRoute =
  | { type: 'phone'; username: string }
  /** `number` is what the trunk is asked for: digits stripped, prefix put before. */
  | { type: 'trunk'; trunk: string; number: string };

/**
 * Whether a pattern fits the whole of a number. `*` stands for any characters (none too), `X` for one digit, all else for itself.
 * Takes at most the product of both lengths in steps, whatever the pattern.
 */
export function fitsDialPattern(pattern: string, number: string): boolean {
  let inPattern = 0;
  let inNumber = 0;
  let star = -1;
  let starNumber = 0;
  while (inNumber < number.length) {
    const sign = pattern[inPattern];
    if (sign === '*') {
      star = inPattern;
      starNumber = inNumber;
      inPattern += 1;
    } else if (fitsSign(sign, number[inNumber])) {
      inPattern += 1;
      inNumber += 1;
    } else if (star >= 0) {
      // The last star takes one character more.
      starNumber += 1;
      inNumber = starNumber;
      inPattern = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[inPattern] === '*') {
    inPattern += 1;
  }
  return inPattern === pattern.length;
}

function fitsSign(sign: string | undefined, character: string | undefined): boolean {
  if (sign === 'X') {
    return character !== undefined && character >= '0' && character <= '9';
  }
  return sign !== undefined && sign === character;
}

/** The first rule of a direction whose pattern fits the number. */
export function matchDialRule(
  plan: readonly DialRule[],
  direction: DialRule['direction'],
  number: string,
): DialRule | undefined {
  return plan.find((rule) => rule.direction === direction && fitsDialPattern(rule.pattern, number));
}

/**
 * The number that a dialled text or URI stands for: of a `sip:` URI its user part, for calls go by the dial plan and never to a host
 * that the caller names; of a `tel:` URI and a plain number what remains without parameters and separators (RFC 3966 section 5.1.1).
 * Escapes are resolved, so that none gets past a rule. Undefined when nothing sensible remains.
 */
export function dialledNumber(target: string): string | undefined {
  const [, scheme = '', rest = ''] = /^(?:(sips?|tel):)?(.*)$/is.exec(target) ?? [];
  const at = rest.lastIndexOf('@');
  const named = at >= 0 || scheme.toLowerCase().startsWith('sip');
  // A user part may have a password and parameters; none of them is dialled.
  const [user = ''] = (at >= 0 ? rest.slice(0, at) : rest).split(/[;?:]/, 1);
  let number: string;
  try {
    number = decodeURIComponent(user);
  } catch {
    return undefined;
  }
  if (!named || /^[+0-9(]/.test(number)) {
    number = number.replace(/[-.()]/g, '');
  }
  return /^[A-Za-z0-9*#+_.~-]{1,128}$/.test(number) ? number : undefined;
}

/** Where a call out of a room may go; undefined where nothing permits it: an own phone, else what the outgoing rules say. */
export function routeDial(
  {
    phones,
    trunks,
    dialPlan,
  }: Pick<TelephonyConfig, 'phones' | 'dialPlan'> & {
    trunks: ReadonlyArray<{ name: string }>;
  },
  target: string,
): DialRoute | undefined {
  const number = dialledNumber(target);
  if (number === undefined) {
    return undefined;
  }
  if (phones.some(({ username }) => username === number)) {
    return { type: 'phone', username: number };
  }
  const action = matchDialRule(dialPlan, 'outgoing', number)?.action;
  if (action?.type !== 'trunk' || !trunks.some(({ name }) => name === action.trunk)) {
    return undefined;
  }
  const sent = action.prefix + number.slice(action.stripDigits);
  return sent === '' ? undefined : { type: 'trunk', trunk: action.trunk, number: sent };
}
