import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocate } from './index.ts';
import {
  camera,
  decideFor,
  GALLERY,
  input,
  type Layout,
  layersOf,
  NINE,
  points,
  receiver,
  room,
  STAGE_AND_6,
  screen,
  tile,
  tileOf,
} from './test-support.ts';

const people = (count: number) => Array.from({ length: count }, (_, index) => camera(`peer ${index}`));

function roomOf25(layout: Layout) {
  const { videos, receivers } = room(25, layout);
  const [first] = videos;
  if (first) {
    first.lastSpokeAtMs = 1;
  }
  return allocate(input(videos, receivers));
}

test('a gallery of 25 shows everybody in 180 lines at 7.5 frames a second, within 2 Mbit/s each and 50 in all', () => {
  const { receivers, egressBps } = roomOf25(GALLERY);
  for (const { tiles, videoBps } of receivers) {
    assert.equal(tiles.length, 24);
    assert.ok(tiles.every(({ layers }) => layers !== null));
    assert.ok(videoBps + 100_000 <= 2_000_000);
  }
  assert.ok(egressBps <= 50_000_000, `${egressBps} bit/s`);
});

test('a gallery of 25 is complete even if the lowest point takes half of its layer', () => {
  const heavy = people(24).map((video) => ({
    ...video,
    points: video.points.map((point) =>
      point.temporalLayer === 0 ? { ...point, bitrateBps: point.bitrateBps / 0.9 } : point,
    ),
  }));
  const { tiles, videoBps, maxOutgoingBps } = decideFor(
    heavy,
    heavy.map((video) => tile(video, 384, 216)),
  );
  assert.ok(tiles.every(({ layers }) => layers !== null));
  assert.ok(videoBps <= maxOutgoingBps, 'the inner loop is allowed what was decided');
  assert.ok(maxOutgoingBps <= 1_900_000);
});

test('a stage beside six gets 720 lines at 30 frames a second, within 2 Mbit/s each and 50 in all', () => {
  const { receivers, egressBps } = roomOf25(STAGE_AND_6);
  for (const { tiles } of receivers) {
    assert.deepEqual(tiles.map(layersOf), ['2/2', ...Array(6).fill('0/0')]);
    assert.equal(tiles[0]?.class, 'stage');
  }
  assert.ok(egressBps <= 50_000_000, `${egressBps} bit/s`);
});

test('nine tiles get smooth video, the last speaker sharper video, within 35 Mbit/s in all', () => {
  const { receivers, egressBps } = roomOf25(NINE);
  assert.deepEqual(receivers[20]?.tiles.map(layersOf), ['1/1', ...Array(8).fill('0/1')]);
  assert.ok(egressBps <= 35_000_000, `${egressBps} bit/s`);
});

test('a single other person gets all that the window can use', () => {
  const [other] = people(1);
  assert.ok(other);
  assert.equal(layersOf(tileOf(decideFor([other], [tile(other, 1280, 720)]), other)), '2/2');
  assert.equal(layersOf(tileOf(decideFor([other], [tile(other, 640, 360)]), other)), '1/2');
  assert.equal(layersOf(tileOf(decideFor([other], [tile(other, 320, 180)]), other)), '0/2');
});

test('equal tiles are upgraded together', () => {
  const [a, b] = people(2);
  assert.ok(a && b);
  a.lastSpokeAtMs = 1;
  const decision = decideFor([a, b], [tile(a, 960, 1080), tile(b, 960, 1080)]);
  assert.equal(layersOf(tileOf(decision, a)), '2/1');
  assert.equal(layersOf(tileOf(decision, b)), '1/2');
});

test('a shared screen comes before a strip of people, sharp before smooth', () => {
  const others = people(6);
  const shared = screen('peer 0');
  const tiles = [tile(shared, 1600, 1080), ...others.map((video) => tile(video, 320, 180))];
  const decision = decideFor([...others, shared], tiles);
  assert.equal(layersOf(tileOf(decision, shared)), '1/0', '1080 lines at 7.5 frames a second');
  assert.ok(others.every((video) => layersOf(tileOf(decision, video)) === '0/0'));
  assert.equal(tileOf(decision, shared).class, 'screen');
});

test('a pinned tile is upgraded before the stage', () => {
  const [pinned, stage] = people(2);
  assert.ok(pinned && stage);
  const tiles = [tile(stage, 1600, 900), tile(pinned, 800, 450, { pinned: true })];
  const decision = decideFor([pinned, stage], tiles, { budgetBps: 800_000 });
  assert.equal(layersOf(tileOf(decision, pinned)), '1/2');
  assert.equal(layersOf(tileOf(decision, stage)), '0/0');
});

test('with 300 kbit/s a receiver still gets its stage and whatever else fits next to audio', () => {
  const others = people(7);
  const tiles = others.map((video, index) => tile(video, index ? 320 : 1600, index ? 180 : 900));
  const decision = decideFor(others, tiles, { budgetBps: 300_000 });
  assert.deepEqual(decision.tiles.map(layersOf), ['0/0', '0/0', ...Array(5).fill('-')]);
  assert.ok(decision.videoBps + 100_000 <= 300_000);
  assert.equal(decision.tiles[6]?.reason, 'budget');
});

test('if bandwidth does not suffice for everybody, the most recent speakers are shown', () => {
  const others = people(6);
  for (const [index, video] of others.entries()) {
    video.lastSpokeAtMs = index;
  }
  const quiet = others[0];
  if (quiet) {
    quiet.speaking = true;
  }
  const tiles = others.map((video) => tile(video, 320, 180));
  const decision = decideFor(others, tiles, { budgetBps: 350_000 });
  assert.deepEqual(decision.tiles.map(layersOf), ['0/0', '-', '-', '-', '0/0', '0/0']);
});

test('an estimate holds videos that it may not carry, but never the first one', () => {
  const others = people(9);
  const tiles = others.map((video) => tile(video, 640, 360));
  const seen = (estimateBps: number) => decideFor(others, tiles, { estimateBps });
  assert.equal(seen(10_000).tiles.filter(({ layers }) => layers).length, 1);
  assert.equal(seen(10_000).tiles.at(-1)?.reason, 'estimate');
  const few = seen(300_000);
  assert.equal(few.tiles.filter(({ layers }) => layers).length, 3);
  assert.ok(few.videoBps > 300_000, 'frames may use what the estimation finds');
  assert.deepEqual(seen(2_000_000), decideFor(others, tiles));
});

test('on a narrow network large tiles become smooth before anybody else is shown', () => {
  const others = people(4);
  const tiles = others.map((video, index) => tile(video, index ? 320 : 1280, index ? 180 : 720));
  const seen = (estimateBps: number) =>
    decideFor(others, tiles, { estimateBps })
      .tiles.filter(({ layers }) => layers)
      .reduce((sum, { producerId }) => sum + (producerId === others[0]?.producerId ? 105_000 : 67_500), 0);
  assert.equal(seen(180_000), 105_000);
  assert.equal(seen(210_000), 172_500);
  assert.equal(seen(300_000), 240_000);
  assert.equal(seen(400_000), 307_500);
});

test('on a narrow network nobody gets more lines than it can carry smoothly', () => {
  const [other] = people(1);
  assert.ok(other);
  const at = (estimateBps: number) =>
    layersOf(tileOf(decideFor([other], [tile(other, 1280, 720)], { estimateBps }), other));
  assert.equal(at(300_000), '0/2');
  assert.equal(at(400_000), '0/2', 'smooth in 360 lines with 350 kbit/s, which may waver');
  assert.equal(at(420_000), '1/2');
  assert.equal(at(980_000), '1/2');
  assert.equal(at(1_000_000), '2/2');
});

test('a video without simulcast in a small tile does not use up what the stage needs', () => {
  const [stage, thick] = people(2);
  assert.ok(stage && thick);
  thick.points = points([1_200_000]);
  const tiles = [tile(stage, 1600, 900), tile(thick, 320, 180)];
  const decision = decideFor([stage, thick], tiles);
  assert.equal(layersOf(tileOf(decision, stage)), '2/2');
  assert.equal(layersOf(tileOf(decision, thick)), '-');
  assert.equal(tileOf(decision, thick).reason, 'budget');
});

test('nothing is allocated off-screen, from other rooms, to its own sender, or while paused', () => {
  const [hidden, paused, own, foreign, shown] = people(5);
  assert.ok(hidden && paused && own && foreign && shown);
  paused.paused = true;
  own.peerId = 'me';
  foreign.roomId = 'another room';
  const tiles = [tile(hidden, 0, 0), ...[paused, own, foreign, shown].map((each) => tile(each, 640, 360))];
  const decision = decideFor(
    [hidden, paused, own, foreign, shown],
    [...tiles, tile(camera('gone'), 640, 360)],
  );
  assert.deepEqual(decision.tiles.map(layersOf), ['-', '-', '-', '-', '1/2', '-']);
});

test('a portrait phone and a high-density screen get what their pixels can use', () => {
  const [other] = people(1);
  assert.ok(other);
  const layersAt = (height: number) =>
    layersOf(tileOf(decideFor([other], [tile(other, 400, height)]), other));
  assert.equal(layersAt(240), '0/2', 'stretched by 4/3');
  assert.equal(layersAt(241), '1/2');
  assert.equal(layersAt(1500), '2/2');
});

test('receivers without tiles cost only their audio', () => {
  const { egressBps, receivers } = allocate(input(people(3), [receiver('a', []), receiver('b', [])]));
  assert.equal(egressBps, 200_000);
  assert.deepEqual(
    receivers.map(({ videoBps, maxOutgoingBps }) => [videoBps, maxOutgoingBps]),
    [
      [0, 1_700_000],
      [0, 1_700_000],
    ],
  );
});

test('the example of docs/allocation.md: a speaker view at 500 kbit/s keeps the speaker smooth and both thumbnails', () => {
  const ben = camera('Ben', { lastSpokeAtMs: 1 });
  const cem = camera('Cem', { lastSpokeAtMs: 2 });
  const dora = camera('Dora');
  const decision = decideFor(
    [ben, cem, dora],
    [tile(ben, 1280, 720), tile(cem, 240, 135), tile(dora, 240, 135)],
    {
      estimateBps: 500_000,
    },
  );
  assert.deepEqual(
    [ben, cem, dora].map((video) => {
      const { class: tileClass, layers, bitrateBps, reason } = tileOf(decision, video);
      return [tileClass, layers?.spatialLayer, bitrateBps / 1000, reason];
    }),
    [
      ['stage', 0, 150, 'estimate'],
      ['speaker', 0, 150, 'full'],
      ['other', 0, 105, 'full'],
    ],
  );
});
