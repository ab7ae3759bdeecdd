import assert from 'node:assert/strict';
import { test } from 'node:test';
import { camera, decideFor, layersOf, screen, tile } from './test-support.ts';
import type { AllocatorInput } from './types.ts';

const others = Array.from({ length: 8 }, (_, index) =>
  camera(`peer ${index}`, { lastSpokeAtMs: 100 - index }),
);
const shared = screen('peer 0');

function under(stressLevel: AllocatorInput['stressLevel']) {
  const tiles = others.map((video, index) => tile(video, index ? 640 : 1600, index ? 360 : 900));
  return decideFor(others, tiles, { budgetBps: 20_000_000 }, { stressLevel });
}

test('without stress, a large budget gives everybody what is worth its bandwidth', () => {
  assert.deepEqual(under(0).tiles.map(layersOf), ['2/2', '1/1', ...Array(6).fill('0/1')]);
});

test('at level 1 small tiles fall to 7.5 frames a second and the stage to 15', () => {
  assert.deepEqual(under(1).tiles.map(layersOf), ['2/1', '1/0', ...Array(6).fill('0/0')]);
  assert.ok(under(1).tiles.every(({ reason }) => reason === 'stress'));
});

test('at level 2 the stage loses its highest layer too', () => {
  assert.deepEqual(under(2).tiles.map(layersOf), ['1/1', ...Array(7).fill('0/0')]);
});

test('at level 3 four small tiles remain, the most recent speakers', () => {
  assert.deepEqual(under(3).tiles.map(layersOf), ['1/1', '0/0', '0/0', '0/0', '0/0', '-', '-', '-']);
  assert.equal(under(3).tiles[7]?.reason, 'stress');
});

test('a shared screen loses frames from level 2, but never lines', () => {
  const layersUnder = (stressLevel: AllocatorInput['stressLevel']) =>
    decideFor([shared], [tile(shared, 1600, 1080)], { budgetBps: 20_000_000 }, { stressLevel }).tiles.map(
      layersOf,
    );
  assert.deepEqual(layersUnder(0), ['1/2']);
  assert.deepEqual(layersUnder(1), ['1/2']);
  assert.deepEqual(layersUnder(2), ['1/1']);
  assert.deepEqual(layersUnder(3), ['1/0']);
});
