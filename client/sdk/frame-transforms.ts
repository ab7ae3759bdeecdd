import type { MediaSource } from '../../contract/index.ts';
import type { VideoCodec } from './profiles.ts';

/** What a sender or receiver carries. */
export interface TransformedMedia {
  source: MediaSource;
  kind: 'audio' | 'video';
  /** The codec in lower case, such as `vp9`. */
  codec: string;
  /** The sending participant; undefined for a bridge's own publication. */
  participantId: string | undefined;
}

/** What a receiver carries. */
export interface ReceivedMedia extends TransformedMedia {
  /** In encrypted rooms, the device that sends, according to the server. */
  deviceId: string | undefined;
  /** Asks the sender for a key frame. Never throws. */
  requestKeyFrame(): void;
}

/**
 * Hooks that attach transforms of encoded frames, e.g. for end-to-end encryption, with `RTCRtpScriptTransform` or Chromium's
 * `createEncodedStreams()`; in Node, with `transformFrames()`. They are called once for each sender and receiver, including those created
 * after a re-homing or a broken transport, and must attach the transform synchronously.
 */
export interface FrameTransforms {
  /** Called before a sender's first frame. If it throws, nothing is sent, and the publication ends with that error. */
  sender?(sender: RTCRtpSender, media: TransformedMedia): void;
  /** Called before a receiver's first frame. If it throws, the track is not received, and the room emits that error. */
  receiver?(receiver: RTCRtpReceiver, media: ReceivedMedia): void;
  /** The codecs whose frames it can transform, in lower case; publishing in another fails with CODEC_UNSUPPORTED. Default: all. */
  codecs?: readonly string[];
  /** The codec for video whose publisher chose none, where the device and the room have it. Default `vp8`. */
  videoCodec?: VideoCodec;
  /** Required for `createEncodedStreams()`; leave it out for `RTCRtpScriptTransform`. Default false. */
  encodedInsertableStreams?: boolean;
}

/** Changes a frame; undefined drops it. */
export type FrameTransform = (frame: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer> | undefined>;

/** What senders and receivers of the Node client have in place of `transform`. */
export interface FrameTransformable {
  /** @param ended called when no frames will follow */
  transformFrames(transform: FrameTransform, ended: () => void): void;
}
