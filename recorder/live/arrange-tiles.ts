import type { BridgeSource } from '../../client/sdk/index.ts';
import type { PlacedTile } from './compositor.ts';

/** A video that is shown, and under which number the compositor has it. */
export interface ShownVideo {
  number: number;
  source: BridgeSource;
  name: string;
}

/** At most this many videos are shown; whoever speaks is one of them. */
const MAX_TILES = 9;
/** Share of the width that a shared screen leaves to people. */
const STRIP_SHARE = 0.2;

/** A gallery of equal tiles; a shared screen is large, with people in a column beside it. */
export function arrangeTiles(
  videos: readonly ShownVideo[],
  { speaker, width, height }: { speaker: string | null; width: number; height: number },
): PlacedTile[] {
  const screen = videos.find(({ source }) => source.source === 'screen');
  const people = videos
    .filter(({ source }) => source.source === 'camera')
    .sort((a, b) => rank(a, speaker) - rank(b, speaker))
    .slice(0, screen ? Math.floor(1 / STRIP_SHARE) : MAX_TILES)
    // A speaker gets a tile, but nobody changes places for it.
    .sort((a, b) => a.number - b.number);
  if (!screen) {
    return grid(people, { width, height });
  }
  const stripWidth = people.length > 0 ? even(width * STRIP_SHARE) : 0;
  const tileHeight = even(height * STRIP_SHARE);
  return [
    tile(screen, { xpos: 0, ypos: 0, width: width - stripWidth, height }),
    ...people.map((person, row) =>
      tile(person, {
        xpos: width - stripWidth,
        ypos: row * tileHeight,
        width: stripWidth,
        height: tileHeight,
      }),
    ),
  ];
}

function grid(
  people: readonly ShownVideo[],
  { width, height }: { width: number; height: number },
): PlacedTile[] {
  const columns = Math.ceil(Math.sqrt(people.length));
  const rows = Math.ceil(people.length / columns);
  const size = { width: even(width / columns), height: even(height / rows) };
  return people.map((person, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, people.length - row * columns);
    const left = (width - inRow * size.width) / 2;
    return tile(person, {
      xpos: Math.floor(left + (index % columns) * size.width),
      ypos: row * size.height,
      ...size,
    });
  });
}

function tile({ number, name }: ShownVideo, place: Omit<PlacedTile, 'number' | 'name'>): PlacedTile {
  return { number, name, ...place };
}

function rank({ source, number }: ShownVideo, speaker: string | null): number {
  return source.participantId === speaker ? -1 : number;
}

function even(pixels: number): number {
  return 2 * Math.floor(pixels / 2);
}
