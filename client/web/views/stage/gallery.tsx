import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { bestGrid, type Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { NextIcon, PreviousIcon } from '../parts/icons.tsx';
import { useSize } from '../parts/use-size.ts';
import { aspectsFor, GAP_PX, Grid, isPhone } from './grid.tsx';
import type { TileProps } from './tile.tsx';

/** Maximum number of people per page. */
const MAX_TILES = 25;
/** Maximum number of people per page on a phone, where faces would otherwise be too small. */
const MAX_TILES_ON_PHONES = 8;
/** Minimum width and height of a tile, so that people are recognisable, in CSS pixels. */
const MIN_TILE_PX = 120;

/** Everyone at the same size, on as many pages as needed. */
export function Gallery({ tiles, call }: { tiles: TileProps[]; call: Call }) {
  const area = useRef<HTMLDivElement>(null);
  const size = useSize(area);
  const page = useSignal(0);
  const { width, height } = size.value;
  const aspects = aspectsFor(tiles, size.value);
  const isMeasured = width > 0;
  const fits = (count: number) => {
    const { tileWidth, tileHeight } = bestGrid({ tiles: count, width, height, gap: GAP_PX, aspects });
    return Math.min(tileWidth, tileHeight) >= MIN_TILE_PX;
  };
  // Buttons for pages would make the area narrower while it is measured.
  let most = isMeasured
    ? Math.min(isPhone(size.value) ? MAX_TILES_ON_PHONES : MAX_TILES, tiles.length)
    : tiles.length;
  while (isMeasured && most > 1 && !fits(most)) {
    most -= 1;
  }
  const pages = Math.max(1, Math.ceil(tiles.length / Math.max(1, most)));
  // Pages of about the same length, so that tiles have the same size on each.
  const perPage = Math.ceil(tiles.length / pages);
  call.visibleSeats = perPage;
  const current = Math.min(page.value, pages - 1);
  const turn = (by: number) => {
    page.value = current + by;
  };
  const { stage } = strings.value;
  return (
    <div class="gallery">
      {pages > 1 && (
        <IconButton
          look="page-button"
          label={stage.previousPage}
          testId="previous-page"
          disabled={current === 0}
          onClick={() => turn(-1)}
        >
          <PreviousIcon />
        </IconButton>
      )}
      <div class="gallery-area" ref={area}>
        <Grid tiles={tiles.slice(current * perPage, (current + 1) * perPage)} />
      </div>
      {pages > 1 && (
        <IconButton
          look="page-button"
          label={stage.nextPage}
          testId="next-page"
          disabled={current === pages - 1}
          onClick={() => turn(1)}
        >
          <NextIcon />
        </IconButton>
      )}
      {pages > 1 && <span class="page-count">{stage.page(current + 1, pages)}</span>}
    </div>
  );
}
