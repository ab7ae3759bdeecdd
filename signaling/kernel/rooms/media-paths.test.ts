import assert from 'node:assert/strict';
import { afterEach, beforeEach, it, mock } from 'node:test';
import { MediaPaths } from './media-paths.ts';

let paths: MediaPaths;
let told: string[];

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  told = [];
  paths = new MediaPaths();
  paths.onChanged = ({ transportId }, connected) => told.push(`${transportId} ${connected}`);
  for (const direction of ['send', 'recv'] as const) {
    paths.add({ transportId: direction, direction, iceCandidates: [] });
  }
});
afterEach(() => mock.timers.reset());

it('a transport that does not connect within 5 s is reported once, and again when it connects', () => {
  paths.connecting('send');
  mock.timers.tick(4999);
  assert.deepEqual([paths.connected, told], [true, []]);
  mock.timers.tick(1);
  paths.update('send', 'disconnected');
  assert.deepEqual([paths.connected, told], [false, ['send false']]);
  paths.update('send', 'connected');
  assert.deepEqual([paths.connected, told], [true, ['send false', 'send true']]);
});

it('one that connects in time, or that the client does not connect, is not reported', () => {
  paths.connecting('send');
  paths.update('send', 'connecting');
  paths.update('send', 'connected');
  paths.connecting('send');
  mock.timers.tick(60_000);
  assert.deepEqual(told, []);
});

it('a lost path is reported at once; both must be back', () => {
  for (const id of ['send', 'recv']) {
    paths.update(id, 'connected');
  }
  for (const id of ['send', 'recv']) {
    paths.update(id, 'disconnected');
  }
  paths.update('send', 'connected');
  assert.equal(paths.connected, false);
  paths.update('recv', 'connected');
  assert.equal(paths.connected, true);
  assert.deepEqual(told, ['send false', 'recv false', 'send true', 'recv true']);
});

it('a closed transport no longer counts, and is no longer waited for', () => {
  paths.connecting('send');
  paths.update('recv', 'failed');
  paths.clear();
  mock.timers.tick(60_000);
  assert.deepEqual([paths.connected, told], [true, ['recv false', 'recv true']]);
});
