import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { VideoCodec } from '../../base/rtp/index.ts';
import { VideoReader } from './video-reader.ts';

/** First payload of a frame, a further one, and the same of a delta frame, of each codec. */
const PAYLOADS: Record<VideoCodec, { key: Buffer; more: Buffer; delta: Buffer }> = {
  vp8: {
    key: Buffer.from('10100000009d012a0005d002', 'hex'),
    more: Buffer.from('00aabb', 'hex'),
    delta: Buffer.from('1011ccdd', 'hex'),
  },
  vp9: {
    // Not flexible, no layers: start of frame; then neither start nor end; then predicted.
    key: Buffer.from('08aa', 'hex'),
    more: Buffer.from('04bb', 'hex'),
    delta: Buffer.from('48cc', 'hex'),
  },
  h264: {
    // STAP-A with a parameter set; the rest of the access unit in single units.
    key: Buffer.from('1800046742c01f000268ce', 'hex'),
    more: Buffer.from('65aabb', 'hex'),
    delta: Buffer.from('41ccdd', 'hex'),
  },
};

for (const codec of ['vp8', 'vp9', 'h264'] as const) {
  describe(`VideoReader for ${codec}`, () => {
    const { key, more, delta } = PAYLOADS[codec];
    function reader() {
      const made = new VideoReader(codec);
      return {
        made,
        /** Whether the packet completes a frame that is passed on. */
        takes(payload: Buffer, timestamp: number, { marker = false, lost = 0 } = {}): boolean {
          const rtp = { payload, timestamp, marker } as Parameters<VideoReader['add']>[0]['packet']['rtp'];
          return made.add({ packet: { rtp, arrivedMs: 0 }, lost }) !== undefined;
        },
      };
    }

    test('begins with a key frame', () => {
      const { takes } = reader();
      assert.ok(!takes(delta, 1, { marker: true }));
      assert.ok(!takes(key, 2));
      assert.ok(takes(more, 2, { marker: true }));
      assert.ok(takes(delta, 3, { marker: true }));
    });

    test('after a loss, drops what follows, up to the next key frame', () => {
      const { made, takes } = reader();
      takes(key, 1);
      assert.ok(takes(more, 1, { marker: true }));
      assert.ok(!takes(delta, 3, { marker: true, lost: 2 }));
      assert.ok(made.needsKey);
      assert.ok(!takes(delta, 4, { marker: true }));
      takes(key, 5);
      assert.ok(takes(more, 5, { marker: true }));
      assert.ok(!made.needsKey);
    });

    test('keeps an intact key frame right after a loss', () => {
      const { takes } = reader();
      takes(key, 1);
      takes(more, 1, { marker: true });
      // The end of a delta frame is lost.
      takes(delta, 2);
      takes(key, 3, { lost: 1 });
      assert.ok(takes(more, 3, { marker: true }));
    });

    test('drops a key frame that lacks its start or its middle', () => {
      const { takes } = reader();
      assert.ok(!takes(more, 1, { marker: true, lost: 1 }));
      takes(key, 2);
      assert.ok(!takes(more, 2, { marker: true, lost: 1 }));
      takes(key, 3);
      assert.ok(takes(more, 3, { marker: true }));
    });
  });
}
