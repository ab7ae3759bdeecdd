/** The seam between a room's MLS group, which makes the keys, and the encryption of media, which uses them. */
import type { EpochKeys } from '../../../contract/sframe/index.ts';

/** What encrypts and decrypts a room's media, from the point of view of its group. */
export interface FrameEncryption {
  /**
   * A new epoch, of the same group or another: senders switch to it at once; receivers go on accepting the epoch before it for 5 s. Must
   * be called in the order of a group's epochs: one that is not later than those of its group so far changes no keys, as counters must not
   * start again. The current one again, without some of its members: their frames are dropped from now on.
   */
  setEpoch(keys: EpochKeys): void;
  /** Forgets all keys. Nothing is sent or decrypted any more. */
  close(): void;
}
