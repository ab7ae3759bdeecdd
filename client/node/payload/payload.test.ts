import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nalUnits, parseH264, parseVp8, parseVp9 } from '../../../base/rtp/index.ts';
import { type ClipFrame, ONE_LAYER } from '../clip/index.ts';
import { PACKETIZERS } from './index.ts';
import { splitAboutEqually } from './split.ts';

const MAX_BYTES = 300;

function frame(overrides: Partial<ClipFrame>): ClipFrame {
  return {
    ...ONE_LAYER,
    timestamp: 0,
    key: false,
    data: Buffer.alloc(1),
    ...overrides,
  };
}

function packets(codec: keyof typeof PACKETIZERS, given: ClipFrame) {
  const numbering = { pictureId: 0x1234, tl0PicIdx: 200 };
  return PACKETIZERS[codec](given, numbering, MAX_BYTES).map(({ pieces, marker }) => ({
    payload: Buffer.concat(pieces),
    marker,
  }));
}

test('a VP8 frame of any size is parsed completely, with its numbers and layer', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 2000 }),
      fc.integer({ min: 0, max: 2 }),
      (bytes, temporalLayer) => {
        const made = packets('vp8', frame({ data: Buffer.from(bytes), temporalLayer }));
        assert.ok(made.every(({ payload }) => payload.length <= MAX_BYTES));
        assert.deepEqual(
          made.map(({ marker }) => marker),
          made.map((_, index) => index === made.length - 1),
        );
        const parts = made.map(({ payload }) => parseVp8(payload));
        assert.ok(parts.every((part) => part?.pictureId === 0x1234 && part.tl0PicIdx === 200));
        assert.ok(
          parts.every((part, index) => part?.start === (index === 0) && part.temporalLayer === temporalLayer),
        );
        assert.deepEqual(
          Buffer.concat(parts.map((part) => part?.data ?? Buffer.alloc(0))),
          Buffer.from(bytes),
        );
      },
    ),
  );
});

test('a VP9 key picture carries its structure once, and ends with the highest layer', () => {
  const resolutions = [
    { width: 320, height: 180 },
    { width: 640, height: 360 },
  ];
  const lower = packets(
    'vp9',
    frame({ key: true, endOfPicture: false, resolutions, data: Buffer.alloc(700, 1) }),
  );
  const upper = packets(
    'vp9',
    frame({ key: true, spatialLayer: 1, interLayerPredicted: true, data: Buffer.alloc(700, 2) }),
  );
  assert.ok([...lower, ...upper].every(({ payload }) => payload.length <= MAX_BYTES));
  assert.deepEqual(
    lower.map(({ marker }) => marker),
    [false, false, false],
  );
  assert.deepEqual(
    upper.map(({ marker }) => marker),
    [false, false, true],
  );
  const parts = lower.map(({ payload }) => parseVp9(payload));
  assert.deepEqual(
    parts.map((part) => part?.keyFrame),
    [true, false, false],
  );
  assert.deepEqual(Buffer.concat(parts.map((part) => part?.data ?? Buffer.alloc(0))), Buffer.alloc(700, 1));
  assert.ok(upper.every(({ payload }) => parseVp9(payload)?.spatialLayer === 1));
});

test('an H264 access unit is parsed NAL unit by NAL unit, small ones aggregated, large ones fragmented', () => {
  const startCode = Buffer.from([0, 0, 0, 1]);
  const units = [Buffer.alloc(20, 0x67), Buffer.alloc(8, 0x68), Buffer.alloc(1000, 0x65)];
  const data = Buffer.concat(units.flatMap((unit) => [startCode, unit]));
  const made = packets('h264', frame({ key: true, data }));
  assert.ok(made.every(({ payload }) => payload.length <= MAX_BYTES));
  assert.equal((made[0]?.payload[0] ?? 0) & 0x1f, 24);
  assert.equal(made.filter(({ marker }) => marker).length, 1);
  const parts = made.map(({ payload }) => parseH264(payload));
  assert.ok(parts[0]?.keyFrame);
  assert.deepEqual(nalUnits(Buffer.concat(parts.flatMap((part) => part?.data ?? []))), units);
});

test('the parsers do not throw on any input', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      for (const parse of [parseVp8, parseVp9, parseH264]) {
        parse(Buffer.from(bytes));
      }
    }),
  );
});

test('frames are split into as few packets as possible, whose sizes differ by at most a byte', () => {
  for (let length = 0; length < 400; length += 1) {
    const data = Buffer.from(Array.from({ length }, (_, index) => index));
    const pieces = splitAboutEqually(data, 57);
    const sizes = pieces.map((piece) => piece.length);
    assert.deepEqual(Buffer.concat(pieces), data);
    assert.equal(pieces.length, Math.max(1, Math.ceil(length / 57)));
    assert.ok((sizes.at(-1) ?? 0) - (sizes[0] ?? 0) <= 1);
    assert.deepEqual(
      sizes,
      sizes.toSorted((a, b) => a - b),
    );
  }
});
