import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TokenBucket } from './token-bucket.ts';

describe('TokenBucket', () => {
  const taken = (bucket: TokenBucket, tries: number, nowMs: number) =>
    Array.from({ length: tries }, () => bucket.take(nowMs)).filter(Boolean).length;

  it('allows a burst, then the rate', () => {
    const bucket = new TokenBucket(10, 30, 0);
    assert.equal(taken(bucket, 100, 0), 30);
    assert.equal(taken(bucket, 100, 500), 5);
    assert.equal(taken(bucket, 100, 1500), 10);
  });

  it('never accumulates more than a burst, and ignores a clock that jumps back', () => {
    const bucket = new TokenBucket(10, 30, 1_000_000);
    assert.equal(taken(bucket, 100, 9_000_000), 30);
    assert.equal(taken(bucket, 100, 0), 0);
    assert.equal(taken(bucket, 100, 100), 1);
  });
});
