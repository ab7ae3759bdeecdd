import type { RoomDescription } from '../../../contract/index.ts';
import type { DialIn } from '../../kernel/index.ts';
import { icalLocalTime, icalStream, icalText, icalTime } from './ical-text.ts';
import { meetingStart, offsetMs } from './meeting-times.ts';

const DAY_MS = 86_400_000;
/** No zone changes its offset twice within a week. */
const WEEK_MS = 7 * DAY_MS;
/** For how long changes of daylight saving time are listed: nobody knows the later ones. */
const ZONE_YEARS = 5;

export interface CalendarEntry {
  room: RoomDescription;
  /** The link that people open. */
  url: string;
  /** The server's host, for an id that is unique in the world. */
  host: string;
  dialIn: DialIn | undefined;
  nowMs: number;
  /** The room is being deleted. */
  isCancelled?: boolean;
}

/** An invitation to a room's meeting, or its cancellation, as iCalendar (RFC 5545). */
export function calendarEntry({
  room,
  url,
  host,
  dialIn,
  nowMs,
  isCancelled = false,
}: CalendarEntry): string {
  const { roomId, title, schedule } = room;
  if (!schedule) {
    throw new TypeError('not scheduled');
  }
  const { timeZone, startsAt, durationMinutes, description, repeats, sequence } = schedule;
  const startMs = meetingStart(schedule);
  const lengthMs = durationMinutes * 60_000;
  const wasCancelled = schedule.isCancelled === true;
  const details = [description, url, dialIn && dialInLine(dialIn)].filter(Boolean).join('\n\n');
  const wallMs = Date.parse(`${startsAt}:00Z`);
  // Only a meeting that repeats needs its zone: it moves with daylight saving time.
  const times = repeats
    ? [
        `DTSTART;TZID=${timeZone}:${icalLocalTime(wallMs)}`,
        `DTEND;TZID=${timeZone}:${icalLocalTime(wallMs + lengthMs)}`,
        `RRULE:FREQ=${repeats.toUpperCase()}`,
      ]
    : [`DTSTART:${icalTime(startMs)}`, `DTEND:${icalTime(startMs + lengthMs)}`];
  return icalStream([
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Canopy//Canopy//EN',
    'METHOD:PUBLISH',
    ...(repeats ? zoneComponent(timeZone, startMs) : []),
    'BEGIN:VEVENT',
    `UID:${icalText(encodeURIComponent(roomId))}@${host}`,
    `SEQUENCE:${isCancelled && !wasCancelled ? sequence + 1 : sequence}`,
    `DTSTAMP:${icalTime(isCancelled ? nowMs : schedule.changedAtMs)}`,
    ...times,
    `SUMMARY:${icalText(title ?? roomId)}`,
    `LOCATION:${icalText(url)}`,
    `URL:${url}`,
    `DESCRIPTION:${icalText(details)}`,
    `STATUS:${isCancelled || wasCancelled ? 'CANCELLED' : 'CONFIRMED'}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ]);
}

function dialInLine({ number, pin }: DialIn): string {
  return pin === undefined ? `☎ ${number}` : `☎ ${number}, PIN ${pin}#`;
}

/** A time zone as a VTIMEZONE: its offset when the meetings begin, and the changes after that (RFC 5545, section 3.6.5). */
function zoneComponent(timeZone: string, startMs: number): string[] {
  const fromMs = startMs - DAY_MS;
  const untilMs = startMs + ZONE_YEARS * 366 * DAY_MS;
  const initial = offsetMs(fromMs, timeZone);
  const observances = [observance(fromMs, initial, initial)];
  let before = initial;
  for (let atMs = fromMs; atMs < untilMs; atMs += WEEK_MS) {
    const after = offsetMs(atMs + WEEK_MS, timeZone);
    if (after !== before) {
      observances.push(observance(changeBetween(atMs, atMs + WEEK_MS, timeZone), before, after));
      before = after;
    }
  }
  return ['BEGIN:VTIMEZONE', `TZID:${timeZone}`, ...observances.flat(), 'END:VTIMEZONE'];
}

/** When the offset changes, to the second. */
function changeBetween(earlierMs: number, laterMs: number, timeZone: string): number {
  const before = offsetMs(earlierMs, timeZone);
  let [low, high] = [earlierMs, laterMs];
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(middle, timeZone) === before) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return Math.round(high / 60_000) * 60_000;
}

function observance(atMs: number, before: number, after: number): string[] {
  const kind = after > before ? 'DAYLIGHT' : 'STANDARD';
  return [
    `BEGIN:${kind}`,
    // The local time just before the change.
    `DTSTART:${icalLocalTime(atMs + before)}`,
    `TZOFFSETFROM:${utcOffset(before)}`,
    `TZOFFSETTO:${utcOffset(after)}`,
    `END:${kind}`,
  ];
}

function utcOffset(milliseconds: number): string {
  const minutes = Math.round(Math.abs(milliseconds) / 60_000);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60].map((n) => String(n).padStart(2, '0'));
  return `${milliseconds < 0 ? '-' : '+'}${hours}${rest}`;
}
