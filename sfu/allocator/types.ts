/** What the allocator decides from, and what it decides: plain data of pictures only (audio is selected apart). */

export type PictureSource = 'camera' | 'screen';

/** One way to receive a picture: all layers up to these. Bit rates are those of a receiver, so with SVC the lower spatial layers count in. */
export interface OperatingPoint {
  spatialLayer: number;
  temporalLayer: number;
  /** On the wire, all headers included, in bits per second: measured while it is sent, else expected. */
  bitrateBps: number;
  /** Packets per second that its receiver gets. */
  packetsPerSecond: number;
  /** Lines of the picture, in pixels; 0: not known. */
  heightPx: number;
  framesPerSecond: number;
  /** Whether its sender sends it at present. One that it does not send can be asked for. */
  sent: boolean;
}

/** A picture that somebody sends. */
export interface PictureState {
  producerId: string;
  roomId: string;
  /** Its sender. */
  peerId: string;
  source: PictureSource;
  /** Paused by its sender: nobody can receive it. */
  paused: boolean;
  /** Whether the lower spatial layers are sent in one stream with the higher ones (SVC), or each apart (simulcast). */
  svc: boolean;
  /** Every operating point, spatial layer by spatial layer, lowest first. At least one. */
  points: OperatingPoint[];
  /** Spatial layers that the sender was asked for and does not send, so nobody is given them. Never the lowest. */
  missing: readonly number[];
  /** When its sender last spoke, on the clock of `nowMs`; null: not yet. */
  lastSpokeAtMs: number | null;
  speaking: boolean;
}

/**
 * What a tile is to its receiver, most important first. `stage`: clearly larger than the rest. `speaker`: one of the last few who spoke.
 */
export type TileClass = 'screen' | 'pinned' | 'stage' | 'speaker' | 'other';

/** A picture on a receiver's screen. */
export interface TileState {
  producerId: string;
  /** Size on the screen, in device pixels. */
  width: number;
  height: number;
  /** Chosen by the person at the receiver. */
  pinned: boolean;
  /** What was decided last, and when that was changed; null: nothing yet, or paused. */
  decided: { spatialLayer: number; temporalLayer: number } | null;
  decidedAtMs: number | null;
  /** The class of the last decision, fed back, so that a tile that rose needs not wait for a better picture; absent: as if it were unchanged. */
  decidedClass?: TileClass | null;
  /** Its area in the last decision, in device pixels, fed back to the same end. */
  decidedAreaPx?: number | null;
}

export interface ReceiverState {
  roomId: string;
  peerId: string;
  /** What it may be sent in all, audio included, in bits per second. */
  budgetBps: number;
  /**
   * What its bandwidth estimation says that it can take, in bits per second; null: there is none (yet). Video only: audio is sent without
   * feedback, so that the estimation never counts it.
   */
  estimateBps: number | null;
  /** What its audio takes, in bits per second. */
  audioBps: number;
  /** What it shows; every other picture is off its screen. */
  tiles: TileState[];
}

export interface AllocatorInput {
  /** A monotonic clock, in milliseconds. */
  nowMs: number;
  /** What the node may send in all, over all rooms, audio included, in bits per second; null: not guarded. */
  linkBps: number | null;
  /** How much must be saved for want of CPU: 0 nothing, 1 frame rate, 2 resolution too, 3 the number of pictures too. */
  stressLevel: 0 | 1 | 2 | 3;
  pictures: PictureState[];
  receivers: ReceiverState[];
}

/**
 * Why a tile is not better than it is. `full`: it is as good as its size can use at a fair price, or as good as its sender has. `budget`:
 * the receiver's own budget. `estimate`: the receiver's network. `link`: the node's link. `stress`: the node's CPU. `paused`: by its
 * sender. `steady`: a better layer waits until it is sure to last. `sender`: the sender was asked for a better layer and does not send it
 * (a narrow uplink, a busy machine).
 */
export type Reason = 'full' | 'budget' | 'estimate' | 'link' | 'stress' | 'paused' | 'steady' | 'sender';

export interface TileDecision {
  producerId: string;
  /** The most to forward; null: nothing. */
  layers: { spatialLayer: number; temporalLayer: number } | null;
  /** What that takes, in bits per second. */
  bitrateBps: number;
  /** Of the consumer, 1 to 255: what the bandwidth estimation serves first. */
  priority: number;
  class: TileClass;
  reason: Reason;
  /** The missing spatial layers the tile would use if `reason` is `sender`; else empty. */
  awaits: readonly number[];
}

export interface ReceiverDecision {
  roomId: string;
  peerId: string;
  tiles: TileDecision[];
  /** Ceiling for the transport's bandwidth estimation, in bits per second. */
  maxOutgoingBps: number;
  /** The sum of its tiles, in bits per second. */
  videoBps: number;
}

export interface PictureDecision {
  producerId: string;
  /** Whether anybody wants each spatial layer, lowest first. None: nobody watches. */
  spatialLayers: boolean[];
  /** Missing spatial layers that somebody would use: to be asked for again from time to time. */
  awaited: number[];
}

export interface AllocatorDecision {
  receivers: ReceiverDecision[];
  pictures: PictureDecision[];
  /** What the node sends by these decisions, audio included, in bits per second. */
  egressBps: number;
}
