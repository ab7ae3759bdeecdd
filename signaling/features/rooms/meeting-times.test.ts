import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { meetingStart, nextMeeting } from './meeting-times.ts';

const at = (text: string) => Date.parse(text);
const iso = (milliseconds: number | undefined) =>
  milliseconds === undefined ? undefined : new Date(milliseconds).toISOString().slice(0, 16);

describe('the times of meetings', () => {
  it('are the time of day in their zone', () => {
    const start = (startsAt: string, timeZone: string) =>
      iso(meetingStart({ startsAt, timeZone, durationMinutes: 30 }));
    assert.equal(start('2027-01-15T09:00', 'Europe/Berlin'), '2027-01-15T08:00');
    assert.equal(start('2027-07-15T09:00', 'Europe/Berlin'), '2027-07-15T07:00');
    assert.equal(start('2027-07-15T09:00', 'Asia/Kathmandu'), '2027-07-15T03:15');
    assert.equal(start('2027-03-14T09:00', 'America/New_York'), '2027-03-14T13:00');
    assert.equal(start('2027-03-14T00:30', 'America/New_York'), '2027-03-14T05:30');
    assert.equal(start('2027-12-31T23:30', 'Pacific/Auckland'), '2027-12-31T10:30');
  });

  it('in an hour that does not exist are one hour later', () => {
    const startMs = meetingStart({
      startsAt: '2027-03-28T02:30',
      timeZone: 'Europe/Berlin',
      durationMinutes: 30,
    });
    assert.ok(['2027-03-28T00:30', '2027-03-28T01:30'].includes(iso(startMs) ?? ''), iso(startMs));
  });

  it('of a single meeting end when it is over', () => {
    const schedule = { startsAt: '2027-01-15T09:00', timeZone: 'UTC', durationMinutes: 30 };
    assert.equal(iso(nextMeeting(schedule, at('2027-01-15T09:29:59Z'))?.startMs), '2027-01-15T09:00');
    assert.equal(nextMeeting(schedule, at('2027-01-15T09:30:00Z')), undefined);
  });

  it('of a weekly meeting keep the time of day across changes of daylight saving time, for ever', () => {
    const weekly = {
      startsAt: '2027-03-22T09:00',
      timeZone: 'Europe/Berlin',
      durationMinutes: 60,
      repeats: 'weekly' as const,
    };
    const next = (now: string) => iso(nextMeeting(weekly, at(now))?.startMs);
    assert.equal(next('2026-01-01T00:00:00Z'), '2027-03-22T08:00');
    assert.equal(next('2027-03-22T08:59:59Z'), '2027-03-22T08:00');
    assert.equal(next('2027-03-22T09:00:00Z'), '2027-03-29T07:00');
    assert.equal(next('2027-10-30T00:00:00Z'), '2027-11-01T08:00');
    assert.equal(next('2047-06-05T00:00:00Z'), '2047-06-10T07:00');
  });
});
