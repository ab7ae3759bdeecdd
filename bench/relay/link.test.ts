import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Link } from './link.ts';
import { type LinkProfile, profileAt } from './profile.ts';
import { createRandom } from './random.ts';

function linkWith(profile: LinkProfile, seed = 7): Link {
  return new Link({ schedule: [{ atMs: 0, profile }], random: createRandom(seed), startMs: 0 });
}

/** Sends one packet of 1,000 bytes every `everyMs` and gives back what arrived of each. */
function sendMany(link: Link, count: number, everyMs: number): number[][] {
  return Array.from({ length: count }, (_, index) => link.send(index * everyMs, 1000));
}

test('an empty profile delivers everything at once', () => {
  assert.deepEqual(sendMany(linkWith({}), 3, 5), [[0], [5], [10]]);
});

test('a delay moves every packet by exactly that', () => {
  assert.deepEqual(sendMany(linkWith({ delayMs: 50 }), 3, 5), [[50], [55], [60]]);
});

test('jitter lies within its bounds, fills them, and keeps the order', () => {
  const link = linkWith({ delayMs: 100, jitterMs: 10 });
  const delays = sendMany(link, 10_000, 20).map(([atMs], index) => (atMs as number) - index * 20);
  assert.ok(Math.min(...delays) >= 100 && Math.max(...delays) < 110);
  const meanMs = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
  // Uniform on 10 ms: standard error of the mean 0.029 ms.
  assert.ok(Math.abs(meanMs - 105) < 0.15, `mean ${meanMs}`);
  const arrivals = sendMany(linkWith({ jitterMs: 50 }), 1000, 1).map(([atMs]) => atMs as number);
  assert.deepEqual(
    arrivals,
    arrivals.toSorted((a, b) => a - b),
  );
});

test('random loss hits the share it promises', () => {
  const link = linkWith({ loss: { kind: 'random', share: 0.05 } });
  sendMany(link, 100_000, 1);
  // Binomial: standard deviation 69 packets; five of them.
  assert.ok(Math.abs(link.counters.lostPackets - 5000) < 345, `${link.counters.lostPackets}`);
  assert.equal(link.counters.lostPackets + link.counters.deliveredPackets, 100_000);
});

test('burst loss has the promised mean and the promised burst length', () => {
  const link = linkWith({ loss: { kind: 'burst', goodToBad: 0.01, badToGood: 0.25 } });
  const lost = sendMany(link, 200_000, 1).map((arrivals) => arrivals.length === 0);
  const bursts = lost.filter((isLost, index) => isLost && !lost[index - 1]).length;
  const share = link.counters.lostPackets / 200_000;
  const meanBurst = link.counters.lostPackets / bursts;
  assert.ok(Math.abs(share - 0.01 / 0.26) < 0.004, `share ${share}`);
  assert.ok(Math.abs(meanBurst - 4) < 0.4, `burst ${meanBurst}`);
});

test('a rate paces back-to-back packets at exactly that rate', () => {
  // 1,000 bytes at 800 kbit/s take 10 ms.
  assert.deepEqual(sendMany(linkWith({ rateBps: 800_000 }), 4, 0), [[10], [20], [30], [40]]);
});

test('a burst allowance lets that much through at once after an idle time, and no more', () => {
  const link = linkWith({ rateBps: 800_000, burstBytes: 2000 });
  assert.deepEqual(sendMany(link, 4, 0), [[0], [0], [10], [20]]);
  // 20 ms later the bottleneck is idle again and the bucket half full.
  assert.deepEqual([link.send(30, 1000), link.send(30, 1000)], [[30], [40]]);
});

test('a queue limit in bytes drops at the tail', () => {
  const link = linkWith({ rateBps: 800_000, queueBytes: 3000 });
  assert.deepEqual(sendMany(link, 5, 0), [[10], [20], [30], [], []]);
  assert.equal(link.counters.droppedPackets, 2);
  assert.deepEqual(link.send(10, 1000), [40], 'there is room again when one has left');
});

test('a queue limit in milliseconds drops what would wait longer', () => {
  const link = linkWith({ rateBps: 800_000, queueMs: 15 });
  assert.deepEqual(sendMany(link, 4, 0), [[10], [20], [], []]);
});

test('reordering lets later packets overtake, at the promised share', () => {
  const link = linkWith({ reorderShare: 0.1, reorderMs: 30 });
  const arrivals = sendMany(link, 10_000, 10).map(([atMs]) => atMs as number);
  const overtaken = arrivals.filter(
    (atMs, index) => atMs > (arrivals[index + 1] ?? Number.POSITIVE_INFINITY),
  );
  assert.ok(Math.abs(link.counters.reorderedPackets - 1000) < 150, `${link.counters.reorderedPackets}`);
  assert.ok(overtaken.length > 700);
});

test('duplication delivers twice, at the promised share', () => {
  const link = linkWith({ duplicateShare: 0.02 });
  const twice = sendMany(link, 50_000, 1).filter((arrivals) => arrivals.length === 2).length;
  assert.ok(Math.abs(twice - 1000) < 157, `${twice}`);
  assert.equal(link.counters.duplicatedPackets, twice);
});

test('steps of the schedule take effect at their times', () => {
  const schedule = [
    { atMs: 0, profile: { delayMs: 10 } },
    { atMs: 100, profile: { delayMs: 40 } },
    { atMs: 200, profile: {} },
  ];
  assert.equal(profileAt(schedule, -1).delayMs, undefined);
  const link = new Link({ schedule, random: createRandom(1), startMs: 1000 });
  assert.deepEqual(
    [1099, 1100, 1200].map((nowMs) => link.send(nowMs, 100)),
    [[1109], [1140], [1200]],
  );
});

test('the same seed repeats a run exactly, another seed does not', () => {
  const profile: LinkProfile = {
    jitterMs: 9,
    loss: { kind: 'random', share: 0.2 },
    duplicateShare: 0.1,
    reorderShare: 0.1,
  };
  const run = (seed: number) => sendMany(linkWith(profile, seed), 500, 3);
  assert.deepEqual(run(5), run(5));
  assert.notDeepEqual(run(5), run(6));
});

test('whatever the profile, nothing arrives early, and counters add up', () => {
  const profiles = fc.record(
    {
      rateBps: fc.integer({ min: 10_000, max: 100_000_000 }),
      burstBytes: fc.nat(20_000),
      queueBytes: fc.integer({ min: 1500, max: 100_000 }),
      delayMs: fc.nat(500),
      jitterMs: fc.nat(100),
      loss: fc.record({
        kind: fc.constant('random' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      reorderShare: fc.double({ min: 0, max: 1, noNaN: true }),
      duplicateShare: fc.double({ min: 0, max: 1, noNaN: true }),
    },
    { requiredKeys: [] },
  );
  const packets = fc.array(fc.record({ gapMs: fc.nat(50), sizeBytes: fc.integer({ min: 1, max: 1500 }) }));
  fc.assert(
    fc.property(profiles, packets, fc.integer(), (profile, list, seed) => {
      const link = linkWith(profile, seed);
      let nowMs = 0;
      for (const { gapMs, sizeBytes } of list) {
        nowMs += gapMs;
        for (const atMs of link.send(nowMs, sizeBytes)) {
          assert.ok(atMs >= nowMs + (profile.delayMs ?? 0) - 1e-6);
        }
      }
      const { offeredPackets, lostPackets, droppedPackets, duplicatedPackets, deliveredPackets } =
        link.counters;
      assert.equal(offeredPackets + duplicatedPackets, lostPackets + droppedPackets + deliveredPackets);
    }),
  );
});
