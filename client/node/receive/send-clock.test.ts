import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SendClock } from './send-clock.ts';

/** The abs-send-time of a time in milliseconds since the sender's epoch. */
function sentAt(ms: number): Buffer {
  const value = Buffer.alloc(3);
  value.writeUIntBE(Math.floor((ms / 1000) * 0x4_0000) % 0x100_0000, 0, 3);
  return value;
}

test('packets that were processed late keep the intervals at which they were sent', () => {
  const clock = new SendClock();
  assert.equal(clock.read(sentAt(5000), 100), 100);
  assert.ok(Math.abs(clock.read(sentAt(5010), 190) - 110) < 0.01);
  assert.ok(Math.abs(clock.read(sentAt(5020), 190) - 120) < 0.01);
});

test('the clock continues when abs-send-time wraps after 64 s, and goes back for a reordered packet', () => {
  const clock = new SendClock();
  clock.read(sentAt(63_990), 0);
  assert.ok(Math.abs(clock.read(sentAt(64_010), 0) - 20) < 0.01);
  assert.ok(Math.abs(clock.read(sentAt(63_995), 0) - 5) < 0.01);
});
