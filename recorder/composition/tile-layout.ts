/** A place in the composed picture, in pixels. All numbers are even, as the encoders need. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Size of a composed video, in pixels. */
export const CANVAS = { width: 1280, height: 720 } as const;
/** Space around each tile, in pixels. */
const MARGIN = 2;
/** Width and height of the column of small tiles beside a large one, in pixels. */
const COLUMN = { x: 1024, width: 256, height: 720 } as const;
/** The place of a screen or speaker beside others. */
const BESIDE_OTHERS = { x: 0, y: 72, width: 1024, height: 576 } as const;

/** Tiles of the same size, as large as possible, row by row; the last row is centred. */
export function galleryOf(count: number): Rect[] {
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  const width = even(CANVAS.width / columns);
  const height = even((width * 9) / 16);
  const top = even((CANVAS.height - rows * height) / 2);
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, count - row * columns);
    const left = even((CANVAS.width - inRow * width) / 2);
    return inset({ x: left + (index % columns) * width, y: top + row * height, width, height });
  });
}

/** The large tile beside `others` small ones. */
export function largeBeside(others: number): Rect {
  return inset(others === 0 ? { x: 0, y: 0, ...CANVAS } : BESIDE_OTHERS);
}

/** Small tiles in a column, or in several if there are many. */
export function columnOf(count: number): Rect[] {
  let columns = 1;
  while (5 * columns ** 2 < count) {
    columns += 1;
  }
  const width = even(COLUMN.width / columns);
  const height = even((width * 9) / 16);
  const top = even((COLUMN.height - Math.ceil(count / columns) * height) / 2);
  return Array.from({ length: count }, (_, index) =>
    inset({
      x: COLUMN.x + (index % columns) * width,
      y: top + Math.floor(index / columns) * height,
      width,
      height,
    }),
  );
}

function inset({ x, y, width, height }: Rect): Rect {
  return { x: x + MARGIN, y: y + MARGIN, width: width - 2 * MARGIN, height: height - 2 * MARGIN };
}

function even(length: number): number {
  return 2 * Math.floor(length / 2);
}
