import assert from 'node:assert/strict';
import { test } from 'node:test';
import { camera, decideFor, screen, tile } from './test-support.ts';
import type { AllocatorInput, Reason, ReceiverState } from './types.ts';

function reasonFor(
  more: Partial<ReceiverState>,
  inputMore: Partial<AllocatorInput> = {},
): Reason | undefined {
  const video = camera('a');
  return decideFor([video], [tile(video, 1280, 720)], more, inputMore).tiles[0]?.reason;
}

test('the reason names what lifting would make the tile better', () => {
  assert.equal(reasonFor({}), 'full');
  assert.equal(reasonFor({ budgetBps: 1_000_000 }), 'budget');
  assert.equal(reasonFor({ estimateBps: 300_000 }), 'estimate');
  assert.equal(reasonFor({}, { linkBps: 1_000_000 }), 'link');
  assert.equal(reasonFor({}, { stressLevel: 1 }), 'stress');
});

test('a small tile of a sender with more is full, and so is a large tile of a sender with no more', () => {
  const video = camera('a');
  assert.equal(decideFor([video], [tile(video, 320, 180)]).tiles[0]?.reason, 'full');
  assert.equal(decideFor([video], [tile(video, 3840, 2160)]).tiles[0]?.reason, 'full');
});

test('a tile that is not worth more bits among many is full, whatever the budget', () => {
  const videos = Array.from({ length: 9 }, (_, index) => camera(`peer ${index}`));
  const decision = decideFor(
    videos,
    videos.map((video) => tile(video, 640, 360)),
    { budgetBps: 100_000_000 },
  );
  assert.ok(decision.tiles.every(({ reason }) => reason === 'full'));
});

test('what its sender pauses says so', () => {
  const video = screen('a', { paused: true });
  const [decided] = decideFor([video], [tile(video, 1280, 720)]).tiles;
  assert.deepEqual([decided?.layers, decided?.reason], [null, 'paused']);
});
