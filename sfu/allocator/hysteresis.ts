import { isSmall, placeOf } from './ranking.ts';
import type { OperatingPoint, TileClass, TileState } from './types.ts';

/**
 * Minimum time between a tile's last change and its next upgrade, in milliseconds, unless it moved up to the stage or higher, or was
 * enlarged.
 */
const SETTLING_MS = 2000;
/** Growth in area that counts as enlarged. While a window is being resized, a tile grows by less from one layout to the next. */
const LARGER = 2;
/** Bonus for an upgrade that the tile already has: more than bitrates fluctuating by 10 % can change its value. */
const KEPT_BONUS = 1.3;

/** Whether the tile had this point, or a better one, in the last decision. */
export function isKept({ decided }: TileState, point: OperatingPoint): boolean {
  return (
    decided !== null &&
    point.spatialLayer <= decided.spatialLayer &&
    point.temporalLayer <= decided.temporalLayer
  );
}

/** Whether the tile must settle before it may get a point that it did not have. */
export function mustWait(tile: TileState, tileClass: TileClass, nowMs: number): boolean {
  if (tile.decidedAtMs === null || nowMs - tile.decidedAtMs >= SETTLING_MS) {
    return false;
  }
  const rose = tile.decidedClass && !isSmall(tileClass) && placeOf(tileClass) < placeOf(tile.decidedClass);
  const grew = tile.decidedAreaPx && tile.width * tile.height >= tile.decidedAreaPx * LARGER;
  return !rose && !grew;
}

/** Adds the bonus if the tile already has this upgrade. */
export function worthWithBonus(worth: number, kept: boolean): number {
  return kept ? worth * KEPT_BONUS : worth;
}
