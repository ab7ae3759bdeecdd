import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocate } from './index.ts';
import { camera, input, receiver, tile } from './test-support.ts';
import type { VideoState } from './types.ts';

function wantedBy(video: VideoState, ...heightsPx: number[]): boolean[] | undefined {
  const receivers = heightsPx.map((height, index) =>
    receiver(`peer ${index}`, [tile(video, (height * 16) / 9, height)]),
  );
  return allocate(input([video], receivers)).videos[0]?.spatialLayers;
}

test('nobody watches: no layer is wanted', () => {
  assert.deepEqual(wantedBy(camera('a')), [false, false, false]);
  assert.deepEqual(wantedBy(camera('a'), 0), [false, false, false]);
  assert.deepEqual(wantedBy(camera('a', { paused: true }), 720), [false, false, false]);
});

test('simulcast: layers that somebody gets are wanted, and the lowest as a fallback', () => {
  assert.deepEqual(wantedBy(camera('a'), 180), [true, false, false]);
  assert.deepEqual(wantedBy(camera('a'), 720), [true, false, true]);
  assert.deepEqual(wantedBy(camera('a'), 360, 360), [true, true, false]);
  assert.deepEqual(wantedBy(camera('a'), 720, 360, 180), [true, true, true]);
});

test('SVC: all layers up to the highest that somebody gets are wanted', () => {
  const svc = camera('a', { svc: true });
  assert.deepEqual(wantedBy(svc, 180), [true, false, false]);
  assert.deepEqual(wantedBy(svc, 720), [true, true, true]);
});

test('a layer that is not being sent can be requested, and counts with its expected bitrate', () => {
  const video = camera('a');
  for (const point of video.points) {
    point.sent = point.spatialLayer === 0;
  }
  assert.deepEqual(wantedBy(video, 720), [true, false, true]);
});

test('a missing layer is allocated to nobody, and tiles that would use it await it', () => {
  const video = camera('a', { missing: [2] });
  const decide = (height: number) =>
    allocate(input([video], [receiver('peer', [tile(video, (height * 16) / 9, height)])]));
  const { receivers, videos } = decide(720);
  assert.deepEqual(videos[0], {
    ...{ producerId: video.producerId, spatialLayers: [true, true, false] },
    awaited: [2],
  });
  assert.deepEqual(receivers[0]?.tiles[0]?.layers, { spatialLayer: 1, temporalLayer: 2 });
  assert.equal(receivers[0]?.tiles[0]?.reason, 'sender');
  assert.deepEqual(decide(360).videos[0]?.awaited, []);
  assert.equal(decide(360).receivers[0]?.tiles[0]?.reason, 'full');
});
