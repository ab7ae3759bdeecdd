import type { MediaSource } from '../../../../contract/index.ts';
import { CanopyError } from '../../../../contract/light.ts';
import { type EpochKeys, memberOf } from '../../../../contract/sframe/index.ts';
import type { FrameTransforms, ReceivedMedia, TransformedMedia } from '../../frame-transforms.ts';
import type { FrameEncryption } from '../frame-encryption.ts';
import type { CipherOptions } from './cipher-messages.ts';
import type { CipherEvents, Ciphers } from './ciphers.ts';
import type { FrameCounts } from './frame-cipher.ts';
import { ENCRYPTED_CODECS, isEncryptedCodec } from './frame-format.ts';
import { LocalCiphers } from './local-ciphers.ts';
import { WorkerCiphers } from './worker-ciphers.ts';

/** What happened to a track's frames. */
export interface EncryptedTrack extends FrameCounts {
  direction: 'send' | 'receive';
  source: MediaSource;
  /** The sending participant. */
  participantId: string | undefined;
}

/**
 * Encrypts what this client sends to a room, and decrypts what its members send, with SFrame. It fails closed: without a key nothing is sent,
 * and what cannot be decrypted is dropped and counted.
 */
export class MediaEncryption implements FrameEncryption {
  readonly #ciphers: Ciphers;
  /** What each track is, and how to ask for a key frame. */
  readonly #tracks = new Map<number, { options: CipherOptions; media: TransformedMedia | ReceivedMedia }>();
  #lastTrackId = 0;

  private constructor(open: (events: CipherEvents) => Ciphers) {
    this.#ciphers = open({
      gap: (trackId) => this.#requestKeyFrame(trackId),
      ended: (trackId) => this.#tracks.delete(trackId),
    });
  }

  /** @throws {CanopyError} UNSUPPORTED_PLATFORM - the browser does not load the worker */
  static async open(): Promise<MediaEncryption> {
    if (typeof RTCRtpScriptTransform === 'undefined') {
      return new MediaEncryption((events) => new LocalCiphers(events));
    }
    const worker = await WorkerCiphers.start();
    return new MediaEncryption((events) => new WorkerCiphers(worker, events));
  }

  /** The hooks that attach it to a room's senders and receivers. */
  readonly transforms: FrameTransforms = {
    codecs: ENCRYPTED_CODECS,
    // Nothing of its frames stays clear.
    videoCodec: 'vp9',
    sender: (sender, media) => this.#attach(sender, 'send', undefined, media),
    receiver: (receiver, media) =>
      this.#attach(receiver, 'receive', memberOf(media.participantId, media.deviceId), media),
  };

  setEpoch(keys: EpochKeys): void {
    this.#ciphers.setEpoch(keys);
  }

  /** What happened to the frames of each track so far. */
  async getTracks(): Promise<EncryptedTrack[]> {
    const counts = await this.#ciphers.counts();
    return [...this.#tracks].flatMap(([trackId, { options, media }]) => {
      const own = counts.get(trackId);
      if (!own) {
        return [];
      }
      const { side: direction, source } = options;
      return [{ ...own, direction, source, participantId: media.participantId }];
    });
  }

  close(): void {
    this.#ciphers.close();
    this.#tracks.clear();
  }

  #attach(
    end: RTCRtpSender | RTCRtpReceiver,
    side: 'send' | 'receive',
    memberId: string | undefined,
    media: TransformedMedia,
  ): void {
    const { codec, source } = media;
    if (!isEncryptedCodec(codec)) {
      throw new CanopyError('CODEC_UNSUPPORTED', `${codec} cannot be encrypted end to end`);
    }
    const trackId = ++this.#lastTrackId;
    const options = { trackId, side, memberId, codec, source };
    this.#ciphers.attach(end, options);
    this.#tracks.set(trackId, { options, media });
  }

  #requestKeyFrame(trackId: number): void {
    const media = this.#tracks.get(trackId)?.media;
    if (media?.kind === 'video' && 'requestKeyFrame' in media) {
      media.requestKeyFrame();
    }
  }
}
