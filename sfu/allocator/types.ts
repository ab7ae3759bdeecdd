/** The allocator's input and output: plain data about video only (audio is selected separately). */

export type VideoSource = 'camera' | 'screen';

/**
 * One way to receive a video: all layers up to these. Bitrates are what a receiver gets, so with SVC the lower spatial layers are included.
 */
export interface OperatingPoint {
  spatialLayer: number;
  temporalLayer: number;
  /** On the wire, all headers included, in bits per second: measured while it is being sent, otherwise expected. */
  bitrateBps: number;
  /** Packets per second that the receiver gets. */
  packetsPerSecond: number;
  /** Height in pixels; 0: unknown. */
  heightPx: number;
  framesPerSecond: number;
  /** Whether the sender is sending it. If not, it can be requested. */
  sent: boolean;
}

/** A video that somebody sends. */
export interface VideoState {
  producerId: string;
  roomId: string;
  /** The sender. */
  peerId: string;
  source: VideoSource;
  /** Paused by the sender: nobody can receive it. */
  paused: boolean;
  /** Whether all spatial layers share one stream (SVC), or each has its own (simulcast). */
  svc: boolean;
  /** All operating points, ordered by spatial, then temporal layer, lowest first. At least one. */
  points: OperatingPoint[];
  /** Spatial layers that were requested but do not arrive, so nobody is given them. Never the lowest. */
  missing: readonly number[];
  /** When the sender last spoke, on the clock of `nowMs`; null: not yet. */
  lastSpokeAtMs: number | null;
  speaking: boolean;
}

/**
 * A tile's class for its receiver, most important first. `stage`: clearly larger than the rest. `speaker`: one of the most recent speakers.
 */
export type TileClass = 'screen' | 'pinned' | 'stage' | 'speaker' | 'other';

/** A video on a receiver's screen. */
export interface TileState {
  producerId: string;
  /** Size on the screen, in device pixels. */
  width: number;
  height: number;
  /** Pinned by the person at the receiver. */
  pinned: boolean;
  /** The last decision, and when it changed; null: none yet, or paused. */
  decided: { spatialLayer: number; temporalLayer: number } | null;
  decidedAtMs: number | null;
  /** The class in the last decision, so that a tile that moved up is upgraded at once; absent: unchanged. */
  decidedClass?: TileClass | null;
  /** The area in the last decision, in device pixels, so that an enlarged tile is upgraded at once; absent: unchanged. */
  decidedAreaPx?: number | null;
}

export interface ReceiverState {
  roomId: string;
  peerId: string;
  /** Whether it is on this host, such as the recorder: then it does not use the link. */
  isLocal: boolean;
  /** Maximum bitrate it may be sent, audio included, in bits per second. */
  budgetBps: number;
  /** Its bandwidth estimate, in bits per second; null: none yet. Covers video only, since audio is sent without transport feedback. */
  estimateBps: number | null;
  /** Bitrate of its audio, in bits per second. */
  audioBps: number;
  /** What it shows. All other videos are off-screen. */
  tiles: TileState[];
}

export interface AllocatorInput {
  /** A monotonic clock, in milliseconds. */
  nowMs: number;
  /** Maximum egress bitrate of the node over all rooms, audio included, in bits per second; null: unlimited. */
  linkBps: number | null;
  /** How much CPU must be saved: 0 nothing, 1 reduce frame rate, 2 resolution too, 3 the number of videos too. */
  stressLevel: 0 | 1 | 2 | 3;
  videos: VideoState[];
  receivers: ReceiverState[];
}

/**
 * Why a tile is not better. `full`: its size cannot use more at a fair price, or the sender has no more. `budget`: the receiver's own
 * budget. `estimate`: the receiver's network. `link`: the node's link. `stress`: the node's CPU. `paused`: by its sender. `steady`: an
 * upgrade waits until it is sure to last. `sender`: a better layer was requested but does not arrive (a narrow uplink, a busy machine).
 */
export type Reason = 'full' | 'budget' | 'estimate' | 'link' | 'stress' | 'paused' | 'steady' | 'sender';

export interface TileDecision {
  producerId: string;
  /** The highest layers to forward; null: nothing. */
  layers: { spatialLayer: number; temporalLayer: number } | null;
  /** Bitrate of these layers, in bits per second. */
  bitrateBps: number;
  /** Consumer priority, 1 to 255; higher ones are served first. */
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
  /** Maximum for the transport's bandwidth estimation, in bits per second. */
  maxOutgoingBps: number;
  /** The sum of its tiles, in bits per second. */
  videoBps: number;
}

export interface VideoDecision {
  producerId: string;
  /** Whether each spatial layer is wanted by anyone, lowest first. All false: nobody is watching. */
  spatialLayers: boolean[];
  /** Missing spatial layers that somebody would use, to be requested again from time to time. */
  awaited: number[];
}

export interface AllocatorDecision {
  receivers: ReceiverDecision[];
  videos: VideoDecision[];
  /** Allocated egress bitrate of the node, audio included and local receivers left out, in bits per second. */
  egressBps: number;
}
