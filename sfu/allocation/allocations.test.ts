import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { Allocations } from './allocations.ts';

/** How long it takes to apply a large change, in milliseconds. */
const APPLYING_MS = 60;

it('decides again soon after a large change: applying it takes long, deciding does not', async (t) => {
  const { promise: second, resolve } = Promise.withResolvers<number>();
  let firstEndedAtMs: number | undefined;
  const room = {
    roomId: 'green',
    measure: () => {},
    isSettled: () => false,
    extend: () => {},
    state: () => ({ videos: [], receivers: [] }),
    apply: () => {
      const nowMs = performance.now();
      if (firstEndedAtMs !== undefined) {
        return resolve(nowMs - firstEndedAtMs);
      }
      firstEndedAtMs = nowMs + APPLYING_MS;
      while (performance.now() < firstEndedAtMs) {}
      allocations.request('green');
    },
  };
  const allocations = new Allocations({
    rooms: () => [room],
    linkBps: null,
    stressLevel: () => 0,
    emit: () => {},
  });
  t.after(() => allocations.close());
  allocations.request('green');
  // Its timers do not keep the process alive.
  const keepAlive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(keepAlive));
  // 100 ms on an idle machine.
  assert.ok((await second) < 5 * 100);
});

/** A room whose decisions are counted, on a simulated clock that starts with the first of them. */
function countingRoom(t: TestContext) {
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const counts = { measured: 0, decided: 0, extended: 0 };
  const room = {
    ...{ roomId: 'green', settled: true, stressLevel: 0 as 0 | 1 },
    measure: () => void counts.measured++,
    isSettled: () => room.settled,
    extend: () => void counts.extended++,
    state: () => ({ videos: [], receivers: [] }),
    apply: () => void counts.decided++,
  };
  const passes = (ms: number) => {
    for (let step = 0; step < ms; step += 10) {
      nowMs += 10;
      t.mock.timers.tick(10);
    }
    return { ...counts };
  };
  const open = (linkBps: number | null) => {
    const stressLevel = () => room.stressLevel;
    const allocations = new Allocations({ rooms: () => [room], linkBps, stressLevel, emit: () => {} });
    t.after(() => allocations.close());
    allocations.request('green');
    assert.equal(passes(20).decided, 1);
    return allocations;
  };
  return { room, passes, open };
}

it('measures a settled room every 2 s, but decides again only after 10 s', (t) => {
  const { passes, open } = countingRoom(t);
  open(null);
  assert.deepEqual(passes(9000), { measured: 4, decided: 1, extended: 4 });
  assert.equal(passes(3000).decided, 2);
});

it('decides for a settled room at once after a change, and within 2 s after another stress level', (t) => {
  const { room, passes, open } = countingRoom(t);
  const allocations = open(null);
  passes(1000);
  allocations.request('green');
  assert.equal(passes(20).decided, 2);
  room.stressLevel = 1;
  assert.equal(passes(2100).decided, 3);
  assert.equal(passes(2000).decided, 3);
});

it('decides every 2 s for a room that is not settled', (t) => {
  const { room, passes, open } = countingRoom(t);
  room.settled = false;
  open(null);
  assert.equal(passes(8100).decided, 5);
});

it('decides every 2 s while the link is guarded, since a rise anywhere may concern everybody', (t) => {
  const { passes, open } = countingRoom(t);
  open(100_000_000);
  assert.equal(passes(8100).decided, 5);
});
