import { useRef } from 'preact/hooks';
import { bestGrid, seatKey } from '../../model/index.ts';
import { type Size, useSize } from '../parts/use-size.ts';
import { Tile, type TileProps } from './tile.tsx';

/** Space between tiles, in CSS pixels. */
export const GAP_PX = 8;
/** An area counts as a phone's if its shorter side is below this, in CSS pixels. */
const PHONE_PX = 480;

/** Minimum and maximum aspect ratio of a tile, width over height. */
export interface Aspects {
  least: number;
  most: number;
}

/** Camera video may be cropped to fill the window, on a phone even to portrait. Screens are never cropped. */
const PEOPLE: Aspects = { least: 4 / 3, most: 16 / 9 };
const PEOPLE_ON_PHONES: Aspects = { least: 3 / 4, most: 2 };
/** A single person fills the area, on a phone and in a tall window even if it is much taller than wide. */
const PERSON: Aspects = { least: 4 / 3, most: 2 };
const PERSON_IN_TALL_AREA: Aspects = { least: 9 / 16, most: 2 };
const SCREEN: Aspects = { least: 0.1, most: 10 };
/** Several screens get tiles with the aspect ratio of most screens. */
const SCREENS: Aspects = { least: 16 / 9, most: 16 / 9 };

export function isPhone({ width, height }: Size): boolean {
  return Math.min(width, height) < PHONE_PX;
}

/** The aspect ratios that suit these tiles in this area. */
export function aspectsFor(tiles: ReadonlyArray<{ screen?: boolean }>, area: Size): Aspects {
  if (tiles.some(({ screen }) => screen)) {
    return tiles.length > 1 ? SCREENS : SCREEN;
  }
  if (tiles.length === 1) {
    return isPhone(area) || area.height > area.width ? PERSON_IN_TALL_AREA : PERSON;
  }
  return isPhone(area) ? PEOPLE_ON_PHONES : PEOPLE;
}

/** Equal tiles, as large as the area allows. */
export function Grid({ tiles }: { tiles: TileProps[] }) {
  const area = useRef<HTMLDivElement>(null);
  const size = useSize(area);
  const { tileWidth, tileHeight } = bestGrid({
    tiles: tiles.length,
    ...size.value,
    gap: GAP_PX,
    aspects: aspectsFor(tiles, size.value),
  });
  return (
    <div
      ref={area}
      class="grid"
      data-testid="grid"
      style={{
        '--tile-width': `${tileWidth}px`,
        '--tile-height': `${tileHeight}px`,
        '--gap': `${GAP_PX}px`,
      }}
    >
      {tiles.map((tile) => (
        <Tile key={seatKey(tile)} {...tile} />
      ))}
    </div>
  );
}
