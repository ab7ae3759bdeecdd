import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SavedMedia } from './saved-media.ts';
import { skipAhead } from './skip-ahead.ts';

const SSRC = 7;

/** A stream whose next packet has this index. */
function saved(next: number, clockRate = 8000): SavedMedia {
  const roc = Math.floor((next - 1) / 65_536);
  return {
    leg: { stream: { ssrc: SSRC, sequenceNumber: next % 65_536, timestamp: 0xffff_ffff }, source: undefined },
    audio: { clockRate },
    // The second pair is for RTCP, as with DTLS without rtcp-mux.
    srtp: [
      {
        send: { rtcpSent: 0, streams: [{ ssrc: SSRC, roc }] },
        receive: { rtcpSent: 0, streams: [{ ssrc: 9, roc: 4 }] },
      },
      { send: { rtcpSent: 10, streams: [] }, receive: { rtcpSent: 0, streams: [] } },
    ],
  } as unknown as SavedMedia;
}

function indexOf({ leg, srtp }: SavedMedia): number {
  return (srtp?.[0]?.send.streams[0]?.roc ?? 0) * 65_536 + leg.stream.sequenceNumber;
}

describe('skipAhead()', () => {
  it('goes beyond every index that the earlier process can have used, also over an overflow', () => {
    for (const next of [1, 500, 65_535, 65_536, 65_537, 3 * 65_536, 200_000]) {
      for (const elapsedMs of [0, 20, 1000, 5000, 60_000]) {
        const ahead = skipAhead(saved(next), elapsedMs);
        assert.ok(ahead);
        const skipped = indexOf(ahead) - next;
        // At most one packet every 10 ms, and 50 keys per second.
        assert.ok(skipped >= (elapsedMs / 1000) * 150 + 200, `${skipped}`);
        assert.ok(skipped < 2 ** 15, 'the phone can follow');
        assert.ok((ahead.srtp?.[1]?.send.rtcpSent ?? 0) >= 60);
        assert.deepEqual(ahead.srtp?.[0]?.receive, saved(next).srtp?.[0]?.receive);
      }
    }
  });

  it('the timestamp goes on with the time', () => {
    assert.equal(skipAhead(saved(1), 1000)?.leg.stream.timestamp, 7999);
    assert.equal(skipAhead(saved(1, 48_000), 20)?.leg.stream.timestamp, 959);
  });

  it('gives up after too long, or if the clock was set back', () => {
    assert.equal(skipAhead(saved(1), 200_000), undefined);
    assert.equal(skipAhead(saved(1), -1), undefined);
    assert.equal(skipAhead(saved(1), Number.NaN), undefined);
  });
});
