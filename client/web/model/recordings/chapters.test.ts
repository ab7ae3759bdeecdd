import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RecordingEvent } from '../../../sdk/index.ts';
import { chaptersOf } from './chapters.ts';

const speaker = (atMs: number, participantId: string | null): RecordingEvent => ({
  kind: 'speaker',
  atMs,
  participantId,
});

describe('chaptersOf', () => {
  it('a chapter begins when someone else speaks for a while, not with every interjection', () => {
    const events: RecordingEvent[] = [
      { kind: 'joined', atMs: 0, participantId: 'a', displayName: 'Ann' },
      { kind: 'joined', atMs: 0, participantId: 'b', displayName: 'Bob' },
      speaker(1000, 'a'),
      speaker(20_000, 'b'),
      speaker(21_000, 'a'),
      speaker(30_000, null),
      speaker(40_000, 'b'),
    ];
    assert.deepEqual(chaptersOf(events, 60_000), [
      { atMs: 1000, participantId: 'a', displayName: 'Ann' },
      { atMs: 40_000, participantId: 'b', displayName: 'Bob' },
    ]);
    assert.deepEqual(chaptersOf(events, 41_000).length, 1);
    assert.deepEqual(chaptersOf([], 1000), []);
  });
});
