import type { Clip, ClipCodec } from '../clip/index.ts';
import { MediaTrack } from '../media-track.ts';
import type { OutboundStream } from './outbound-stream.ts';

export interface ClipTrackOptions {
  /**
   * One clip, or for simulcast one per encoding, lowest first; all of one codec. An encoding without a clip sends nothing, like a browser
   * whose camera resolution is too low for it.
   */
  clips: readonly [Clip, ...Clip[]];
  /** Start position in the clip, in seconds, so that tracks with the same clip differ. Default 0. */
  startSeconds?: number;
  /** When the clip started, on wallClockMs(): tracks with the same value play in sync, whenever they start. Overrides `startSeconds`. */
  beganAtMs?: number;
  /** How much faster than it says the clock of the device runs, in parts per million: sound cards drift by up to about 100. Default 0. */
  driftPpm?: number;
}

/** A track that plays clips in a loop: the camera or microphone of a load peer. */
export class ClipTrack extends MediaTrack {
  readonly clips: readonly [Clip, ...Clip[]];
  readonly startSeconds: number;
  readonly beganAtMs: number | undefined;
  /** Rate of the device's clock, as a multiple of the nominal one. */
  readonly speed: number;
  /** The streams that send it, lowest encoding first: read their counters for what was sent. Empty while it is not sent. */
  streams: readonly OutboundStream[] = [];

  constructor(options: ClipTrackOptions) {
    const [first] = options.clips;
    super(first.info.codec === 'opus' ? 'audio' : 'video', 'clip');
    if (options.clips.some(({ info }) => info.codec !== first.info.codec)) {
      throw new TypeError('all clips of a track must be of one codec');
    }
    this.clips = options.clips;
    this.startSeconds = options.startSeconds ?? 0;
    this.beganAtMs = options.beganAtMs;
    this.speed = 1 + (options.driftPpm ?? 0) / 1e6;
  }

  /** The size of the highest clip, from which senders choose their encodings. */
  override getSettings(): MediaTrackSettings {
    const { width, height } = this.clips[this.clips.length - 1]?.info ?? {};
    return width !== undefined && height !== undefined ? { width, height } : {};
  }

  get codec(): ClipCodec {
    return this.clips[0].info.codec;
  }
}
