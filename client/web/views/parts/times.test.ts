import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ago, meetingTime } from './times.ts';

const at = (text: string) => new Date(text).getTime();

describe('times of meetings and visits', () => {
  it('names near days, and the year only of other years', () => {
    const now = at('2027-06-10T22:00:00');
    const shown = (start: string) => meetingTime(at(start), 45, now).replace(/[\u2009\u202f]/g, ' ');
    assert.match(shown('2027-06-10T22:30:00'), /^Today, 10:30 – 11:15 PM$/);
    assert.match(shown('2027-06-11T09:00:00'), /^Tomorrow, 9:00 – 9:45 AM$/);
    assert.match(shown('2027-06-14T09:00:00'), /^Mon, Jun 14, 9:00 – 9:45 AM$/);
    assert.match(shown('2028-01-03T09:00:00'), /^Mon, Jan 3, 2028, 9:00 – 9:45 AM$/);
  });

  it('tells how long ago a visit was', () => {
    const now = at('2027-06-10T22:00:00');
    assert.equal(ago(now - 5 * 60_000, now), '5 minutes ago');
    assert.equal(ago(now - 3 * 3_600_000, now), '3 hours ago');
    assert.equal(ago(now - 26 * 3_600_000, now), 'yesterday');
    assert.equal(ago(now - 10 * 86_400_000, now), '10 days ago');
    assert.equal(ago(now + 60_000, now), 'this minute', 'clocks may differ');
  });
});
