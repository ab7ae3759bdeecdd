import { isSmall } from './ranking.ts';
import type { OperatingPoint, TileClass, TileState, VideoState } from './types.ts';

/** The operating points of a video by layer, and what each one looks like. */
export interface Ladder {
  source: VideoState['source'];
  /** By spatial, then temporal layer; no row is empty. */
  rows: readonly (readonly OperatingPoint[])[];
  /** Height of each spatial layer, in pixels; guessed if unknown. */
  heightsPx: readonly number[];
  /** Spatial layers that the sender cannot send, and their heights. */
  missing: readonly { spatialLayer: number; heightPx: number }[];
}

/** A position on a ladder: row and column, which equal the layers if the video has all of them. */
export interface Step {
  row: number;
  column: number;
}

/** The highest point that a tile may get. */
export interface TileCeiling {
  row: number;
  maxFps: number;
  /** Whether stress lowered it below what the tile's size can use. */
  stressed: boolean;
  /** The missing spatial layers that the tile's size could use, lowest first. */
  awaits: readonly number[];
}

/** Assumed height of the top layer if a sender's resolution is unknown. */
const GUESSED_TOP_PX = 720;
/**
 * A layer suffices if it has at least this share of the tile's height. At 4/3 magnification faces look no softer to most people, while the
 * next layer of a typical ladder costs 2.4 to 3.3 times as much. Text does look softer.
 */
const SUFFICIENT: Record<VideoState['source'], number> = { camera: 0.75, screen: 0.95 };
/** Camera tiles with fewer lines than this get more frames only once all else is satisfied. */
const THUMBNAIL_PX = 200;
/** Below this, faces stutter, and frames matter more than lines. */
const SMOOTH_FPS = 12;
const STRESSED_FPS = 15;
const LOWEST_FPS = 0;

/** Value of a frame rate, 0 to 1: a talking head loses little at 15 fps, a shared screen little at 7.5. */
function smoothness(source: VideoState['source'], fps: number): number {
  if (fps >= 24) {
    return 1;
  }
  if (fps >= SMOOTH_FPS) {
    return source === 'screen' ? 0.97 : 0.94;
  }
  return source === 'screen' ? 0.9 : 0.66;
}

export function ladderOf(video: VideoState): Ladder {
  const rows: OperatingPoint[][] = [];
  for (const point of video.points) {
    const row = rows.at(-1);
    if (row?.[0]?.spatialLayer === point.spatialLayer) {
      row.push(point);
    } else {
      rows.push([point]);
    }
  }
  const layers = rows.map((row, index) => ({
    row,
    spatialLayer: row[0]?.spatialLayer ?? index,
    heightPx: row[0]?.heightPx || GUESSED_TOP_PX / 2 ** (rows.length - 1 - index),
  }));
  const present = layers.filter(
    ({ spatialLayer }, index) => index === 0 || !video.missing.includes(spatialLayer),
  );
  return {
    source: video.source,
    rows: present.map(({ row }) => row),
    heightsPx: present.map(({ heightPx }) => heightPx),
    missing: layers.filter((layer) => !present.includes(layer)),
  };
}

export function pointAt(ladder: Ladder, { row, column }: Step): OperatingPoint {
  const point = ladder.rows[row]?.[column];
  if (!point) {
    throw new RangeError(`no operating point ${row}/${column}`);
  }
  return point;
}

/** The step of these layers within a ceiling, or null. */
export function stepAt(ladder: Ladder, layers: TileState['decided'], ceiling: TileCeiling): Step | null {
  const row = ladder.rows.findIndex(([point]) => point?.spatialLayer === layers?.spatialLayer);
  const column = ladder.rows[row]?.findIndex((point) => point.temporalLayer === layers?.temporalLayer) ?? -1;
  if (row < 0 || column < 0 || row > ceiling.row) {
    return null;
  }
  return column === 0 || fpsAt(ladder, { row, column }) <= ceiling.maxFps ? { row, column } : null;
}

function fpsAt(ladder: Ladder, step: Step): number {
  return pointAt(ladder, step).framesPerSecond || 7.5 * 2 ** step.column;
}

/**
 * The highest point a tile can use: the lowest layer that suffices for its height. Less under stress: fewer frames from level 1; fewer
 * lines from level 2 (small tiles keep only the lowest layer, large ones lose the highest). A shared screen loses frames from level 2,
 * never lines.
 */
export function ceilingOf(
  ladder: Ladder,
  tile: TileState,
  tileClass: TileClass,
  stressLevel: number,
): TileCeiling {
  const sufficientPx = tile.height * SUFFICIENT[ladder.source];
  const sufficient = ladder.heightsPx.findIndex((px) => px >= sufficientPx);
  const useful = sufficient < 0 ? ladder.rows.length - 1 : sufficient;
  let row = useful;
  let maxFps = Number.POSITIVE_INFINITY;
  if (tileClass === 'screen') {
    if (stressLevel >= 2) {
      maxFps = stressLevel >= 3 ? LOWEST_FPS : STRESSED_FPS;
    }
  } else {
    if (stressLevel >= 1) {
      maxFps = isSmall(tileClass) ? LOWEST_FPS : STRESSED_FPS;
    }
    if (stressLevel >= 2) {
      row = isSmall(tileClass) ? 0 : Math.max(0, useful - 1);
    }
  }
  const columns = ladder.rows[useful]?.length ?? 1;
  const slowed = columns > 1 && fpsAt(ladder, { row: useful, column: columns - 1 }) > maxFps;
  const awaits = sufficient < 0 ? missingLayers(ladder, sufficientPx) : [];
  return { row, maxFps, stressed: row < useful || slowed, awaits };
}

/** The missing layers above the available ones, up to the first that has enough lines. */
function missingLayers({ missing, heightsPx }: Ladder, sufficientPx: number): number[] {
  const largestPx = Math.max(...heightsPx);
  const larger = missing.filter(({ heightPx }) => heightPx > largestPx);
  const sufficient = larger.findIndex(({ heightPx }) => heightPx >= sufficientPx);
  return larger
    .slice(0, sufficient < 0 ? larger.length : sufficient + 1)
    .map(({ spatialLayer }) => spatialLayer);
}

/** The lowest frame rate at which a row is smooth, or the highest it has. For a shared screen any frame rate is smooth enough. */
function smoothColumn(ladder: Ladder, row: number, mostColumn = Number.POSITIVE_INFINITY): number {
  const last = Math.min((ladder.rows[row]?.length ?? 1) - 1, mostColumn);
  const enoughFps = ladder.source === 'screen' ? LOWEST_FPS : SMOOTH_FPS;
  let column = 0;
  while (column < last && fpsAt(ladder, { row, column }) < enoughFps) {
    column++;
  }
  return column;
}

/** The lowest point that is smooth, as far as the ceiling allows. */
export function smoothStep(ladder: Ladder, { maxFps }: TileCeiling): Step {
  const smooth = { row: 0, column: smoothColumn(ladder, 0) };
  return fpsAt(ladder, smooth) <= maxFps ? smooth : { row: 0, column: 0 };
}

/** More lines, at fewer frames per second if needed, as long as they are smooth (a shared screen: at the lowest frame rate); or null. */
function moreLines(ladder: Ladder, from: Step, ceiling: TileCeiling): Step | null {
  if (from.row >= ceiling.row) {
    return null;
  }
  const row = from.row + 1;
  return { row, column: smoothColumn(ladder, row, from.column) };
}

/** The same lines with more frames, or null. */
function moreFrames(ladder: Ladder, from: Step, ceiling: TileCeiling): Step | null {
  const next = { row: from.row, column: from.column + 1 };
  if (next.column >= (ladder.rows[from.row]?.length ?? 0)) {
    return null;
  }
  return fpsAt(ladder, next) <= ceiling.maxFps ? next : null;
}

export interface NextStep {
  to: Step;
  /** More frames for a thumbnail: comes after everything else. */
  deferred: boolean;
}

/**
 * The next better points, best choice first; the second is a fallback. Cameras first become smooth, then sharp, then smoother; shared
 * screens become sharp first. Depends only on layers, so that measured bitrates cannot make it fluctuate.
 */
export function nextSteps(
  ladder: Ladder,
  from: Step,
  ceiling: TileCeiling,
  tile: TileState,
  tileClass: TileClass,
): NextStep[] {
  const lines = moreLines(ladder, from, ceiling);
  const frames = moreFrames(ladder, from, ceiling);
  const steps: NextStep[] = [];
  const thumbnail = ladder.source === 'camera' && tile.height < THUMBNAIL_PX && isSmall(tileClass);
  if (lines) {
    steps.push({ to: lines, deferred: false });
  }
  if (frames) {
    const smoothFirst = ladder.source === 'camera' && !thumbnail && fpsAt(ladder, from) < SMOOTH_FPS;
    if (smoothFirst) {
      steps.unshift({ to: frames, deferred: false });
    } else {
      steps.push({ to: frames, deferred: thumbnail });
    }
  }
  return steps;
}

/**
 * The usual bitrate of camera video at this height and frame rate, in bits per second: 150 kbit/s for 180 lines and 500 for 360 at 30 fps,
 * like the SDK's ladder; temporal layers have about 0.45 and 0.7 of that.
 */
export function usualBps(ladder: Ladder, step: Step): number {
  const lines = ladder.heightsPx[step.row] ?? 0;
  return 150_000 * (lines / 180) ** 1.74 * Math.min(1, fpsAt(ladder, step) / 30) ** 0.55;
}

/** How good a point looks in a tile, 0 to 1. */
export function qualityAt(ladder: Ladder, step: Step, tile: TileState): number {
  const sharpness = Math.sqrt(Math.min(1, (ladder.heightsPx[step.row] ?? 0) / tile.height));
  return sharpness * smoothness(ladder.source, fpsAt(ladder, step));
}
