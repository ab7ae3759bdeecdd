import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocate } from './index.ts';
import { GALLERY, input, layersOf, room, STAGE_AND_6 } from './test-support.ts';

function twoRooms(layout = GALLERY) {
  const rooms = ['a', 'b'].map((roomId) => room(25, layout, roomId));
  return {
    videos: rooms.flatMap(({ videos }) => videos),
    receivers: rooms.flatMap(({ receivers }) => receivers),
  };
}

test('two rooms of 25 on a 100 Mbit/s link use at most 90, and almost everybody is shown', () => {
  for (const layout of [GALLERY, STAGE_AND_6]) {
    const { videos, receivers } = twoRooms(layout);
    const { egressBps, ...decision } = allocate(input(videos, receivers, { linkBps: 100_000_000 }));
    assert.ok(egressBps <= 90_000_000, `${egressBps} bit/s`);
    const tiles = decision.receivers.flatMap((each) => each.tiles);
    assert.ok(tiles.every(({ layers }) => layers !== null));
  }
});

test('a link that is too narrow is shared fairly: everybody gets the same number of videos, give or take one', () => {
  const { videos, receivers } = twoRooms();
  const decision = allocate(input(videos, receivers, { linkBps: 60_000_000 }));
  const counts = decision.receivers.map(({ tiles }) => tiles.filter(({ layers }) => layers).length);
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join(' '));
  assert.ok(decision.egressBps <= 54_000_000);
  assert.ok(decision.egressBps > 50_000_000, 'it is used');
});

test('no stage is upgraded before everybody in all rooms has the lowest layers', () => {
  const { videos, receivers } = twoRooms(STAGE_AND_6);
  const decision = allocate(input(videos, receivers, { linkBps: 40_000_000 }));
  const stages = decision.receivers.map(({ tiles }) => tiles[0]);
  assert.ok(decision.receivers.every(({ tiles }) => tiles.every(({ layers }) => layers)));
  const spatial = stages.map((each) => each?.layers?.spatialLayer ?? -1);
  assert.ok(Math.max(...spatial) - Math.min(...spatial) <= 1);
  assert.ok(stages.some((each) => each?.reason === 'link'));
  assert.ok(decision.egressBps <= 36_000_000);
});

test('a receiver on this host does not use the link, and gets its own budget however narrow that is', () => {
  const { videos, receivers } = room(6, GALLERY);
  const [first] = receivers;
  assert.ok(first);
  const recorder = { ...first, peerId: 'recorder', isLocal: true, budgetBps: 20_000_000 };
  const alone = allocate(input(videos, receivers, { linkBps: 1_500_000 }));
  const recorded = allocate(input(videos, [...receivers, recorder], { linkBps: 1_500_000 }));
  assert.equal(recorded.egressBps, alone.egressBps);
  const tiles = (decision: typeof alone, peerId: string) =>
    decision.receivers.find((each) => each.peerId === peerId)?.tiles.map(layersOf);
  for (const { peerId } of receivers) {
    assert.deepEqual(tiles(recorded, peerId), tiles(alone, peerId));
  }
  const wide = allocate(input(videos, [recorder], { linkBps: null }));
  assert.deepEqual(tiles(recorded, 'recorder'), tiles(wide, 'recorder'));
  assert.ok(tiles(recorded, 'recorder')?.every((layers) => layers !== '-'));
});

test('a link that carries only audio carries no videos', () => {
  const { videos, receivers } = twoRooms();
  const decision = allocate(input(videos, receivers, { linkBps: 5_000_000 }));
  assert.equal(decision.egressBps, 5_000_000);
  assert.ok(decision.receivers.every(({ tiles }) => tiles.every((each) => layersOf(each) === '-')));
  assert.ok(decision.receivers.every(({ tiles }) => tiles.every(({ reason }) => reason === 'link')));
});
