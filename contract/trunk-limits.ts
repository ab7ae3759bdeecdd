/** What may be called through a trunk, and how much: pure functions shared by the server and the gateway. */
import { z } from 'zod';
import { isEmergencyNumber } from './emergency-numbers.ts';
import { e164, type TrunkNumbers, trunkNumbers } from './trunk-numbers.ts';

/** The start of a number: E.164 (`+4490`), or as it is dialled in the trunk's country (`0900`). */
const prefix = z.string().regex(/^\+?[0-9*#]{1,20}$/);
const prefixes = z.array(prefix).max(1000).default([]);
const money = z.number().min(0).max(1_000_000_000);
const timeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/);

export const trunkLimits = z.object({
  /** Maximum new calls per second, in each direction; bursts of one second's calls. Default: no limit. */
  callsPerSecond: z.number().min(0.1).max(1000).optional(),
  /** Maximum minutes of outgoing calls per day. Default: no limit. */
  minutesPerDay: z.int().min(0).max(1_000_000).optional(),
  /** Maximum cost of outgoing calls per day, by `prices`. Default: no limit. */
  costPerDay: money.optional(),
  /** If there are any, only numbers with one of these prefixes may be called. */
  allow: prefixes,
  /** Numbers with these prefixes may not be called, not even if `allow` has them. */
  deny: prefixes,
  /** Prices in a currency of your choice. The longest matching prefix counts; an empty one is for all other numbers. */
  prices: z
    .array(
      z.object({
        prefix: prefix.or(z.literal('')),
        perMinute: money,
        /** Maximum cost of calls at this price per day. Default: no limit. */
        costPerDay: money.optional(),
      }),
    )
    .max(1000)
    .default([]),
  /** Calls are charged for whole increments of this many seconds. */
  incrementSeconds: z.int().min(1).max(3600).default(60),
  /** When calls may be placed: on these days (1: Monday, 7: Sunday), from and until a time of day. Empty: always. */
  hours: z
    .array(
      z.object({
        days: z.array(z.int().min(1).max(7)).min(1).max(7).default([1, 2, 3, 4, 5, 6, 7]),
        from: timeOfDay.default('00:00'),
        /** The first minute in which no call may be placed; `00:00`: midnight. */
        until: timeOfDay.default('00:00'),
      }),
    )
    .max(50)
    .default([]),
  /** IANA time zone of `hours` and of the day. */
  timeZone: z
    .string()
    .max(64)
    .refine(isTimeZone, { error: 'write a time zone such as Europe/Berlin' })
    .default('UTC'),
  /** Numbers that are refused as emergency numbers. Default: 112, 911, 999, 000 and those of the trunk's country. */
  emergencyNumbers: z
    .array(z.string().regex(/^\d{2,8}$/))
    .max(100)
    .optional(),
});
export type TrunkLimits = z.infer<typeof trunkLimits>;

/** What was used of a trunk on a day. */
export const trunkUsage = z.object({
  trunk: z.string().max(64),
  /** Date in the trunk's time zone. */
  day: z.iso.date(),
  /** A prefix of `prices`; null: all calls. */
  prefix: z.string().max(21).nullable(),
  seconds: z.number().min(0),
  cost: z.number().min(0),
});
export type TrunkUsage = z.infer<typeof trunkUsage>;

/** Calls per trunk and day to numbers that it bars, before an alarm. */
export const MAX_BARRED_PER_DAY = 10;

/** A trunk comes close to one of its limits, or has reached it. */
export const trunkAlarm = z.object({
  trunk: z.string().max(64),
  /** `numbers`: calls to numbers that the trunk bars. */
  kind: z.enum(['minutes', 'cost', 'numbers']),
  /** The prefix whose limit it is; null: the whole trunk's. */
  prefix: z.string().max(21).nullable(),
  /** `warning`: 80 % are used. */
  level: z.enum(['warning', 'reached']),
  used: z.number(),
  max: z.number(),
});
export type TrunkAlarm = z.infer<typeof trunkAlarm>;

interface LimitedTrunk {
  readonly numbers?: TrunkNumbers | undefined;
  readonly limits?: TrunkLimits | undefined;
}

const PLAIN = trunkNumbers.parse({});
const NO_LIMITS = trunkLimits.parse({});

/** The number whose prefix counts: in E.164 form where it has one, so that no other way to write it evades a rule (threat 19). */
export function ruledNumber(number: string, numbers: TrunkNumbers | undefined): string {
  // `+00…` is no number, but an exchange may read it as `00…`.
  const plain = number.replace(/^\+(?=0)/, '');
  return e164(plain, numbers ?? PLAIN) ?? plain;
}

/** Why a trunk must not be used for this number now; undefined: it may. `dialled`: what was dialled, before the dial plan changed it. */
export function trunkBars(
  { numbers, limits = NO_LIMITS }: LimitedTrunk,
  { number, dialled = number }: { number: string; dialled?: string },
  nowMs: number,
): 'emergency' | 'number' | 'hours' | undefined {
  if (isEmergencyNumber(number, { numbers, limits }) || isEmergencyNumber(dialled, { numbers, limits })) {
    return 'emergency';
  }
  const ruled = ruledNumber(number, numbers);
  const { allow, deny, prices, hours } = limits;
  const allowing = allow.filter((each) => hasPrefix(ruled, each, numbers));
  const isRuled = allow.length + deny.length + prices.length > 0;
  // Codes such as *21* change services at the provider, and numbers behind them evade other prefixes.
  const isCode = /[*#]/.test(ruled) && !allowing.some((each) => /^[*#]/.test(each));
  if ((allow.length > 0 && allowing.length === 0) || (isRuled && isCode)) {
    return 'number';
  }
  if (deny.some((each) => hasPrefix(ruled, each, numbers))) {
    return 'number';
  }
  return hours.length > 0 && !isWithin(limits, nowMs) ? 'hours' : undefined;
}

/** The price of a call to this number; undefined: it has none. */
export function priceOf(
  { numbers, limits }: LimitedTrunk,
  number: string,
): TrunkLimits['prices'][number] | undefined {
  const ruled = ruledNumber(number, numbers);
  let best: TrunkLimits['prices'][number] | undefined;
  for (const price of limits?.prices ?? []) {
    const isLonger =
      best === undefined ||
      fullPrefix(price.prefix, numbers).length > fullPrefix(best.prefix, numbers).length;
    if (isLonger && hasPrefix(ruled, price.prefix, numbers)) {
      best = price;
    }
  }
  return best;
}

/** The date in a time zone: `2026-11-29`. */
export function dayIn(timeZone: string, nowMs: number): string {
  const { year, month, day } = partsIn(timeZone, nowMs);
  return `${year}-${month}-${day}`;
}

function hasPrefix(ruled: string, start: string, numbers: TrunkNumbers | undefined): boolean {
  return ruled.startsWith(start) || ruled.startsWith(fullPrefix(start, numbers));
}

/** A prefix in E.164 form, if it is written as it is dialled. */
function fullPrefix(start: string, numbers: TrunkNumbers = PLAIN): string {
  const { countryCode, nationalPrefix, internationalPrefix } = numbers;
  if (!/^\d+$/.test(start)) {
    return start;
  }
  if (start.startsWith(internationalPrefix)) {
    return `+${start.slice(internationalPrefix.length)}`;
  }
  return countryCode !== undefined && start.startsWith(nationalPrefix)
    ? `+${countryCode}${start.slice(nationalPrefix.length)}`
    : start;
}

function isWithin({ hours, timeZone }: TrunkLimits, nowMs: number): boolean {
  const { weekday = '', hour, minute } = partsIn(timeZone, nowMs);
  const today = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(weekday) + 1;
  const now = `${hour}:${minute}`;
  return hours.some(
    ({ days, from, until }) => days.includes(today) && now >= from && (until === '00:00' || now < until),
  );
}

/** By time zone: making one takes longer than anything else here. There are as many as time zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

function partsIn(timeZone: string, nowMs: number): Record<string, string> {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    formats.set(timeZone, format);
  }
  return Object.fromEntries(format.formatToParts(nowMs).map(({ type, value }) => [type, value]));
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
