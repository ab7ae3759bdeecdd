import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allocate } from './index.ts';
import { camera, fedBack, input, layersOf, points, receiver, screen, tile } from './test-support.ts';
import type { AllocatorDecision, AllocatorInput, ReceiverState, VideoState } from './types.ts';

const NOW_MS = 1_000_000;
const ROOMS = ['a', 'b'];

const ladderBps = fc
  .tuple(
    fc.integer({ min: 60_000, max: 200_000 }),
    fc.array(fc.double({ min: 2, max: 4, noNaN: true }), { maxLength: 2 }),
  )
  .map(([lowest, factors]) => {
    const ladder = [lowest];
    for (const factor of factors) {
      ladder.push((ladder.at(-1) ?? 0) * factor);
    }
    return ladder;
  });

const video = (index: number): fc.Arbitrary<VideoState> =>
  fc
    .record({
      roomId: fc.constantFrom(...ROOMS),
      shared: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
      paused: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
      svc: fc.boolean(),
      missing: fc.subarray([1, 2]),
      ladder: ladderBps,
      lastSpokeAtMs: fc.option(fc.integer({ min: 0, max: NOW_MS })),
      speaking: fc.boolean(),
    })
    .map(({ shared, ladder, ...more }) =>
      shared
        ? screen(`peer ${index}`, { ...more, points: points(ladder, 1080) })
        : camera(`peer ${index}`, { ...more, points: points(ladder) }),
    );

const tileSize = fc.constantFrom<[number, number]>([0, 0], [320, 180], [384, 216], [640, 360], [1600, 900]);

function receiverOf(videos: VideoState[], index: number): fc.Arbitrary<ReceiverState> {
  return fc
    .record({
      roomId: fc.constantFrom(...ROOMS),
      budgetBps: fc.integer({ min: 150_000, max: 4_000_000 }),
      estimateBps: fc.option(fc.integer({ min: 30_000, max: 3_000_000 })),
      audioBps: fc.integer({ min: 0, max: 120_000 }),
      sizes: fc.array(tileSize, { minLength: videos.length, maxLength: videos.length }),
      pins: fc.array(fc.integer({ min: 0, max: 9 }), {
        minLength: videos.length,
        maxLength: videos.length,
      }),
    })
    .map(({ sizes, pins, ...more }) => {
      const tiles = videos.map((each, at) =>
        tile(each, ...(sizes[at] ?? [0, 0]), { pinned: pins[at] === 0 }),
      );
      return receiver(`peer ${index}`, tiles, more);
    });
}

const state: fc.Arbitrary<AllocatorInput> = fc
  .integer({ min: 1, max: 12 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => video(index))))
  .chain((videos) =>
    fc.record({
      videos: fc.constant(videos),
      receivers: fc
        .integer({ min: 1, max: 6 })
        .chain((count) =>
          fc.tuple(...Array.from({ length: count }, (_, index) => receiverOf(videos, index))),
        ),
      linkBps: fc.option(fc.integer({ min: 500_000, max: 12_000_000 })),
      stressLevel: fc.constantFrom(0, 0, 0, 1, 2, 3),
    }),
  )
  .map(({ videos, receivers, linkBps, stressLevel }) =>
    input(videos, receivers, { nowMs: NOW_MS, linkBps, stressLevel: stressLevel as 0 }),
  );

function check(title: string, property: (state: AllocatorInput, decision: AllocatorDecision) => void): void {
  test(title, () => {
    fc.assert(
      fc.property(state, (each) => property(each, allocate(each))),
      { numRuns: 300 },
    );
  });
}

function allLayers({ receivers }: AllocatorDecision): string[] {
  return receivers.flatMap(({ roomId, peerId, tiles }) =>
    tiles.map((each) => `${roomId} ${peerId} ${each.producerId} ${layersOf(each)}`),
  );
}

check('no receiver’s budget is exceeded, audio included', ({ receivers }, decision) => {
  for (const [index, { videoBps, maxOutgoingBps, tiles }] of decision.receivers.entries()) {
    const { budgetBps = 0, audioBps = 0 } = receivers[index] ?? {};
    const better = tiles.some(({ layers }) => layers && layers.spatialLayer + layers.temporalLayer > 0);
    const share = better ? 0.9 : 0.97;
    assert.ok(videoBps === 0 || videoBps <= budgetBps * share - audioBps + 1);
    assert.ok(videoBps <= maxOutgoingBps + 1);
    assert.ok(maxOutgoingBps <= Math.max(0, budgetBps - audioBps));
  }
});

check(
  'the link is never exceeded, audio included',
  ({ linkBps, receivers }, { egressBps, receivers: decided }) => {
    const audioBps = receivers.reduce((sum, each) => sum + each.audioBps, 0);
    const videoBps = decided.reduce((sum, each) => sum + each.videoBps, 0);
    assert.ok(Math.abs(egressBps - audioBps - videoBps) < 1);
    if (linkBps !== null && videoBps > 0) {
      assert.ok(egressBps <= linkBps * 0.9 + 1);
    }
  },
);

check('the lowest layers of several videos fit the estimate', (before, decision) => {
  const lowest = new Map(before.videos.map(({ producerId, points }) => [producerId, points[0]?.bitrateBps]));
  for (const [index, { tiles }] of decision.receivers.entries()) {
    const given = tiles.filter(({ layers }) => layers);
    const neededBps = given.reduce((sum, { producerId }) => sum + (lowest.get(producerId) ?? 0), 0);
    const estimateBps = before.receivers[index]?.estimateBps ?? Number.POSITIVE_INFINITY;
    assert.ok(given.length < 2 || neededBps <= estimateBps, `${neededBps} > ${estimateBps}`);
  }
});

check('the order of the input does not matter', (before, decision) => {
  const turned = allocate({
    ...before,
    videos: before.videos.toReversed(),
    receivers: before.receivers.toReversed().map((each) => ({ ...each, tiles: each.tiles.toReversed() })),
  });
  assert.deepEqual(allLayers(turned).sort(), allLayers(decision).sort());
});

check('a decision fed back stays the same, at any time', (before, decision) => {
  for (const nowMs of [NOW_MS, NOW_MS + 1000, NOW_MS + 60_000]) {
    assert.deepEqual(allLayers(allocate(fedBack(before, decision, nowMs))), allLayers(decision));
  }
});

check(
  'only what is on the screen is allocated, from the receiver’s own room, and as it is sent',
  (before, decision) => {
    for (const [index, { tiles }] of decision.receivers.entries()) {
      for (const [at, { layers, producerId }] of tiles.entries()) {
        if (!layers) {
          continue;
        }
        const sent = before.videos.find((each) => each.producerId === producerId);
        assert.ok(sent && !sent.paused && sent.roomId === before.receivers[index]?.roomId);
        assert.ok((before.receivers[index]?.tiles[at]?.height ?? 0) > 0);
        const { spatialLayer, temporalLayer } = layers;
        assert.ok(
          sent.points.some(
            (point) => point.spatialLayer === spatialLayer && point.temporalLayer === temporalLayer,
          ),
        );
      }
    }
  },
);

check('wanted layers cover all allocations, and nothing that nobody watches', (before, decision) => {
  for (const { producerId, spatialLayers } of decision.videos) {
    const given = decision.receivers.flatMap(({ tiles }) =>
      tiles.flatMap((each) =>
        each.producerId === producerId && each.layers ? [each.layers.spatialLayer] : [],
      ),
    );
    assert.ok(given.every((layer) => spatialLayers[layer]));
    assert.equal(spatialLayers.includes(true), given.length > 0);
    assert.equal(
      spatialLayers.length,
      new Set(before.videos.find((p) => p.producerId === producerId)?.points.map((p) => p.spatialLayer)).size,
    );
  }
});

check(
  'missing layers are allocated to nobody, and awaited only by tiles without a better one',
  (before, decision) => {
    for (const { tiles } of decision.receivers) {
      for (const { producerId, layers, awaits, reason } of tiles) {
        const { missing = [] } = before.videos.find((each) => each.producerId === producerId) ?? {};
        assert.ok(!layers || !missing.includes(layers.spatialLayer));
        assert.equal(awaits.length > 0, reason === 'sender');
        assert.ok(awaits.every((layer) => missing.includes(layer) && layer > (layers?.spatialLayer ?? -1)));
      }
    }
  },
);

check('a larger budget never makes the first tile worse', (before, decision) => {
  const alone = before.receivers.map((each) => ({ ...each, budgetBps: each.budgetBps * 1.3 }));
  const richer = allocate({ ...before, linkBps: null, receivers: alone });
  const unlinked = before.linkBps === null ? decision : allocate({ ...before, linkBps: null });
  for (const [index, { tiles }] of unlinked.receivers.entries()) {
    const highest = Math.max(...tiles.map(({ priority }) => priority));
    const [first, ...rest] = tiles.filter(({ priority }) => priority === highest);
    if (!first?.layers || rest.length > 0) {
      continue;
    }
    const after = richer.receivers[index]?.tiles.find(({ producerId }) => producerId === first.producerId);
    assert.ok((after?.layers?.spatialLayer ?? -1) >= first.layers.spatialLayer);
  }
});

check('no small tile is upgraded while a larger one could use the bandwidth', (before, decision) => {
  if (before.linkBps !== null) {
    return;
  }
  for (const [index, { tiles, videoBps }] of decision.receivers.entries()) {
    const { budgetBps = 0, audioBps = 0 } = before.receivers[index] ?? {};
    const improvedBps = tiles
      .filter((each) => each.layers && each.priority < 100)
      .reduce((sum, each) => sum + each.bitrateBps - lowestBps(each.producerId), 0);
    for (const each of tiles) {
      if (each.reason !== 'budget' || each.priority < 100 || !each.layers) {
        continue;
      }
      // No smooth video is made to stutter for more lines.
      const smooth = each.class === 'screen' ? 0 : Math.min(1, each.layers.temporalLayer);
      const video = before.videos.find(({ producerId }) => producerId === each.producerId);
      const maxFps = before.stressLevel >= (each.class === 'screen' ? 2 : 1) ? 15 : Number.POSITIVE_INFINITY;
      const better = video?.points
        .filter((point) => point.bitrateBps > each.bitrateBps && point.temporalLayer >= smooth)
        // Frames removed by stress, and layers that the sender cannot send, cannot use the bandwidth.
        .filter((point) => point.framesPerSecond <= maxFps && !video.missing.includes(point.spatialLayer))
        .map(({ bitrateBps }) => bitrateBps - each.bitrateBps);
      const cheapest = Math.min(...(better ?? []));
      const room = (budgetBps * 0.9 - audioBps) / 1.05 - (videoBps - improvedBps);
      assert.ok(improvedBps === 0 || cheapest > room - 1, `${each.producerId}: ${cheapest} ≤ ${room}`);
    }
  }
  function lowestBps(producerId: string): number {
    return before.videos.find((each) => each.producerId === producerId)?.points[0]?.bitrateBps ?? 0;
  }
});
