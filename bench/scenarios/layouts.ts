import type { LayoutTile } from '../../client/sdk/index.ts';

/**
 * What people look at, in a window of 1920 by 1080 device pixels: everyone at the same size, a large speaker with six others, or nine
 * people.
 */
export type LayoutName = 'gallery' | 'stage' | 'nine';

const SIZES = {
  nine: { width: 560, height: 315 },
  large: { width: 1280, height: 720 },
  strip: { width: 240, height: 135 },
};
/** Width of the window, and of the space between two tiles. */
const WINDOW_PIXELS = 1920;
const GAP_PIXELS = 12;
/** The web page shows as many, including oneself. */
const GALLERY_TILES = 25;
const STRIP_TILES = 6;
const NINE = 9;

/** How many videos a layout shows of `others` people. */
export function tilesShown(layout: LayoutName, others: number): number {
  const most = { gallery: GALLERY_TILES - 1, stage: 1 + STRIP_TILES, nine: NINE }[layout];
  return Math.min(most, others);
}

/** The tiles of a peer that sees `others` (participant ids, in the order of joining), of whom `speaker` spoke last. */
export function layoutTiles(
  layout: LayoutName,
  others: readonly string[],
  speaker: string | undefined,
): LayoutTile[] {
  const count = tilesShown(layout, others.length);
  // The speaker is always shown; otherwise nobody changes places.
  const first = speaker !== undefined && others.includes(speaker) ? [speaker] : [];
  const keeps = layout !== 'stage' && others.slice(0, count).includes(first[0] ?? '');
  const shown = keeps ? others : [...first, ...others.filter((id) => id !== first[0])];
  return shown.slice(0, count).map((participantId, index) => {
    return { participantId, source: 'camera', ...sizeOf(layout, count, index === 0) };
  });
}

function sizeOf(layout: LayoutName, shown: number, isFirst: boolean): { width: number; height: number } {
  switch (layout) {
    case 'gallery':
      return galleryTile(shown + 1);
    case 'stage':
      return SIZES[isFirst ? 'large' : 'strip'];
    case 'nine':
      return SIZES.nine;
  }
}

/** As large as a grid allows for so many, including oneself: 372 × 209 for 25. */
function galleryTile(people: number): { width: number; height: number } {
  const width = Math.floor(WINDOW_PIXELS / Math.ceil(Math.sqrt(people))) - GAP_PIXELS;
  return { width, height: Math.round((width * 9) / 16) };
}
