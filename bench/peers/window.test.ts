import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reading, windowBetween } from './window.ts';

test('a window has the costs per packet and per megabit, loss, and the busiest load process', () => {
  const before: Reading = {
    atMs: 1000,
    serverCpu: { total: 3, node: 1 },
    sentPackets: 100,
    packets: 5000,
    bytes: 1e6,
    lostPackets: 3,
    loadCpu: [1, 2],
    machine: { total: 1000, idle: 500, steal: 10 },
  };
  const after: Reading = {
    atMs: 6000,
    serverCpu: { total: 4, node: 1.25 },
    sentPackets: 1100,
    packets: 64_901,
    bytes: 26e6,
    lostPackets: 102,
    loadCpu: [1.5, 4],
    machine: { total: 2000, idle: 900, steal: 20 },
  };
  const window = windowBetween(before, after, { p50Ms: 1, p99Ms: 2 });
  assert.equal(window.seconds, 5);
  assert.equal(window.cores, 0.2);
  assert.equal(window.nodeCores, 0.05);
  assert.equal(window.packetsPerSecond, 59_901 / 5);
  assert.equal(window.copies, 59.901);
  assert.equal(window.mbps, 40);
  assert.equal(window.packetUs, 1e6 / 59_901);
  assert.equal(window.mbitMs, 5);
  assert.equal(window.lossShare, 99 / 60_000);
  assert.equal(window.busiestLoad, 0.4);
  assert.equal(window.stealShare, 0.01);
});
