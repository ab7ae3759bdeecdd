import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countTrips, type Sighting } from './trips.ts';

const sent = (...times: number[]): Sighting[] => times.map((atMs) => ({ atMs, from: 'client' }));
const received = (...times: number[]): Sighting[] => times.map((atMs) => ({ atMs, from: 'server' }));
const count = (sightings: Sighting[], endMs: number, startMs = 0) =>
  countTrips(sightings, { startMs, endMs, roundTripMs: 100 });

test('a message that waits for an answer is a round trip, and one sent along with another is none', () => {
  assert.equal(count([...sent(5), ...received(105)], 105), 1);
  assert.equal(count([...sent(5, 6, 7), ...received(105, 106, 107)], 107), 1);
  assert.equal(count([...sent(5, 110, 220), ...received(105, 210, 320)], 320), 3);
});

test('time without messages is no round trip, and what came before the start does not count', () => {
  assert.equal(count([...sent(5, 600), ...received(105, 700)], 700), 2);
  assert.equal(count([...sent(5, 600), ...received(105, 700)], 700, 500), 1);
  assert.equal(count([...sent(5), ...received(40)], 40), 0);
});
