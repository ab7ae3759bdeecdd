import assert from 'node:assert/strict';
import { test } from 'node:test';
import { videoFormat } from './track-format.ts';

/** Parameter sets and an IDR slice, as x264 writes them for 320 × 180. */
const accessUnit = (sps: string) => Buffer.from(`00000001${sps}0000000168ebe3cb22c00000000165888400`, 'hex');
const descriptionOf = (sps: string) => {
  const format = videoFormat('h264', { key: true, data: accessUnit(sps) });
  assert.ok(format?.kind === 'video');
  return Buffer.from(format.decoderConfig.description ?? []).toString('hex');
};

test('H264 of a high profile is described with how its samples are coded', () => {
  const sps = '6764000dacd94141fb';
  assert.equal(descriptionOf(sps), `0164000dffe10009${sps}01000668ebe3cb22c0fdf8f800`);
});

test('H264 of the baseline profile is described without', () => {
  const sps = '6742c00dd90141fb';
  assert.equal(descriptionOf(sps), `0142c00dffe10008${sps}01000668ebe3cb22c0`);
});

test('a key frame without parameter sets, or of no size, begins no file', () => {
  assert.equal(videoFormat('h264', { key: true, data: Buffer.from('0000000165888400', 'hex') }), undefined);
  const data = Buffer.alloc(20);
  assert.equal(videoFormat('vp8', { key: true, data, size: { width: 0, height: 0 } }), undefined);
});
