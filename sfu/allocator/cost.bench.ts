/** CPU time of a decision: `node sfu/allocator/cost.bench.ts [rooms=4]`, rooms of 25 with 24 tiles each, on a guarded link. */
import { allocate } from './index.ts';
import { fedBack, GALLERY, input, type Layout, NINE, room, STAGE_AND_6 } from './test-support.ts';

const ROUNDS = 200;
const roomCount = Number(process.argv[2] ?? 4);
const EVERYBODY_AND_STAGE: Layout = { ...STAGE_AND_6, count: 23 };
const layouts = { gallery: GALLERY, 'stage and strip of 23': EVERYBODY_AND_STAGE, 'nine tiles': NINE };

for (const [name, layout] of Object.entries(layouts)) {
  const rooms = Array.from({ length: roomCount }, (_, index) => room(25, layout, `room ${index}`));
  const videos = rooms.flatMap((each) => each.videos);
  const receivers = rooms.flatMap((each) => each.receivers);
  let state = input(videos, receivers, { linkBps: 100_000_000 });
  state = fedBack(state, allocate(state), state.nowMs + 60_000);
  const costsMs = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    allocate(state);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }).sort((a, b) => a - b);
  const quantile = (share: number) => (costsMs[Math.floor(share * (ROUNDS - 1))] ?? 0).toFixed(1);
  const tiles = receivers.reduce((sum, each) => sum + each.tiles.length, 0);
  console.log(`${name}: ${tiles} tiles, p50 ${quantile(0.5)} ms, p95 ${quantile(0.95)} ms of CPU a decision`);
}
