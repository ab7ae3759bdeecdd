import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { layoutTiles } from './layouts.ts';

const PEOPLE = Array.from({ length: 24 }, (_, index) => `p${index}`);
const ids = (tiles: ReturnType<typeof layoutTiles>) => tiles.map(({ participantId }) => participantId);

describe('layoutTiles()', () => {
  it('shows everybody alike in a gallery', () => {
    const tiles = layoutTiles('gallery', PEOPLE, 'p20');
    assert.deepEqual(ids(tiles), PEOPLE);
    assert.equal(new Set(tiles.map(({ width }) => width)).size, 1);
    assert.deepEqual([tiles[0]?.width, tiles[0]?.height], [372, 209]);
    assert.equal(layoutTiles('gallery', PEOPLE.slice(0, 4), undefined)[0]?.width, 628);
  });

  it('puts the speaker on the stage and six beside', () => {
    const tiles = layoutTiles('stage', PEOPLE, 'p20');
    assert.deepEqual(ids(tiles), ['p20', 'p0', 'p1', 'p2', 'p3', 'p4', 'p5']);
    assert.deepEqual(
      tiles.map(({ height }) => height > 200),
      [true, false, false, false, false, false, false],
    );
    assert.equal(ids(layoutTiles('stage', PEOPLE, undefined))[0], 'p0');
  });

  it('shows nine, whoever speaks among them, without moving them about', () => {
    assert.deepEqual(ids(layoutTiles('nine', PEOPLE, 'p3')), PEOPLE.slice(0, 9));
    assert.deepEqual(ids(layoutTiles('nine', PEOPLE, 'p20')), ['p20', ...PEOPLE.slice(0, 8)]);
    assert.equal(layoutTiles('nine', PEOPLE.slice(0, 3), 'p20').length, 3);
  });
});
