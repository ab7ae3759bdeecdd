import { isSmall, placeOf } from './ranking.ts';
import type { OperatingPoint, TileClass, TileState } from './types.ts';

/** A tile gets better at the earliest this long after its last change, unless it came to the stage or higher, or was made larger. */
const SETTLING_MS = 2000;
/** Made larger: to so many times the area. A window that is being resized grows by less from one layout to the next. */
const LARGER = 2;
/** How much more an improvement counts where it is there already: more than bit rates that waver by a tenth can change its worth. */
const KEPT_BONUS = 1.3;

/** Whether the tile had this point, or a better one, by the last decision. */
export function isKept({ decided }: TileState, point: OperatingPoint): boolean {
  return (
    decided !== null &&
    point.spatialLayer <= decided.spatialLayer &&
    point.temporalLayer <= decided.temporalLayer
  );
}

/** Whether the tile must wait until it may have a point that it did not have. */
export function mustWait(tile: TileState, tileClass: TileClass, nowMs: number): boolean {
  if (tile.decidedAtMs === null || nowMs - tile.decidedAtMs >= SETTLING_MS) {
    return false;
  }
  const rose = tile.decidedClass && !isSmall(tileClass) && placeOf(tileClass) < placeOf(tile.decidedClass);
  const grew = tile.decidedAreaPx && tile.width * tile.height >= tile.decidedAreaPx * LARGER;
  return !rose && !grew;
}

/** What an improvement is worth a bit, for what is kept and for what is new. */
export function heldWorth(worth: number, kept: boolean): number {
  return kept ? worth * KEPT_BONUS : worth;
}
