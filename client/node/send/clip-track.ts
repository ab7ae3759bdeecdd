import type { Clip, ClipCodec } from '../clip/index.ts';
import { MediaTrack } from '../media-track.ts';
import type { OutboundStream } from './outbound-stream.ts';

export interface ClipTrackOptions {
  /**
   * One clip, or of simulcast one for each encoding, lowest first; all of one codec. An encoding without a clip sends nothing, like
   * a browser whose camera is too small for it.
   */
  clips: readonly [Clip, ...Clip[]];
  /** Where in the clip to start, in seconds, so that many tracks of a clip differ. Default 0. */
  startSeconds?: number;
  /** When the clip began, on wallClockMs(): tracks with the same time play together, whenever they start. Overrides `startSeconds`. */
  beganAtMs?: number;
}

/** A track that replays clips in a loop: the load peer's camera or microphone. */
export class ClipTrack extends MediaTrack {
  readonly clips: readonly [Clip, ...Clip[]];
  readonly startSeconds: number;
  readonly beganAtMs: number | undefined;
  /** The streams that carry it, lowest encoding first, while it is being sent: where to read what was sent. */
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
