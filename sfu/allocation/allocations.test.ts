import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Allocations } from './allocations.ts';

/** How long it takes to apply a large change, in milliseconds. */
const APPLYING_MS = 60;

it('decides again soon after a large change: applying it takes long, deciding does not', async (t) => {
  const { promise: second, resolve } = Promise.withResolvers<number>();
  let firstEndedAtMs: number | undefined;
  const room = {
    roomId: 'green',
    measure: () => {},
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
