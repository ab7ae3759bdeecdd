import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expectedLadder } from './expected-ladder.ts';
import { measuredPoints } from './measured-ladder.ts';

const SIMULCAST = {
  encodings: [
    { rid: 'r0', scalabilityMode: 'L1T3', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
    { rid: 'r1', scalabilityMode: 'L1T3', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
    { rid: 'r2', scalabilityMode: 'L1T3', scaleResolutionDownBy: 1, maxBitrate: 1_200_000 },
  ],
};

describe('expectedLadder()', () => {
  it('derives heights and bitrates of simulcast from the encodings, frame rates from the temporal layers', () => {
    const { svc, points } = expectedLadder(SIMULCAST, 'camera');
    assert.equal(svc, false);
    assert.deepEqual(
      points.map(({ heightPx, framesPerSecond }) => `${heightPx}@${framesPerSecond}`),
      ['180@7.5', '180@15', '180@30', '360@7.5', '360@15', '360@30', '720@7.5', '720@15', '720@30'],
    );
    assert.deepEqual(
      points.map(({ bitrateBps }) => bitrateBps / 1000),
      [60, 90, 150, 200, 300, 500, 480, 720, 1200],
    );
  });

  it('derives the spatial layers of SVC from its scalability mode, each including those below', () => {
    const { svc, keyOnly, points } = expectedLadder(
      { encodings: [{ ssrc: 1, scalabilityMode: 'L3T3_KEY', maxBitrate: 1_500_000 }] },
      'camera',
    );
    assert.ok(svc && keyOnly);
    assert.equal(points.length, 9);
    assert.deepEqual(
      points.filter(({ temporalLayer }) => temporalLayer === 2).map(({ heightPx }) => heightPx),
      [180, 360, 720],
    );
    assert.equal(points.at(-1)?.bitrateBps, 1_500_000);
  });

  it('returns a single point if the parameters do not say', () => {
    const { points } = expectedLadder({ encodings: [{ ssrc: 1 }] }, 'camera');
    assert.deepEqual(
      points.map(({ spatialLayer, temporalLayer, heightPx }) => [spatialLayer, temporalLayer, heightPx]),
      [[0, 0, 720]],
    );
  });

  it('expects a screen to use less than its maximum', () => {
    const { points } = expectedLadder({ encodings: [{ ssrc: 1, maxBitrate: 2_500_000 }] }, 'screen');
    assert.equal(points[0]?.bitrateBps, 1_000_000);
  });
});

const ALL = [true, true, true];

describe('measuredPoints()', () => {
  const ladder = expectedLadder(SIMULCAST, 'camera');
  const stream = (index: number, bps: number) => ({
    ...{ index, bitrateBps: bps, packetsPerSecond: bps / 8000 },
    bitrateByLayerBps: { '0.0': bps * 0.4, '0.1': bps * 0.6, '0.2': bps },
  });

  it('uses measured bitrates for what is sent, and expected ones for the rest', () => {
    const points = measuredPoints(ladder, null, [stream(0, 100_000), stream(1, 300_000)], ALL);
    assert.deepEqual(
      points.map(({ bitrateBps, sent }) => [bitrateBps / 1000, sent]),
      [
        ...[
          [40, true],
          [60, true],
          [100, true],
          [120, true],
          [180, true],
          [300, true],
        ],
        ...[
          [480, false],
          [720, false],
          [1200, false],
        ],
      ],
    );
  });

  it('follows a rise at once and a fall slowly, and remembers the bitrate of a suspended layer', () => {
    const first = measuredPoints(ladder, null, [stream(0, 100_000), stream(1, 300_000)], ALL);
    const risen = measuredPoints(ladder, first, [stream(0, 150_000), stream(1, 100_000)], ALL);
    assert.equal(risen[2]?.bitrateBps, 150_000);
    assert.equal(risen[5]?.bitrateBps, 240_000);
    const ending = measuredPoints(
      ladder,
      risen,
      [stream(0, 150_000), stream(1, 50_000)],
      [true, false, false],
    );
    assert.deepEqual([ending[5]?.bitrateBps, ending[5]?.sent], [240_000, true]);
    const suspended = measuredPoints(ladder, ending, [stream(0, 150_000)], ALL);
    assert.deepEqual([suspended[5]?.bitrateBps, suspended[5]?.sent], [240_000, false]);
    const begunAgain = measuredPoints(ladder, suspended, [stream(0, 150_000), stream(1, 40_000)], ALL);
    assert.deepEqual([begunAgain[5]?.bitrateBps, begunAgain[5]?.sent], [180_000, true]);
  });

  it('counts missing temporal layers as the whole stream', () => {
    const flat = { ...stream(0, 100_000), bitrateByLayerBps: { '0.0': 100_000, '0.1': 0, '0.2': 0 } };
    const points = measuredPoints(ladder, null, [flat], ALL);
    assert.deepEqual(
      points.slice(0, 3).map(({ bitrateBps, sent }) => [bitrateBps, sent]),
      [
        [100_000, true],
        [100_000, true],
        [100_000, true],
      ],
    );
  });

  it('includes lower spatial layers with SVC, and excludes them with K-SVC', () => {
    const byLayer = { '0.0': 50_000, '0.1': 100_000, '1.0': 200_000, '1.1': 400_000 };
    const measured = [{ index: 0, bitrateBps: 400_000, bitrateByLayerBps: byLayer, packetsPerSecond: 50 }];
    const top = (scalabilityMode: string) => {
      const svc = expectedLadder({ encodings: [{ ssrc: 1, scalabilityMode }] }, 'camera');
      return measuredPoints(svc, null, measured, ALL).at(-1)?.bitrateBps;
    };
    assert.equal(top('L2T2'), 400_000);
    assert.equal(top('L2T2_KEY'), 300_000);
  });
});
