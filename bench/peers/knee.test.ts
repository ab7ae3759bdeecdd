import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findKnee, keepsUp, MAX_MISSING_SHARE } from './knee.ts';

const { video, voices } = MAX_MISSING_SHARE;

const FREE = {
  cores: 0.5,
  packetsPerSecond: 10_000,
  copies: 60,
  lossShare: 0,
  delay: { p50Ms: 5, p99Ms: 9 },
};

describe('keepsUp()', () => {
  it('is false above 1 % of loss, 20 ms of added delay, or when copies are missing', () => {
    assert.equal(keepsUp({ ...FREE, lossShare: 0.009, delay: { p50Ms: 24, p99Ms: 300 } }, FREE, video), true);
    assert.equal(keepsUp({ ...FREE, lossShare: 0.011 }, FREE, video), false);
    assert.equal(keepsUp({ ...FREE, delay: { p50Ms: 26, p99Ms: 30 } }, FREE, video), false);
    assert.equal(keepsUp({ ...FREE, copies: 58 }, FREE, video), false);
  });

  it('allows for other voices at another time', () => {
    assert.equal(keepsUp({ ...FREE, copies: 45 }, FREE, voices), true);
    assert.equal(keepsUp({ ...FREE, copies: 40 }, FREE, voices), false);
  });

  it('does not mind that a clip has fewer packets at another time', () => {
    assert.equal(keepsUp({ ...FREE, packetsPerSecond: 8000 }, FREE, video), true);
  });
});

describe('findKnee()', () => {
  it('finds the smallest quota with which the server keeps up', async () => {
    const tried: number[] = [];
    const knee = await findKnee(
      FREE,
      async (cores) => {
        tried.push(cores);
        return { ...FREE, lossShare: cores < 0.4 ? 0.2 : 0 };
      },
      video,
    );
    assert.ok(knee && knee.cores >= 0.4 && knee.cores * 0.93 < 0.4, `${knee?.cores}`);
    assert.equal(knee.packetsPerSecondPerCore, 10_000 / knee.cores);
    assert.deepEqual(
      tried,
      [...tried].sort((a, b) => b - a),
    );
    assert.ok((tried.at(-1) ?? 1) < 0.4);
  });

  it('finds one that is far more than the server needs on average', async () => {
    const needsMore = async (cores: number) => ({ ...FREE, lossShare: cores < 0.9 ? 0.2 : 0 });
    const knee = await findKnee(FREE, needsMore, video);
    assert.ok(knee && knee.cores >= 0.9 && knee.cores * 0.93 < 0.9, `${knee?.cores}`);
  });

  it('finds none for a server that does not keep up even with four times what it needs', async () => {
    assert.equal(await findKnee(FREE, async () => ({ ...FREE, lossShare: 0.02 }), video), undefined);
  });
});
