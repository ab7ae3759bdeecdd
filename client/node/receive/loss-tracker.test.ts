import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LossTracker } from './loss-tracker.ts';

test('reordered packets within the window are neither requested nor lost', () => {
  const tracker = new LossTracker();
  for (const sequence of [1, 2, 5]) {
    tracker.arrived(sequence, 0);
  }
  assert.deepEqual(tracker.due(10, true), { request: [], lost: 0 });
  assert.deepEqual([tracker.arrived(4, 12), tracker.arrived(3, 12)], ['new', 'new']);
  assert.equal(tracker.isWaiting, false);
});

test('a gap is requested after the window, again later, and finally given up', () => {
  const tracker = new LossTracker();
  tracker.arrived(65_534, 0);
  tracker.arrived(65_538, 0);
  const requests: number[][] = [];
  let lost = 0;
  for (let nowMs = 0; nowMs <= 1000; nowMs += 10) {
    const due = tracker.due(nowMs, true);
    if (due.request.length > 0) {
      requests.push(due.request);
    }
    lost += due.lost;
  }
  assert.equal(requests.length, 8);
  assert.deepEqual(requests[0], [65_535, 0, 1]);
  assert.equal(lost, 3);
  assert.equal(tracker.isWaiting, false);
});

test('a packet that arrives after it was given up is not a duplicate', () => {
  const tracker = new LossTracker();
  tracker.arrived(1, 0);
  tracker.arrived(3, 0);
  assert.equal(tracker.due(1000, false).lost, 1);
  assert.deepEqual(
    [tracker.arrived(2, 1001), tracker.arrived(2, 1002), tracker.arrived(3, 1003)],
    ['given-up', 'duplicate', 'duplicate'],
  );
});

test('nothing is requested without NACK', () => {
  const tracker = new LossTracker();
  tracker.arrived(1, 0);
  tracker.arrived(4, 0);
  assert.deepEqual(tracker.due(500, false), { request: [], lost: 0 });
});

test('a jump is not a loss', () => {
  const tracker = new LossTracker();
  tracker.arrived(1, 0);
  tracker.arrived(5000, 0);
  assert.equal(tracker.isWaiting, false);
});
