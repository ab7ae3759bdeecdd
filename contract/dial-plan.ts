/** Dial plan: pure functions shared by the server and the gateway. */
import type { DialRule, TelephonyConfig } from './telephony.ts';

/** The route of a call from a room. */
export type DialRoute =
  | { type: 'phone'; username: string }
  /** `number` is the number to call at the trunk: digits stripped, prefix added. */
  | { type: 'trunk'; trunk: string; number: string };

/**
 * Whether a pattern matches a whole number. `*` stands for any characters (or none), `X` for one digit, anything else for itself. Takes at
 * most as many steps as the product of both lengths, whatever the pattern.
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
      // Let the last star match one more character.
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

/** The first rule of a direction whose pattern matches the number. */
export function matchDialRule(
  plan: readonly DialRule[],
  direction: DialRule['direction'],
  number: string,
): DialRule | undefined {
  return plan.find((rule) => rule.direction === direction && fitsDialPattern(rule.pattern, number));
}

/**
 * The number in a dialled text or URI. For `sip:` URIs it is the user part, since calls follow the dial plan and never go to a host named
 * by the caller; for `tel:` URIs and plain numbers, what remains without parameters and separators (RFC 3966 §5.1.1). Escapes are decoded,
 * so that none bypasses a rule. Undefined if nothing valid remains.
 */
export function dialledNumber(target: string): string | undefined {
  const [, scheme = '', rest = ''] = /^(?:(sips?|tel):)?(.*)$/is.exec(target) ?? [];
  const at = rest.lastIndexOf('@');
  const named = at >= 0 || scheme.toLowerCase().startsWith('sip');
  // A user part may include a password and parameters, which are not dialled.
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

/** The route of a call from a room: one of our phones, or what the outgoing rules say; undefined if nothing permits it. */
export function routeDial(
  {
    phones,
    trunks,
    dialPlan,
  }: Pick<TelephonyConfig, 'dialPlan'> & {
    phones: ReadonlyArray<{ username: string }>;
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
