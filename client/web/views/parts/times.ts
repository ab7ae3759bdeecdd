import { language } from '../../strings/index.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** When a meeting takes place, in the user's time zone: “Tomorrow, 10:00–10:45”. */
export function meetingTime(startMs: number, durationMinutes: number, nowMs = Date.now()): string {
  const tag = language.value;
  const start = new Date(startMs);
  const hours = new Intl.DateTimeFormat(tag, { hour: 'numeric', minute: '2-digit' });
  const span = hours.formatRange(start, new Date(startMs + durationMinutes * MINUTE_MS));
  const days = dayOf(start) - dayOf(new Date(nowMs));
  const day =
    Math.abs(days) <= 1
      ? new Intl.RelativeTimeFormat(tag, { numeric: 'auto' }).format(days, 'day')
      : new Intl.DateTimeFormat(tag, {
          weekday: 'short',
          day: 'numeric',
          month: 'short',
          ...(start.getFullYear() !== new Date(nowMs).getFullYear() && { year: 'numeric' }),
        }).format(start);
  return `${day.charAt(0).toLocaleUpperCase(tag)}${day.slice(1)}, ${span}`;
}

/** How long ago something was: “2 hours ago”. */
export function ago(atMs: number, nowMs = Date.now()): string {
  const format = new Intl.RelativeTimeFormat(language.value, { numeric: 'auto' });
  const minutes = Math.round((atMs - nowMs) / MINUTE_MS);
  if (minutes > -60) {
    return format.format(Math.min(minutes, 0), 'minute');
  }
  const hours = Math.round(minutes / 60);
  return hours > -24 ? format.format(hours, 'hour') : format.format(Math.round(hours / 24), 'day');
}

/** How long something took: `4:05`, or `1:02:30`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (part: number) => String(part).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** Number of the local day, counted from any. */
function dayOf(time: Date): number {
  return Math.floor((time.getTime() - time.getTimezoneOffset() * MINUTE_MS) / DAY_MS);
}
