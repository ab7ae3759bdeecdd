import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RoomDescription } from '../../../contract/index.ts';
import { calendarEntry } from './calendar.ts';
import { readCalendar } from './read-calendar.ts';

const SCHEDULE = {
  startsAt: '2027-03-01T09:30',
  durationMinutes: 45,
  timeZone: 'Europe/Berlin',
  sequence: 3,
  changedAtMs: Date.UTC(2027, 1, 1, 12),
};
const ROOM: RoomDescription = {
  roomId: 'team-abcd',
  ownerId: null,
  title: 'Team',
  permissions: {},
  roles: {},
  schedule: SCHEDULE,
};
const entry = (room: Partial<RoomDescription> = {}, more = {}) =>
  calendarEntry({
    room: { ...ROOM, ...room },
    url: 'https://meet.example/#/room/team-abcd',
    host: 'meet.example',
    dialIn: undefined,
    nowMs: Date.UTC(2027, 1, 2),
    ...more,
  });
const eventOf = (ics: string) => readCalendar(ics).find(({ BEGIN }) => BEGIN === 'VEVENT') ?? {};

describe('an invitation for calendars', () => {
  it('has what RFC 5545 requires, and starts at the time of day in its zone', () => {
    const ics = entry();
    assert.ok(ics.startsWith('BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:'));
    assert.ok(ics.trimEnd().endsWith('END:VCALENDAR'));
    const event = eventOf(ics);
    assert.equal(event.UID, 'team-abcd@meet.example');
    assert.equal(event.SEQUENCE, '3');
    assert.equal(event.DTSTAMP, '20270201T120000Z');
    assert.equal(event.DTSTART, '20270301T083000Z');
    assert.equal(event.DTEND, '20270301T091500Z');
    assert.equal(event.STATUS, 'CONFIRMED');
    assert.equal(event.URL, 'https://meet.example/#/room/team-abcd');
  });

  it('of a weekly meeting names its zone with the changes of daylight saving time', () => {
    const ics = entry({ schedule: { ...SCHEDULE, repeats: 'weekly' } });
    assert.match(ics, /\r\nDTSTART;TZID=Europe\/Berlin:20270301T093000\r\n/);
    assert.match(ics, /\r\nRRULE:FREQ=WEEKLY\r\n/);
    assert.match(
      ics,
      /BEGIN:DAYLIGHT\r\nDTSTART:20270328T020000\r\nTZOFFSETFROM:\+0100\r\nTZOFFSETTO:\+0200\r\nEND:DAYLIGHT/,
    );
    assert.match(
      ics,
      /BEGIN:STANDARD\r\nDTSTART:20271031T030000\r\nTZOFFSETFROM:\+0200\r\nTZOFFSETTO:\+0100\r\nEND:STANDARD/,
    );
    const zones = readCalendar(ics).filter(({ BEGIN }) => BEGIN === 'VTIMEZONE');
    assert.deepEqual(
      zones.map(({ TZID }) => TZID),
      ['Europe/Berlin'],
    );
  });

  it('of a weekly meeting does not depend on the server’s own time zone', () => {
    const before = process.env.TZ;
    const texts = ['America/New_York', 'Asia/Kathmandu', 'Pacific/Auckland'].map((zone) => {
      process.env.TZ = zone;
      return entry({ schedule: { ...SCHEDULE, repeats: 'weekly' } });
    });
    process.env.TZ = before;
    if (before === undefined) {
      delete process.env.TZ;
    }
    assert.equal(new Set(texts).size, 1);
  });

  it('is replaced by a cancellation', () => {
    const cancelled = eventOf(entry({ schedule: { ...SCHEDULE, isCancelled: true } }));
    assert.deepEqual([cancelled.STATUS, cancelled.SEQUENCE], ['CANCELLED', '3']);
    const deleted = eventOf(entry({}, { isCancelled: true }));
    assert.deepEqual(
      [deleted.STATUS, deleted.SEQUENCE, deleted.UID],
      ['CANCELLED', '4', 'team-abcd@meet.example'],
    );
  });

  it('threat 38: no text can add lines or properties: newlines and signs are escaped, lines folded at 75 octets', () => {
    const nasty = fc.string({
      unit: fc.oneof(
        fc.constantFrom(
          '\r',
          '\n',
          '\r\n',
          ';',
          ',',
          '\\',
          ':',
          '"',
          '=',
          ' ',
          '\u2028',
          '\0',
          'END:VEVENT',
          '🎉',
        ),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      ),
      minLength: 1,
      maxLength: 200,
    });
    const expected = entry()
      .replace(/\r\n[ \t]/g, '')
      .split('\r\n')
      .map((line) => line.split(/[:;]/)[0]);
    fc.assert(
      fc.property(nasty, nasty, nasty, (title, description, number) => {
        const ics = entry(
          { title, schedule: { ...SCHEDULE, description } },
          { dialIn: { number, pin: '1' } },
        );
        for (const line of ics.split('\r\n')) {
          assert.ok(Buffer.byteLength(line) <= 75, line);
          assert.ok(!/[\r\n]/.test(line), JSON.stringify(line));
        }
        const names = ics
          .replace(/\r\n[ \t]/g, '')
          .split('\r\n')
          .map((line) => line.split(/[:;]/)[0]);
        assert.deepEqual(names, expected);
      }),
      { numRuns: 300 },
    );
    const event = eventOf(entry({ title: 'A\r\nATTACH:file:///etc/passwd; b, c\\n' }));
    assert.equal(event.ATTACH, undefined);
    assert.match(event.SUMMARY ?? '', /^A\nATTACH:file:\/\/\/etc\/passwd; b, c\\n$/);
  });
});
