import { LRUCache } from 'lru-cache';
import type { RoomSchedule } from '../../../contract/index.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** Formatters by time zone: they are slow to create. */
const clocks = new LRUCache<string, Intl.DateTimeFormat>({ max: 100 });

/** A meeting that a room's schedule describes, in Unix times in milliseconds. */
export interface Meeting {
  startMs: number;
  endMs: number;
}

/** The current or next meeting; undefined if all are over. */
export function nextMeeting(schedule: RoomSchedule, nowMs: number): Meeting | undefined {
  const lengthMs = schedule.durationMinutes * 60_000;
  const meeting = (week: number): Meeting => {
    const startMs = meetingStart(schedule, week);
    return { startMs, endMs: startMs + lengthMs };
  };
  if (schedule.repeats === undefined) {
    const only = meeting(0);
    return only.endMs > nowMs ? only : undefined;
  }
  // One week early, since daylight saving time may have moved it.
  let week = Math.max(0, Math.floor((nowMs - meetingStart(schedule, 0) - lengthMs) / WEEK_MS) - 1);
  while (meeting(week).endMs <= nowMs) {
    week += 1;
  }
  return meeting(week);
}

/** When a meeting starts, so many weeks after the first one, as Unix time in milliseconds. */
export function meetingStart({ startsAt, timeZone }: RoomSchedule, week = 0): number {
  const wallMs = Date.parse(`${startsAt}:00Z`) + week * WEEK_MS;
  // The offset at the wrong instant may be the one before or after a change: correct it once.
  const guess = wallMs - offsetMs(wallMs, timeZone);
  return wallMs - offsetMs(guess, timeZone);
}

/** How far a time zone is ahead of UTC at a Unix time, in milliseconds. */
export function offsetMs(atMs: number, timeZone: string): number {
  const parts = clockOf(timeZone).formatToParts(atMs);
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((each) => each.type === type)?.value ?? 0);
  const wallMs = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return wallMs - Math.floor(atMs / 1000) * 1000;
}

function clockOf(timeZone: string): Intl.DateTimeFormat {
  let clock = clocks.get(timeZone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    clocks.set(timeZone, clock);
  }
  return clock;
}
