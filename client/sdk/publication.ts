import type { types } from 'mediasoup-client';
import type { MediaSource } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import type { Connection } from './connection.ts';
import { codecName, type MediaSession } from './media-session.ts';
import { chooseCodec, profileOf, sentCodec, type VideoCodec } from './profiles.ts';
import { type AfterFailure, afterFailure, Reconciler } from './reconciler.ts';
import { applyWantedLayers } from './wanted-layers.ts';

export interface PublishOptions {
  /** Default: `microphone` for audio, `camera` for video. */
  source?: MediaSource;
  /** Video codec. Default `vp8`, in encrypted rooms `vp9`, instead of which Firefox sends `vp8`. */
  codec?: VideoCodec;
  /** Sends several layers, so that each receiver gets a suitable one. Default true for cameras, false for screens. */
  simulcast?: boolean;
  /** Starts muted. Default false. */
  muted?: boolean;
  /** For bridges: the hosted participant that it belongs to. */
  participantId?: string;
}

/** What a publication needs from its room. */
export interface PublicationHost {
  readonly connection: Connection;
  /** The media at the room's current home; undefined while the room moves. */
  media(): MediaSession | undefined;
  /** This client's participant id, once known. */
  participantId(): string | undefined;
  /** Which spatial layers of a producer anyone wants, lowest first; undefined until the server has said. */
  wantedLayers(producerId: string): readonly boolean[] | undefined;
  /** Unwanted layers could not be suspended. */
  suspendFailed(error: CanopyError): void;
  /** The publication ended, because of `error` unless it was unpublished. */
  ended(publication: Publication, error?: CanopyError): void;
}

/**
 * A track that is published to a room. This object keeps the wanted state (track, muted, published) and re-applies it at every new home of
 * the room. It never stops the track itself.
 */
export class Publication {
  readonly source: MediaSource;
  readonly kind: 'audio' | 'video';
  readonly #host: PublicationHost;
  readonly #options: PublishOptions;
  #track: MediaStreamTrack;
  #muted: boolean;
  #closed = false;
  #producer: types.Producer | undefined;
  /** The muted state at the server. */
  #sentMuted = false;
  /** The encodings that the producer was created with. */
  #encodings: types.RtpEncodingParameters[] = [];
  /** It has been published once, so temporary failures are retried from now on. */
  #established = false;
  readonly #reconciler = new Reconciler({
    pass: () => this.#pass(),
    onFailure: (error) => this.#afterFailure(error),
    // Callers of mute() must not wait for a busy server: sending has already stopped locally.
    retriesInBackground: true,
  });
  readonly #trackEnded = (): void => this.#fail(new CanopyError('MEDIA_ENDED'));

  constructor(host: PublicationHost, track: MediaStreamTrack, options: PublishOptions) {
    this.#host = host;
    this.#track = track;
    track.addEventListener('ended', this.#trackEnded);
    this.#options = options;
    this.kind = track.kind === 'audio' ? 'audio' : 'video';
    this.source = options.source ?? (this.kind === 'audio' ? 'microphone' : 'camera');
    this.#muted = options.muted ?? false;
    // For text, sharpness matters more than smooth motion.
    if (this.source === 'screen' && track.contentHint === '') {
      track.contentHint = 'detail';
    }
  }

  get track(): MediaStreamTrack {
    return this.#track;
  }

  get muted(): boolean {
    return this.#muted;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The producer's id at the room's current home; undefined while there is none. */
  get producerId(): string | undefined {
    return this.#producer?.closed === false ? this.#producer.id : undefined;
  }

  /** Stops sending and keeps the track. Others see it as muted. */
  async mute(): Promise<void> {
    this.#muted = true;
    await this.sync();
  }

  async unmute(): Promise<void> {
    this.#muted = false;
    await this.sync();
  }

  /** Replaces the track with another of the same kind. @throws {TypeError} the track is of the other kind */
  async replaceTrack(track: MediaStreamTrack): Promise<void> {
    if (track.kind !== this.kind) {
      throw new TypeError(`the track must be ${this.kind}`);
    }
    if (this.#closed) {
      return;
    }
    this.#track.removeEventListener('ended', this.#trackEnded);
    this.#track = track;
    track.addEventListener('ended', this.#trackEnded);
    await this.sync();
  }

  /** Ends the publication. The caller must stop the track. */
  async unpublish(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#end();
    await this.sync();
  }

  /** The sender's WebRTC statistics; undefined while there is no sender. */
  async getStats(): Promise<RTCStatsReport | undefined> {
    return this.#producer?.closed === false ? this.#producer.getStats() : undefined;
  }

  /** Drops a producer that the server no longer has. */
  detach(): void {
    this.#producer?.close();
    this.#producer = undefined;
  }

  /** Applies the wanted state to the producer. If that is impossible, the publication ends and the promise rejects. */
  sync(): Promise<void> {
    return this.#reconciler.run();
  }

  /** Stops retrying, since the room is closed. */
  close(): void {
    this.#reconciler.stop();
  }

  async #pass(): Promise<void> {
    const media = this.#host.media();
    if (!media) {
      return;
    }
    try {
      if (this.#closed) {
        await this.#close();
      } else {
        await this.#syncOnce(media);
      }
    } catch (cause) {
      // Failures of the old home do not matter: the new one starts over. Nor do failures after the end.
      if (media.closed || media !== this.#host.media() || this.#closed) {
        return;
      }
      throw toCanopyError(cause);
    }
  }

  #afterFailure(error: CanopyError): AfterFailure {
    // It stays muted until a moderator allows it again.
    if (error.code === 'STOPPED_BY_MODERATOR') {
      return 'fail';
    }
    const next = afterFailure(error);
    if (next === 'wait' || (next === 'retry' && this.#established)) {
      return next;
    }
    this.detach();
    this.#end(error);
    return 'fail';
  }

  #end(error?: CanopyError): void {
    this.#closed = true;
    this.#track.removeEventListener('ended', this.#trackEnded);
    this.#host.ended(this, error);
  }

  /** Ends with an error, at the server too. */
  #fail(error: CanopyError): void {
    if (this.#closed) {
      return;
    }
    this.#end(error);
    this.#reconciler.poke();
  }

  async #syncOnce(media: MediaSession): Promise<void> {
    if (!this.#producer || this.#producer.closed) {
      this.#producer = await this.#produce(media);
    }
    const producer = this.#producer;
    if (producer.track !== this.#track) {
      await producer.replaceTrack({ track: this.#liveTrack() });
    }
    const muted = this.#muted;
    if (muted !== producer.paused) {
      if (muted) {
        producer.pause();
      } else {
        producer.resume();
      }
    }
    if (muted !== this.#sentMuted) {
      const request = muted ? 'producer.pause' : 'producer.resume';
      try {
        await this.#host.connection.request(request, { producerId: producer.id });
      } catch (error) {
        if (CanopyError.from(error).code === 'STOPPED_BY_MODERATOR') {
          this.#muted = true;
          producer.pause();
        }
        throw error;
      }
      this.#sentMuted = muted;
    }
    this.#established = true;
    await this.#suspendUnwanted(producer);
  }

  /** Suspends layers that nobody wants. No signalling is needed, since nobody receives them. */
  async #suspendUnwanted(producer: types.Producer): Promise<void> {
    const { rtpSender } = producer;
    if (this.kind !== 'video' || !rtpSender) {
      return;
    }
    try {
      await applyWantedLayers(rtpSender, this.#encodings, this.#host.wantedLayers(producer.id) ?? []);
    } catch (error) {
      // Sending unwanted layers wastes bandwidth, but is not a failure.
      if (!producer.closed) {
        this.#host.suspendFailed(CanopyError.from(error));
      }
    }
  }

  /** The track, unless it has ended: `stop()` fires no event. */
  #liveTrack(): MediaStreamTrack {
    if (this.#track.readyState === 'ended') {
      throw new CanopyError('MEDIA_ENDED');
    }
    return this.#track;
  }

  async #produce(media: MediaSession): Promise<types.Producer> {
    const { simulcast, participantId } = this.#options;
    const { kind, source } = this;
    const firefox = media.device.handlerName.startsWith('Firefox');
    const codec = sentCodec(this.#options.codec ?? media.videoCodec, firefox);
    const chosen = chooseCodec(media.device.sendRtpCapabilities, kind, codec);
    media.requireTransformable(chosen);
    const { width, height } = this.#track.getSettings?.() ?? {};
    const motion = this.#track.contentHint === 'motion';
    const profile = profileOf({ kind, source, codec, simulcast, motion, width, height, firefox });
    const transport = await media.transport('send');
    const muted = this.#muted;
    let transformFailed = false;
    const producing = transport.produce({
      track: this.#liveTrack(),
      ...(profile.encodings && { encodings: profile.encodings }),
      codecOptions: profile.codecOptions,
      codec: chosen,
      stopTracks: false,
      // A muted camera sends nothing at all; a muted microphone sends silence, so that unmuting is immediate.
      zeroRtpOnPause: kind === 'video',
      onRtpSender: (sender) => {
        transformFailed = true;
        media.transformSender(sender, {
          source,
          kind,
          codec: codecName(chosen.mimeType),
          participantId: participantId ?? this.#host.participantId(),
        });
        transformFailed = false;
      },
      appData: { source, paused: muted, ...(participantId && { participantId }) },
    });
    const producer = await producing.catch((cause: unknown) => {
      // If the transport broke in the meantime, this is retried on its replacement.
      throw transport.closed && !transformFailed
        ? new CanopyError('CONNECTION_LOST', undefined, { cause })
        : cause;
    });
    this.#sentMuted = muted;
    this.#encodings = profile.encodings ?? [];
    // With a disabled track the paused producer would keep sending black frames; pause() stops them.
    if (muted) {
      producer.pause();
    }
    return producer;
  }

  async #close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    if (!producer || producer.closed) {
      return;
    }
    producer.close();
    await this.#host.connection.request('producer.close', { producerId: producer.id });
  }
}

function toCanopyError(error: unknown): CanopyError {
  if (error instanceof Error && error.name === 'UnsupportedError') {
    return new CanopyError('CODEC_UNSUPPORTED', error.message, { cause: error });
  }
  return CanopyError.from(error);
}
