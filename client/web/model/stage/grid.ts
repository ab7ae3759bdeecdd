export interface Grid {
  columns: number;
  /** Size of one tile in CSS pixels. */
  tileWidth: number;
  tileHeight: number;
}

export interface GridRequest {
  tiles: number;
  /** Size of the area in CSS pixels. */
  width: number;
  height: number;
  /** Space between tiles in CSS pixels. */
  gap: number;
  /** Minimum and maximum aspect ratio of a tile (width over height). */
  aspects: { least: number; most: number };
}

/** Finds the number of columns for which equal tiles cover the largest part of an area. */
export function bestGrid({ tiles, width, height, gap, aspects }: GridRequest): Grid {
  let best: Grid = { columns: 1, tileWidth: 0, tileHeight: 0 };
  for (let columns = 1; columns <= tiles; columns += 1) {
    const rows = Math.ceil(tiles / columns);
    const widest = Math.max(0, (width - gap * (columns - 1)) / columns);
    const highest = Math.max(0, (height - gap * (rows - 1)) / rows);
    const tileWidth = Math.floor(Math.min(widest, highest * aspects.most));
    const tileHeight = Math.floor(Math.min(highest, widest / aspects.least));
    if (tileWidth * tileHeight > best.tileWidth * best.tileHeight) {
      best = { columns, tileWidth, tileHeight };
    }
  }
  return best;
}
