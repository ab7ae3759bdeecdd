import { allocate } from './index.ts';
import type {
  AllocatorDecision,
  AllocatorInput,
  OperatingPoint,
  ReceiverDecision,
  ReceiverState,
  TileDecision,
  TileState,
  VideoState,
} from './types.ts';

/** The SDK's VP8 camera ladder: bits per second of 180, 360 and 720 lines, each with three temporal layers. */
const CAMERA_LADDER_BPS = [150_000, 500_000, 1_200_000];
const SCREEN_LADDER_BPS = [400_000, 2_500_000];
/** Cumulative share of a layer's bitrate up to each temporal layer, and its frame rate. */
const TEMPORAL = [
  { share: 0.45, fps: 7.5 },
  { share: 0.7, fps: 15 },
  { share: 1, fps: 30 },
];

export function points(ladderBps: number[], topPx = 720): OperatingPoint[] {
  return ladderBps.flatMap((bitrateBps, spatialLayer) =>
    TEMPORAL.map(({ share, fps }, temporalLayer) => ({
      spatialLayer,
      temporalLayer,
      bitrateBps: bitrateBps * share,
      packetsPerSecond: fps + (bitrateBps * share) / 8800,
      heightPx: topPx / 2 ** (ladderBps.length - 1 - spatialLayer),
      framesPerSecond: fps,
      sent: true,
    })),
  );
}

export function camera(peerId: string, more: Partial<VideoState> = {}): VideoState {
  return {
    producerId: `${peerId}'s camera`,
    roomId: 'room',
    peerId,
    source: 'camera',
    paused: false,
    svc: false,
    points: points(CAMERA_LADDER_BPS),
    missing: [],
    lastSpokeAtMs: null,
    speaking: false,
    ...more,
  };
}

export function screen(peerId: string, more: Partial<VideoState> = {}): VideoState {
  const screenPoints = points(SCREEN_LADDER_BPS, 1080);
  return camera(peerId, {
    producerId: `${peerId}'s screen`,
    source: 'screen',
    points: screenPoints,
    ...more,
  });
}

export function tile(
  video: VideoState,
  width: number,
  height: number,
  more: Partial<TileState> = {},
): TileState {
  const { producerId } = video;
  return { producerId, width, height, pinned: false, decided: null, decidedAtMs: null, ...more };
}

export function receiver(
  peerId: string,
  tiles: TileState[],
  more: Partial<ReceiverState> = {},
): ReceiverState {
  return {
    roomId: 'room',
    peerId,
    isLocal: false,
    budgetBps: 2_000_000,
    estimateBps: null,
    audioBps: 100_000,
    tiles,
    ...more,
  };
}

export function input(
  videos: VideoState[],
  receivers: ReceiverState[],
  more: Partial<AllocatorInput> = {},
): AllocatorInput {
  return { nowMs: 1_000_000, linkBps: null, stressLevel: 0, videos, receivers, ...more };
}

/** A receiver's tiles: one stage, if any, then equal small ones. */
export interface Layout {
  stage?: [width: number, height: number];
  small: [width: number, height: number];
  count: number;
}

/** A room of cameras in which all receivers use the same layout. */
export function room(
  peers: number,
  layout: Layout,
  roomId = 'room',
): Pick<AllocatorInput, 'videos' | 'receivers'> {
  const videos = Array.from({ length: peers }, (_, index) => camera(`${roomId} ${index}`, { roomId }));
  const receivers = videos.map(({ peerId }) => {
    const others = videos.filter((video) => video.peerId !== peerId);
    const tiles = others.slice(0, layout.count + (layout.stage ? 1 : 0)).map((video, index) => {
      const [width, height] = index === 0 && layout.stage ? layout.stage : layout.small;
      return tile(video, width, height);
    });
    return receiver(peerId, tiles, { roomId });
  });
  return { videos, receivers };
}

/** Layouts of a 1080-line window. */
export const GALLERY: Layout = { small: [384, 216], count: 24 };
export const STAGE_AND_6: Layout = { stage: [1600, 900], small: [320, 180], count: 6 };
export const NINE: Layout = { small: [640, 360], count: 9 };

export const FOUR: Layout = { small: [960, 540], count: 4 };
export const TWO: Layout = { small: [960, 1080], count: 2 };

/** Decides for one receiver. */
export function decideFor(
  videos: VideoState[],
  tiles: TileState[],
  more: Partial<ReceiverState> = {},
  inputMore: Partial<AllocatorInput> = {},
): ReceiverDecision {
  const [decision] = allocate(input(videos, [receiver('me', tiles, more)], inputMore)).receivers;
  if (!decision) {
    throw new Error('nothing decided');
  }
  return decision;
}

export function tileOf(decision: ReceiverDecision, video: VideoState): TileDecision {
  const found = decision.tiles.find(({ producerId }) => producerId === video.producerId);
  if (!found) {
    throw new Error(`no tile of ${video.producerId}`);
  }
  return found;
}

/** Layers as `spatial/temporal`, or `-`. */
export function layersOf({ layers }: TileDecision): string {
  return layers ? `${layers.spatialLayer}/${layers.temporalLayer}` : '-';
}

/** The input of the next decision, with this decision fed back as a room does it. */
export function fedBack(before: AllocatorInput, decision: AllocatorDecision, nowMs: number): AllocatorInput {
  const receivers = before.receivers.map((state, index) => ({
    ...state,
    tiles: state.tiles.map((each, at): TileState => {
      const decided = decision.receivers[index]?.tiles[at];
      if (!decided) {
        return each;
      }
      const unchanged =
        each.decided?.spatialLayer === decided.layers?.spatialLayer &&
        each.decided?.temporalLayer === decided.layers?.temporalLayer;
      return {
        ...each,
        decided: decided.layers,
        decidedAtMs: unchanged ? each.decidedAtMs : before.nowMs,
        decidedClass: decided.class,
      };
    }),
  }));
  return { ...before, nowMs, receivers };
}
