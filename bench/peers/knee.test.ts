import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findKnee, keepsUp } from './knee.ts';

const FREE = {
  cores: 0.5,
  packetsPerSecond: 10_000,
  copies: 60,
  lossShare: 0,
  delay: { p50Ms: 5, p99Ms: 9 },
};

describe('keepsUp()', () => {
  it('is false above 1 % of loss, 20 ms of added delay, or when copies are missing', () => {
    assert.equal(keepsUp({ ...FREE, lossShare: 0.009, delay: { p50Ms: 24, p99Ms: 300 } }, FREE), true);
    assert.equal(keepsUp({ ...FREE, lossShare: 0.011 }, FREE), false);
    assert.equal(keepsUp({ ...FREE, delay: { p50Ms: 26, p99Ms: 30 } }, FREE), false);
    assert.equal(keepsUp({ ...FREE, copies: 58 }, FREE), false);
  });

  it('does not mind that a clip has fewer packets at another time', () => {
    assert.equal(keepsUp({ ...FREE, packetsPerSecond: 8000 }, FREE), true);
  });
});

describe('findKnee()', () => {
  it('finds the smallest quota with which the server keeps up', async () => {
    const tried: number[] = [];
    const knee = await findKnee(FREE, async (cores) => {
      tried.push(cores);
      return { ...FREE, lossShare: cores < 0.4 ? 0.2 : 0 };
    });
    assert.ok(knee && knee.cores >= 0.4 && knee.cores * 0.93 < 0.4, `${knee?.cores}`);
    assert.equal(knee.packetsPerSecondPerCore, 10_000 / knee.cores);
    assert.deepEqual(
      tried,
      [...tried].sort((a, b) => b - a),
    );
    assert.ok((tried.at(-1) ?? 1) < 0.4);
  });

  it('finds none for a server that does not keep up even with more than it needs', async () => {
    assert.equal(await findKnee(FREE, async () => ({ ...FREE, lossShare: 0.02 })), undefined);
  });
});
