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

test('the reason names the limit whose removal would upgrade the tile', () => {
  assert.equal(reasonFor({}), 'full');
  assert.equal(reasonFor({ budgetBps: 1_000_000 }), 'budget');
  assert.equal(reasonFor({ estimateBps: 300_000 }), 'estimate');
  assert.equal(reasonFor({}, { linkBps: 1_000_000 }), 'link');
  assert.equal(reasonFor({}, { stressLevel: 1 }), 'stress');
});

test('a small tile is full if its size is the limit, a large one if the sender is', () => {
  const video = camera('a');
  assert.equal(decideFor([video], [tile(video, 320, 180)]).tiles[0]?.reason, 'full');
  assert.equal(decideFor([video], [tile(video, 3840, 2160)]).tiles[0]?.reason, 'full');
});

test('one of many tiles that is not worth more bandwidth is full, whatever the budget', () => {
  const videos = Array.from({ length: 9 }, (_, index) => camera(`peer ${index}`));
  const decision = decideFor(
    videos,
    videos.map((video) => tile(video, 640, 360)),
    { budgetBps: 100_000_000 },
  );
  assert.ok(decision.tiles.every(({ reason }) => reason === 'full'));
});

test('a video paused by its sender has the reason paused', () => {
  const video = screen('a', { paused: true });
  const [decided] = decideFor([video], [tile(video, 1280, 720)]).tiles;
  assert.deepEqual([decided?.layers, decided?.reason], [null, 'paused']);
});
