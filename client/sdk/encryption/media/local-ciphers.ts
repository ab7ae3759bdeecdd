import { CanopyError } from '../../../../contract/light.ts';
import type { EpochKeys } from '../../../../contract/sframe/index.ts';
import type { FrameTransformable } from '../../frame-transforms.ts';
import type { CipherOptions } from './cipher-messages.ts';
import type { CipherEvents, Ciphers } from './ciphers.ts';
import type { FrameCounts } from './frame-cipher.ts';
import { FrameCiphers } from './frame-ciphers.ts';

/** Outside browsers: frames are transformed in the program itself, by a WebRTC implementation that lets it (FrameTransformable). */
export class LocalCiphers implements Ciphers {
  readonly #ciphers: FrameCiphers;
  readonly #events: CipherEvents;

  constructor(events: CipherEvents) {
    this.#events = events;
    this.#ciphers = new FrameCiphers((trackId) => events.gap(trackId));
  }

  setEpoch(keys: EpochKeys): void {
    this.#ciphers.setEpoch(keys);
  }

  attach(end: RTCRtpSender | RTCRtpReceiver, options: CipherOptions): void {
    if (!('transformFrames' in end)) {
      throw new CanopyError('UNSUPPORTED_PLATFORM', 'this WebRTC implementation cannot transform frames');
    }
    const { trackId } = options;
    (end as FrameTransformable).transformFrames(this.#ciphers.start(options), () => {
      this.#ciphers.stop(trackId);
      this.#events.ended(trackId);
    });
  }

  async counts(): Promise<ReadonlyMap<number, FrameCounts>> {
    return this.#ciphers.counts;
  }

  close(): void {
    this.#ciphers.close();
  }
}
