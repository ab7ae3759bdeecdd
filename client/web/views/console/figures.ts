import { language } from '../../strings/index.ts';

/** A time with its day, in the user's time zone. */
export function dayAndTime(atMs: number): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'short' }).format(atMs);
}

/** A share from 0 to 1, in percent. */
export function percent(share: number): string {
  return new Intl.NumberFormat(language.value, { style: 'percent', maximumFractionDigits: 0 }).format(share);
}

/** A bitrate for people, e.g. `1.4 Mb/s`. */
export function bitrate(bps: number): string {
  const [unit, value] = bps < 1e6 ? (['kilobit', bps / 1e3] as const) : (['megabit', bps / 1e6] as const);
  return new Intl.NumberFormat(language.value, {
    style: 'unit',
    unit: `${unit}-per-second`,
    maximumSignificantDigits: 3,
  }).format(value);
}
