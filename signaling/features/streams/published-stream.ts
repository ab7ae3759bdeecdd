import type { MediaSource } from '../../../contract/index.ts';
import type { SentMedia } from './sdp/index.ts';
import { StreamSession } from './stream-session.ts';

const SOURCES = { audio: 'microphone', video: 'camera' } as const;

/** A program that sends into a room (WHIP). */
export class PublishedStream extends StreamSession {
  /** Whether newcomers enter this room muted. */
  #entersMuted = false;

  /** Starts what the offer sends: at most one audio and one video. @throws {CanopyError} MEDIA_REJECTED, CODEC_UNSUPPORTED, FORBIDDEN, LIMIT_REACHED */
  async produce(sent: readonly SentMedia[]): Promise<void> {
    for (const { section, rtpParameters } of sent) {
      const kind = section.type === 'audio' ? 'audio' : 'video';
      await this.media.produce({
        transportId: this.transportId,
        kind,
        source: SOURCES[kind],
        rtpParameters,
        paused: kind === 'audio' && this.#entersMuted,
      });
    }
  }

  protected override handlers(): ReturnType<StreamSession['handlers']> {
    return {
      // It has nobody who could refuse, nor a button to start again.
      'participant.asked': ({ source }) => setImmediate(() => void this.#resume(source)),
      'participant.restrained': ({ participantId, muted }) => {
        if (participantId === this.peer.participantId) {
          this.#entersMuted = muted;
        }
      },
    };
  }

  async #resume(source: MediaSource): Promise<void> {
    if (this.ended) {
      return;
    }
    const producers = this.room.producersOf(this.peer.participantId ?? '', source);
    // One that fails has closed, or was stopped again.
    await Promise.allSettled(producers.map(({ producerId }) => this.media.resumeProducer(producerId)));
  }
}
