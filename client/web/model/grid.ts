export interface Grid {
  columns: number;
  rows: number;
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
  /** Width over height of a tile. */
  aspect: number;
}

/** The columns and rows with which tiles of one size are as large as possible in an area. */
export function bestGrid({ tiles, width, height, gap, aspect }: GridRequest): Grid {
  let best: Grid = { columns: 1, rows: Math.max(1, tiles), tileWidth: 0, tileHeight: 0 };
  for (let columns = 1; columns <= tiles; columns += 1) {
    const rows = Math.ceil(tiles / columns);
    const widest = (width - gap * (columns - 1)) / columns;
    const highest = (height - gap * (rows - 1)) / rows;
    const tileWidth = Math.floor(Math.max(0, Math.min(widest, highest * aspect)));
    if (tileWidth > best.tileWidth) {
      best = { columns, rows, tileWidth, tileHeight: Math.floor(tileWidth / aspect) };
    }
  }
  return best;
}
