import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { between, judgeLink, type LinkSample } from './link-quality.ts';

const FINE: LinkSample = { connected: true, lossShare: 0.001, jitterMs: 5, roundTripMs: 40 };

describe('judgeLink()', () => {
  it('is good on a good network, whatever the browser does not tell', () => {
    assert.deepEqual(judgeLink(FINE), { quality: 'good' });
    assert.deepEqual(judgeLink({ connected: true, lossShare: 0, jitterMs: 0 }), { quality: 'good' });
  });

  it('gets worse with loss, jitter and delay, and names the worst', () => {
    assert.deepEqual(judgeLink({ ...FINE, lossShare: 0.03 }), { quality: 'fair', cause: 'loss' });
    assert.deepEqual(judgeLink({ ...FINE, lossShare: 0.1 }), { quality: 'poor', cause: 'loss' });
    assert.deepEqual(judgeLink({ ...FINE, jitterMs: 60 }), { quality: 'fair', cause: 'jitter' });
    assert.deepEqual(judgeLink({ ...FINE, roundTripMs: 700 }), { quality: 'poor', cause: 'delay' });
    assert.deepEqual(judgeLink({ ...FINE, lossShare: 0.03, jitterMs: 200 }), {
      quality: 'poor',
      cause: 'jitter',
    });
  });

  it('says what limits the video', () => {
    assert.deepEqual(judgeLink({ ...FINE, limit: 'bandwidth' }), { quality: 'fair', cause: 'bandwidth' });
    assert.deepEqual(judgeLink({ ...FINE, limit: 'server', withoutVideo: true }), {
      quality: 'poor',
      cause: 'server',
    });
    assert.deepEqual(judgeLink({ ...FINE, limit: 'sender' }), { quality: 'fair', cause: 'sender' });
  });

  it('is none if nothing gets through', () => {
    assert.deepEqual(judgeLink({ ...FINE, connected: false, lossShare: 0.5 }), {
      quality: 'none',
      cause: 'blocked',
    });
  });
});

describe('between()', () => {
  const before = { atMs: 1000, packets: 100, lostPackets: 10, bytes: 10_000 };

  it('measures loss and bitrate since the last reading', () => {
    assert.deepEqual(between(before, { atMs: 3000, packets: 190, lostPackets: 20, bytes: 60_000 }), {
      packets: 90,
      lossShare: 0.1,
      bitrateBps: 200_000,
    });
  });

  it('has no result for the first reading, a repeated one or another stream', () => {
    assert.equal(between(undefined, before), undefined);
    assert.equal(between(before, before), undefined);
    assert.equal(between(before, { atMs: 3000, packets: 3, lostPackets: 0, bytes: 300 }), undefined);
  });

  it('counts neither packets that came late after all, nor silence, as loss', () => {
    assert.equal(between(before, { ...before, atMs: 2000, packets: 120, lostPackets: 5 })?.lossShare, 0);
    assert.equal(between(before, { ...before, atMs: 2000 })?.lossShare, 0);
  });
});
