import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { Pacer } from './pacer.ts';

const TICK_MS = 20;

describe('Pacer', () => {
  let nowMs: number;
  /** When tasks ran, by name, and when what they sent was due. */
  let runs: Map<string, number[]>;
  let flushes: number[];
  let pacer: Pacer;

  beforeEach(() => {
    nowMs = 1_000;
    runs = new Map();
    flushes = [];
    mock.timers.enable({ apis: ['setTimeout'] });
    pacer = new Pacer({ before: () => {}, after: (dueMs) => flushes.push(dueMs) }, () => nowMs);
  });
  afterEach(() => {
    pacer.close();
    mock.timers.reset();
  });

  /** Adds a task that takes this long, in milliseconds. */
  function add(name: string, durationMs: () => number): () => void {
    const times: number[] = [];
    runs.set(name, times);
    return pacer.add(() => {
      times.push(nowMs);
      nowMs += durationMs();
    });
  }

  function passSeconds(seconds: number): void {
    // Tasks advance the clock too, but not the timers, which are set relative to now: they come no later for that.
    for (const untilMs = nowMs + seconds * 1_000; nowMs < untilMs; ) {
      nowMs++;
      mock.timers.tick(1);
    }
  }

  /** The phases of the tick at which packets were due in the last second, in milliseconds. */
  function phases(): number[] {
    const recent = flushes.filter((dueMs) => dueMs > nowMs - 1_000);
    return [...new Set(recent.map((dueMs) => Math.round((dueMs - 1_000) % TICK_MS)))].sort((a, b) => a - b);
  }

  test('short tasks run in one wake-up every 20 ms, and their packets are handed over together', () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      add(name, () => 0.25);
    }
    passSeconds(2);
    assert.deepEqual(phases(), [0]);
    assert.equal(new Set(flushes).size, flushes.length, 'one call for all');
    for (const times of runs.values()) {
      assert.ok(times.length >= 99 && times.length <= 100, `${times.length}`);
    }
    assert.equal(pacer.stats().skipped, 0);
  });

  test('tasks that would keep each other waiting for long are spread over the tick', () => {
    for (let n = 0; n < 8; n++) {
      add(`${n}`, () => 1.5);
      passSeconds(2);
    }
    assert.deepEqual(phases(), [0, 5, 10]);
  });

  test('a phase whose tasks have become longer gives some of them away, one at a time', () => {
    let durationMs = 0.25;
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of names) {
      add(name, () => durationMs);
    }
    passSeconds(2);
    assert.deepEqual(phases(), [0]);
    durationMs = 2;
    passSeconds(8);
    assert.ok(phases().length > 1, `${phases()}`);
    for (const times of runs.values()) {
      // The one tick that came later.
      const gaps = times.slice(1).map((time, n) => time - (times[n] as number));
      assert.ok(Math.max(...gaps) < 2 * TICK_MS + 1, `${Math.max(...gaps)} ms`);
      assert.ok(times.length >= 498, `${times.length} ticks in 10 s`);
    }
  });

  test('a single long task stays alone in its phase, and keeps no other phase from giving tasks away', () => {
    add('long', () => 9);
    passSeconds(2);
    let durationMs = 0.25;
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      add(name, () => durationMs);
    }
    passSeconds(2);
    assert.deepEqual(phases(), [0, 5]);
    durationMs = 1.5;
    passSeconds(8);
    assert.deepEqual(phases(), [0, 5, 10]);
  });

  test('packets of a long phase are handed over before its last task has run', () => {
    for (let n = 0; n < 10; n++) {
      add(`${n}`, () => 0.25);
    }
    const handedOverTwice = () => flushes.some((dueMs, n) => dueMs === flushes[n + 1]);
    passSeconds(1);
    assert.ok(!handedOverTwice());
    add('slow', () => 3.5);
    add('next', () => 0.25);
    passSeconds(1);
    assert.ok(handedOverTwice());
  });

  test('after a standstill, ticks are skipped', () => {
    add('a', () => 0.1);
    passSeconds(1);
    nowMs += 1_000;
    passSeconds(1);
    assert.equal(pacer.stats().skipped, 50);
  });

  test('a task that has been stopped does not run again', () => {
    const stop = add('a', () => 0.1);
    passSeconds(1);
    stop();
    passSeconds(1);
    assert.ok((runs.get('a')?.length ?? 0) <= 50);
    assert.ok((runs.get('a')?.length ?? 0) >= 49);
  });
});
