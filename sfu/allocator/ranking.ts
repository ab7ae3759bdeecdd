import type { ReceiverState, TileClass, TileState, VideoState } from './types.ts';

/** A tile that can be served, in its receiver's order of service. */
export interface RankedTile {
  tile: TileState;
  video: VideoState;
  class: TileClass;
  /** Place in the receiver's order of service, from 0. */
  rank: number;
  /** Weight of its upgrades: its share of everything the receiver shows, doubled for the last speaker. */
  weight: number;
}

/** The order of service. */
const PLACE: Record<TileClass, number> = { screen: 0, pinned: 1, stage: 2, speaker: 3, other: 4 };

/** How many recent speakers count: as many as audio forwards by default. */
const LAST_SPEAKERS = 3;
/** A stage has at least twice the area of the next smaller tile; tiles within a fifth of the largest share it. */
const STAGE_AREA_RATIO = 2;
const STAGE_GROUP_RATIO = 0.8;
const LAST_SPEAKER_WEIGHT = 2;

/** Place of a class in the order of service, from 0. */
export function placeOf(tileClass: TileClass): number {
  return PLACE[tileClass];
}

/** Whether a tile of this class is one among many, rather than what its receiver looks at. */
export function isSmall(tileClass: TileClass): boolean {
  return tileClass === 'speaker' || tileClass === 'other';
}

function areaOf({ width, height }: TileState): number {
  return width * height;
}

/** The area from which a tile is on the stage. */
function stageArea(tiles: readonly { tile: TileState }[]): number {
  const areas = tiles.map(({ tile }) => areaOf(tile)).sort((a, b) => b - a);
  const largest = areas[0] ?? 0;
  const below = areas.find((area) => area < largest * STAGE_GROUP_RATIO);
  if (below === undefined) {
    return areas.length === 1 ? largest : Number.POSITIVE_INFINITY;
  }
  return below * STAGE_AREA_RATIO <= largest ? largest * STAGE_GROUP_RATIO : Number.POSITIVE_INFINITY;
}

/** When the sender last spoke, for sorting. All current speakers are equal, so that measured times do not shuffle them. */
export function spokeAtMs({
  speaking,
  lastSpokeAtMs,
}: Pick<VideoState, 'speaking' | 'lastSpokeAtMs'>): number {
  return speaking ? Number.POSITIVE_INFINITY : (lastSpokeAtMs ?? Number.NEGATIVE_INFINITY);
}

/** Compares by code unit: the same on every machine. */
export function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type Candidate = Pick<RankedTile, 'tile' | 'video'>;

function byRecency(a: Candidate, b: Candidate): number {
  const [atA, atB] = [spokeAtMs(a.video), spokeAtMs(b.video)];
  if (atA !== atB) {
    return atA > atB ? -1 : 1;
  }
  return areaOf(b.tile) - areaOf(a.tile) || compareIds(a.video.producerId, b.video.producerId);
}

/**
 * A receiver's tiles in order of service: screen share, pinned, stage, recent speakers, the rest; the most recent speaker first within
 * each. Omits tiles without area, and video that is paused, gone, in another room or the receiver's own.
 */
export function rank(receiver: ReceiverState, videos: ReadonlyMap<string, VideoState>): RankedTile[] {
  const candidates: Candidate[] = [];
  for (const tile of receiver.tiles) {
    const video = videos.get(tile.producerId);
    if (!video || video.paused || video.points.length === 0 || !(areaOf(tile) > 0)) {
      continue;
    }
    if (video.roomId !== receiver.roomId || video.peerId === receiver.peerId) {
      continue;
    }
    candidates.push({ tile, video });
  }
  candidates.sort(byRecency);
  const fromArea = stageArea(candidates);
  const total = candidates.reduce((sum, { tile }) => sum + areaOf(tile), 0);
  let speakers = 0;
  const ranked = candidates.map(({ tile, video }): RankedTile => {
    const spoke = spokeAtMs(video) > Number.NEGATIVE_INFINITY;
    let weight = areaOf(tile) / total;
    let tileClass: TileClass = 'other';
    if (video.source === 'screen') {
      tileClass = 'screen';
    } else if (tile.pinned) {
      tileClass = 'pinned';
    } else if (areaOf(tile) >= fromArea) {
      tileClass = 'stage';
    } else if (spoke && speakers < LAST_SPEAKERS) {
      if (speakers++ === 0) {
        weight *= LAST_SPEAKER_WEIGHT;
      }
      tileClass = 'speaker';
    }
    return { tile, video, class: tileClass, rank: 0, weight };
  });
  // Sorting is stable, so recency is preserved within a class.
  ranked.sort((a, b) => PLACE[a.class] - PLACE[b.class]);
  for (const [index, each] of ranked.entries()) {
    each.rank = index;
  }
  return ranked;
}
