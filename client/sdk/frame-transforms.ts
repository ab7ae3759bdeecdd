import type { MediaSource } from '../../contract/index.ts';

/** What a sender or receiver carries. */
export interface TransformedMedia {
  source: MediaSource;
  kind: 'audio' | 'video';
  /** Who sends it; undefined for a bridge's own publication. */
  participantId: string | undefined;
}

/**
 * Hooks that attach a transform of encoded frames, e.g. for end-to-end encryption: by `RTCRtpScriptTransform`, or by Chromium's
 * `createEncodedStreams()`. They are called once for each sender and receiver, and again for the new ones after a re-homing or a broken
 * transport. They must attach the transform before they return. Browsers only: the WebRTC for Node transforms no frames.
 */
export interface FrameTransforms {
  /** Called before a sender's first frame. If it throws, nothing is sent, and the publication ends with that error. */
  sender?(sender: RTCRtpSender, media: TransformedMedia): void;
  /** Called before a receiver's first frame. If it throws, the track is not received, and the room emits that error. */
  receiver?(receiver: RTCRtpReceiver, media: TransformedMedia): void;
  /** Needed for `createEncodedStreams()`; leave it out for `RTCRtpScriptTransform`. Default false. */
  encodedInsertableStreams?: boolean;
}
