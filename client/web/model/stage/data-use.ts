import type { Layout, LayoutTile } from '../../../sdk/index.ts';
import type { DataUse } from '../basics/preferences.ts';

/** What `low` receives at most, in bits per second: three voices, and small videos or one larger one. */
const LOW_BPS = 500_000;

/** What to receive of the tiles on the screen. */
export function layoutFor(dataUse: DataUse, tiles: readonly LayoutTile[]): Layout {
  switch (dataUse) {
    case 'full':
      return { tiles };
    case 'low':
      return { tiles, maxBitrateBps: LOW_BPS };
    case 'audio':
      // Somebody who shows their screen wants it to be seen.
      return { tiles: tiles.filter(({ source }) => source === 'screen'), maxBitrateBps: LOW_BPS };
  }
}
