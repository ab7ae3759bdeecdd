import type { LayoutTile } from '../../client/sdk/index.ts';

/**
 * What people look at, in a window of 1920 by 1080 device pixels: everyone at the same size, a large speaker with six others, or nine
 * people.
 */
export type LayoutName = 'gallery' | 'stage' | 'nine';

const SIZES = {
  gallery: { width: 372, height: 209 },
  nine: { width: 560, height: 315 },
  large: { width: 1280, height: 720 },
  strip: { width: 240, height: 135 },
};
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
    const size = layout === 'stage' ? SIZES[index === 0 ? 'large' : 'strip'] : SIZES[layout];
    return { participantId, source: 'camera', ...size };
  });
}
