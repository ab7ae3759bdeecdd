import { BitrateDistributor, type TileAllocation } from './bitrate-distributor.ts';
import { LinkLimit, ReceiverLimits } from './limits.ts';
import { ceilingOf, type Ladder, ladderOf, nextSteps, pointAt } from './points.ts';
import { compareIds, isSmall, type RankedTile, rank } from './ranking.ts';
import type {
  AllocatorDecision,
  AllocatorInput,
  Reason,
  ReceiverDecision,
  ReceiverState,
  TileClass,
  TileDecision,
  TileState,
} from './types.ts';
import { wantedLayers } from './wanted-layers.ts';

/** Small tiles that remain at stress level 3, besides shared screens, pinned tiles and the stage. */
const STRESSED_LAST_N = 4;
/**
 * Consumer priorities. mediasoup first serves every consumer's lowest layer in order of priority, then upgrades in rounds, each consumer by
 * as many layers as its priority: large tiles come first, and many small ones share evenly.
 */
const PRIORITIES: Record<TileClass, number> = { screen: 255, pinned: 150, stage: 100, speaker: 3, other: 1 };

interface Receiver {
  state: ReceiverState;
  limits: ReceiverLimits;
  ranked: Map<TileState, RankedTile>;
  /** The tiles that may be served. */
  allocations: Map<TileState, TileAllocation>;
}

/**
 * Decides who receives which layers of which videos, and which layers are wanted at all. Pure; the result does not depend on the order of
 * the input.
 *
 * First, every visible video gets its lowest operating point. Then tiles are upgraded step by step: screen share, pinned, stage, then all
 * small ones. Each class is served across all rooms and receivers before the next, so that a narrow link is shared fairly.
 */
export function allocate(input: AllocatorInput): AllocatorDecision {
  const videos = new Map(input.videos.map((video) => [video.producerId, video]));
  const ladders = new Map<string, Ladder>();
  for (const video of input.videos) {
    ladders.set(video.producerId, ladderOf(video));
  }
  const audioBps = input.receivers.reduce((sum, each) => sum + (each.isLocal ? 0 : each.audioBps), 0);
  const link = new LinkLimit(input.linkBps, audioBps);

  const receivers = input.receivers.map((state): Receiver => {
    const ranked = rank(state, videos);
    return {
      state,
      limits: new ReceiverLimits(state),
      ranked: new Map(ranked.map((each) => [each.tile, each])),
      allocations: new Map(),
    };
  });
  const allocations: TileAllocation[] = [];
  for (const receiver of inOrder(receivers)) {
    addAllocations(receiver, ladders, input.stressLevel, allocations);
  }

  const distributor = new BitrateDistributor(link, input.nowMs);
  distributor.distributeLowest(allocations);
  distributor.upgradeTiles(allocations);

  const decisions = receivers.map(decisionOf);
  return {
    receivers: decisions,
    videos: wantedLayers(input.videos, decisions),
    egressBps: decisions.reduce(
      (sum, { videoBps }, place) => sum + (receivers[place]?.state.isLocal ? 0 : videoBps),
      audioBps,
    ),
  };
}

function inOrder(receivers: readonly Receiver[]): Receiver[] {
  return [...receivers].sort(
    (a, b) => compareIds(a.state.roomId, b.state.roomId) || compareIds(a.state.peerId, b.state.peerId),
  );
}

function addAllocations(
  { state, ranked, limits, allocations }: Receiver,
  ladders: ReadonlyMap<string, Ladder>,
  stressLevel: number,
  all: TileAllocation[],
): void {
  const shared = { limits, isLocal: state.isLocal, tileCount: ranked.size, short: false };
  let small = 0;
  for (const each of ranked.values()) {
    if (isSmall(each.class) && ++small > STRESSED_LAST_N && stressLevel >= 3) {
      continue;
    }
    const ladder = ladders.get(each.video.producerId);
    if (!ladder) {
      continue;
    }
    const allocation: TileAllocation = {
      ranked: each,
      ladder,
      ceiling: ceilingOf(ladder, each.tile, each.class, stressLevel),
      receiver: shared,
      order: all.length,
      reserved: null,
      given: null,
      refused: null,
    };
    allocations.set(each.tile, allocation);
    all.push(allocation);
  }
}

function decisionOf({ state, limits, ranked, allocations }: Receiver): ReceiverDecision {
  const tiles = state.tiles.map((tile) => tileDecision(tile, ranked.get(tile), allocations.get(tile)));
  const videoBps = tiles.reduce((sum, { bitrateBps }) => sum + bitrateBps, 0);
  return {
    roomId: state.roomId,
    peerId: state.peerId,
    tiles,
    maxOutgoingBps: Math.floor(limits.maxOutgoingBps(videoBps)),
    videoBps,
  };
}

function tileDecision(
  tile: TileState,
  ranked: RankedTile | undefined,
  allocation: TileAllocation | undefined,
): TileDecision {
  const tileClass = ranked?.class ?? 'other';
  const base = {
    producerId: tile.producerId,
    class: tileClass,
    priority: PRIORITIES[tileClass],
    awaits: [],
  };
  const nothing = { ...base, layers: null, bitrateBps: 0 };
  if (!ranked) {
    return { ...nothing, reason: tile.width * tile.height > 0 ? 'paused' : 'full' };
  }
  if (!allocation) {
    return { ...nothing, reason: 'stress' };
  }
  const reason = reasonOf(allocation);
  if (!allocation.given) {
    return { ...nothing, reason };
  }
  const { spatialLayer, temporalLayer, bitrateBps } = pointAt(allocation.ladder, allocation.given);
  const awaits = reason === 'sender' ? allocation.ceiling.awaits : [];
  return { ...base, layers: { spatialLayer, temporalLayer }, bitrateBps, reason, awaits };
}

function reasonOf({ ranked, ladder, ceiling, given, refused }: TileAllocation): Reason {
  const better = !given || nextSteps(ladder, given, ceiling, ranked.tile, ranked.class).length > 0;
  if (better && refused) {
    return refused;
  }
  if (ceiling.stressed) {
    return 'stress';
  }
  return ceiling.awaits.length > 0 ? 'sender' : 'full';
}
