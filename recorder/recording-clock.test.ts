import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RecordingClock } from './recording-clock.ts';

/** A Unix time of today, at which a float has no millionths of a millisecond. */
const START = 1_796_000_000_000;

describe('RecordingClock', () => {
  test('leaves pauses out of positions', () => {
    const clock = new RecordingClock(START);
    clock.pause(START + 1000);
    clock.resume(START + 4000);
    assert.equal(clock.positionOf(START - 1), undefined);
    assert.equal(clock.positionOf(START + 999), 999);
    assert.equal(clock.positionOf(START + 1000), undefined);
    assert.equal(clock.positionOf(START + 3999), undefined);
    assert.equal(clock.positionOf(START + 4000), 1000);
    assert.equal(clock.positionOf(START + 5000), 2000);
  });

  test('keeps its length during a pause', () => {
    const clock = new RecordingClock(START);
    clock.pause(START + 1000);
    assert.equal(clock.lengthAt(START + 500), 500);
    assert.equal(clock.lengthAt(START + 1000), 1000);
    assert.equal(clock.lengthAt(START + 60_000), 1000);
    clock.resume(START + 60_000);
    assert.equal(clock.lengthAt(START + 60_500), 1500);
  });

  test('goes on with the pauses of an earlier process, the last of which may last', () => {
    const before = new RecordingClock(START);
    before.pause(START + 100);
    before.resume(START + 200);
    before.pause(START + 1000);
    const clock = new RecordingClock(START, before.pauses);
    assert.deepEqual(clock.pauses, [
      { fromMs: START + 100, toMs: START + 200 },
      { fromMs: START + 1000, toMs: null },
    ]);
    assert.ok(clock.isPaused);
    assert.equal(clock.lengthAt(START + 5000), 900);
  });

  test('ignores a second pause and a resume without one', () => {
    const clock = new RecordingClock(START);
    clock.resume(START + 10);
    clock.pause(START + 100);
    clock.pause(START + 200);
    assert.deepEqual(clock.pauses, [{ fromMs: START + 100, toMs: null }]);
  });
});
