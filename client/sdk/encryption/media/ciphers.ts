import type { FrameEncryption } from '../frame-encryption.ts';
import type { CipherOptions } from './cipher-messages.ts';
import type { FrameCounts } from './frame-cipher.ts';

export interface CipherEvents {
  /** Frames of a receiver were lost, and those that follow can be decrypted again. */
  gap(trackId: number): void;
  /** A sender or receiver has ended. */
  ended(trackId: number): void;
}

/** Where frames are encrypted and decrypted. */
export interface Ciphers extends FrameEncryption {
  /** Attaches a transform to a sender or receiver that has none yet. */
  attach(end: RTCRtpSender | RTCRtpReceiver, options: CipherOptions): void;
  /** What happened to frames, by the id of tracks that are still there. */
  counts(): Promise<ReadonlyMap<number, FrameCounts>>;
}
