import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CaptureClock } from './capture-clock.ts';

const RATE = 48_000;
const START_MS = 1_764_500_000_000;
/** Audio is reported every five seconds. */
const INTERVAL_MS = 5000;

/** Reports of a sender whose clock runs at `speed`, one after another. `lateMs`: how much later than it should each packet arrived. */
function reported(latenesses: readonly number[], { speed = 1, from = 0 } = {}) {
  const clock = new CaptureClock(RATE);
  const ticksAt = (ms: number) => Math.round((from + (ms * speed * RATE) / 1000) % 2 ** 32);
  const errors = latenesses.map((lateMs, index) => {
    const atMs = index * INTERVAL_MS;
    clock.report({ ssrc: 1, ntpMs: START_MS + atMs + lateMs, timestamp: ticksAt(atMs) });
    return clock.captureMs(ticksAt(atMs + 1000), 0) - (START_MS + atMs + 1000);
  });
  return errors.map((error) => Math.round(error));
}

describe('CaptureClock', () => {
  test('follows a sound card that drifts by 100 ppm for ten minutes, also when the timestamps wrap', () => {
    for (const speed of [1.0001, 0.9999]) {
      const errors = reported(new Array(120).fill(0), { speed, from: 2 ** 32 - 100_000 });
      assert.ok(
        errors.every((error) => Math.abs(error) <= 5),
        `${errors}`,
      );
    }
  });

  test('is not moved by reports of packets that were delayed on their way', () => {
    const jittered = Array.from({ length: 60 }, (_, index) => (index % 7 === 3 ? 300 : index % 3));
    assert.ok(Math.max(...reported(jittered)) <= 2, `${reported(jittered)}`);
    assert.ok(Math.max(...reported([0, 0, 700, 600, 0, 0])) <= 2);
  });

  test('gets over a first report that was late', () => {
    assert.deepEqual(reported([80, 0, 0]), [80, 0, 0]);
  });

  test('jumps when the clock was set', () => {
    assert.deepEqual(reported([0, -5000, -5000]), [0, -5000, -5000]);
    assert.deepEqual(reported([0, 5000, 5000, 5000, 5000]), [0, 0, 0, 5000, 5000]);
  });
});
