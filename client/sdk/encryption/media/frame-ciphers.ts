import type { EpochKeys } from '../../../../contract/sframe/index.ts';
import type { FrameTransform } from '../../frame-transforms.ts';
import type { CipherOptions } from './cipher-messages.ts';
import { type FrameCounts, FrameOpener, FrameSealer } from './frame-cipher.ts';
import { mediaKeys } from './media-keys.ts';

/** All senders and receivers of a room that share its keys, in the worker or, outside browsers, in the program itself. */
export class FrameCiphers {
  readonly #ring = mediaKeys();
  readonly #ciphers = new Map<number, FrameSealer | FrameOpener>();
  readonly #onGap: (trackId: number) => void;

  /** @param onGap see FrameOpener */
  constructor(onGap: (trackId: number) => void) {
    this.#onGap = onGap;
  }

  setEpoch(keys: EpochKeys): void {
    this.#ring.setEpoch(keys);
  }

  /** Begins a track. */
  start({ trackId, side, memberId, ...origin }: CipherOptions): FrameTransform {
    if (side === 'send') {
      const sealer = new FrameSealer(this.#ring, origin);
      this.#ciphers.set(trackId, sealer);
      return (frame) => sealer.seal(frame);
    }
    const opener = new FrameOpener(this.#ring, origin, memberId, () => this.#onGap(trackId));
    this.#ciphers.set(trackId, opener);
    return (frame) => opener.open(frame);
  }

  /** Ends a track. */
  stop(trackId: number): void {
    this.#ciphers.delete(trackId);
  }

  /** What happened to frames, by track. */
  get counts(): Map<number, FrameCounts> {
    return new Map([...this.#ciphers].map(([trackId, { counts }]) => [trackId, structuredClone(counts)]));
  }

  /** Forgets all keys. */
  close(): void {
    this.#ring.close();
  }
}
