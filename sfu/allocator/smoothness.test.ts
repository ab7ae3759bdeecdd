import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocate } from './index.ts';
import { camera, fedBack, input, points, receiver, screen, tile } from './test-support.ts';
import { forwarded } from './test-worker.ts';
import type { AllocatorInput, OperatingPoint, VideoState } from './types.ts';

const SMOOTH_FPS = 15;
const ladderBps = fc
  .tuple(fc.integer({ min: 60_000, max: 200_000 }), fc.double({ min: 2, max: 4, noNaN: true }))
  .map(([lowest, factor]) => [lowest, lowest * factor, lowest * factor ** 2]);

/** What the worker forwards of one large video among small ones, for a series of estimates. */
function seenAt(
  estimatesBps: readonly number[],
  large: VideoState,
  small: readonly VideoState[],
): Array<OperatingPoint | undefined> {
  const videos = [large, ...small];
  const tiles = videos.map((each) => (each === large ? tile(each, 1280, 720) : tile(each, 320, 180)));
  let state: AllocatorInput = input(videos, [receiver('me', tiles)]);
  return estimatesBps.map((estimateBps) => {
    state = { ...state, receivers: state.receivers.map((each) => ({ ...each, estimateBps })) };
    const decision = allocate(state);
    // Two decisions, since upgrades wait.
    state = fedBack(state, decision, state.nowMs + 5000);
    const settled = allocate(state);
    state = fedBack(state, settled, state.nowMs + 5000);
    const [mine] = settled.receivers;
    return mine && forwarded(mine, videos, estimateBps).get(large.producerId);
  });
}

test('as the estimate rises and falls, the worker never gives a large tile more lines at the cost of smoothness', () => {
  fc.assert(
    fc.property(
      fc.array(ladderBps, { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 100_000, max: 1_700_000 }), { minLength: 1, maxLength: 8 }),
      (ladders, estimatesBps) => {
        const [large, ...small] = ladders.map((ladder, index) =>
          camera(`${index}`, { points: points(ladder) }),
        );
        assert.ok(large);
        for (const seen of seenAt(estimatesBps, large, small)) {
          assert.ok(
            !seen || seen.spatialLayer === 0 || seen.framesPerSecond >= SMOOTH_FPS,
            JSON.stringify(seen),
          );
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a large video gets at least 15 fps at the lowest resolution, rather than 7.5 at a higher one', () => {
  const estimatesBps = Array.from({ length: 60 }, (_, index) => 1_500_000 * 0.98 ** index);
  for (const path of [estimatesBps, estimatesBps.toReversed()]) {
    for (const seen of seenAt(path, camera('large'), [camera('a'), camera('b'), camera('c')])) {
      assert.ok((seen?.framesPerSecond ?? 0) >= SMOOTH_FPS, JSON.stringify(seen));
    }
  }
});

test('a shared screen has full resolution whenever it fits at the lowest frame rate', () => {
  const estimatesBps = [2_500_000, 1_700_000, 1_150_000, 1_000_000, 1_150_000];
  const linesPx = seenAt(estimatesBps, screen('large'), []).map((seen) => seen?.heightPx);
  assert.deepEqual(linesPx, [1080, 1080, 1080, 540, 1080]);
});
