import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bestGrid } from './grid.ts';

const PEOPLE = { least: 4 / 3, most: 16 / 9 };

describe('bestGrid()', () => {
  it('puts two people side by side in a wide window and one above the other in a tall one', () => {
    assert.equal(bestGrid({ tiles: 2, width: 1280, height: 600, gap: 8, aspects: PEOPLE }).columns, 2);
    assert.equal(bestGrid({ tiles: 2, width: 390, height: 700, gap: 8, aspects: PEOPLE }).columns, 1);
  });

  it('fills a wide window with 25 people', () => {
    const { columns, tileWidth, tileHeight } = bestGrid({
      tiles: 25,
      width: 1600,
      height: 900,
      gap: 8,
      aspects: PEOPLE,
    });
    assert.equal(columns, 5);
    assert.ok((25 * tileWidth * tileHeight) / (1600 * 900) > 0.9);
  });

  it('returns empty tiles for an area without a size', () => {
    assert.deepEqual(bestGrid({ tiles: 3, width: 0, height: 0, gap: 8, aspects: PEOPLE }), {
      columns: 1,
      tileWidth: 0,
      tileHeight: 0,
    });
  });

  it('never exceeds the area or the allowed aspect ratios', () => {
    const size = fc.integer({ min: 50, max: 4000 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), size, size, (tiles, width, height) => {
        const { columns, tileWidth, tileHeight } = bestGrid({
          tiles,
          width,
          height,
          gap: 8,
          aspects: PEOPLE,
        });
        const rows = Math.ceil(tiles / columns);
        assert.ok(columns * tileWidth + (columns - 1) * 8 <= width || tileWidth === 0);
        assert.ok(rows * tileHeight + (rows - 1) * 8 <= height || tileHeight === 0);
        // Sizes are whole pixels, so small tiles deviate slightly.
        if (tileHeight > 20) {
          assert.ok(
            tileWidth / tileHeight < PEOPLE.most * 1.06 && tileWidth / tileHeight > PEOPLE.least * 0.94,
          );
        }
      }),
    );
  });
});
