import type { MediaSource } from '../../contract/index.ts';

/** What a sender or receiver carries. */
export interface TransformedMedia {
  source: MediaSource;
  kind: 'audio' | 'video';
  /** The sending participant; undefined for a bridge's own publication. */
  participantId: string | undefined;
}

/**
 * Hooks that attach transforms of encoded frames, e.g. for end-to-end encryption, with `RTCRtpScriptTransform` or Chromium's
 * `createEncodedStreams()`. They are called once for each sender and receiver, including those created after a re-homing or a broken
 * transport, and must attach the transform synchronously. Browsers only: the Node client does not support frame transforms.
 */
export interface FrameTransforms {
  /** Called before a sender's first frame. If it throws, nothing is sent, and the publication ends with that error. */
  sender?(sender: RTCRtpSender, media: TransformedMedia): void;
  /** Called before a receiver's first frame. If it throws, the track is not received, and the room emits that error. */
  receiver?(receiver: RTCRtpReceiver, media: TransformedMedia): void;
  /** Required for `createEncodedStreams()`; leave it out for `RTCRtpScriptTransform`. Default false. */
  encodedInsertableStreams?: boolean;
}
