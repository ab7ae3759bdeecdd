import type { types } from 'mediasoup-client';
import type { MediaSource } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import type { Connection } from './connection.ts';
import type { MediaSession } from './media-session.ts';
import { chooseCodec, profileOf, sentCodec, type VideoCodec } from './profiles.ts';
import { type AfterFailure, afterFailure, Reconciler } from './reconciler.ts';
import { applyWantedLayers } from './wanted-layers.ts';

export interface PublishOptions {
  /** Default: `microphone` for audio, `camera` for video. */
  source?: MediaSource;
  /** Video codec. Default `vp8`, which Firefox also sends instead of `vp9`. */
  codec?: VideoCodec;
  /** Several layers, so that each receiver gets what suits it. Default true for cameras, false for screens. */
  simulcast?: boolean;
  /** Begins without sending. Default false. */
  muted?: boolean;
  /** For a bridge: which of its participants it belongs to. */
  participantId?: string;
}

/** What a publication needs of its room. */
export interface PublicationHost {
  readonly connection: Connection;
  /** The media of the room's present home; undefined while it moves. */
  media(): MediaSession | undefined;
  /** The own participant's id, once known. */
  participantId(): string | undefined;
  /** Which spatial layers of a producer anybody wants, lowest first; undefined while the server has not told. */
  wanted(producerId: string): readonly boolean[] | undefined;
  /** Layers that nobody wants could not be suspended. */
  wasted(error: CanopyError): void;
  /** The publication ended, by itself when there is an error. */
  ended(publication: Publication, error?: CanopyError): void;
}

/**
 * A track that is sent to a room. What the caller wants (track, muted or not, published or not) is kept here, and brought about again
 * on every new home of the room; the track itself is never stopped.
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
  /** What the server knows of it. */
  #sentMuted = false;
  /** The encodings that the producer was made with. */
  #encodings: types.RtpEncodingParameters[] = [];
  /** It was sent once, so that what fails for a while is tried again. */
  #established = false;
  readonly #reconciler = new Reconciler({
    pass: () => this.#pass(),
    onFailure: (error) => this.#afterFailure(error),
    // Whoever mutes must not wait for a server that is busy: here it is muted already.
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
    // Text must stay sharp rather than move smoothly.
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

  /** The producer's id on the room's present home; undefined while there is none. */
  get producerId(): string | undefined {
    return this.#producer?.closed === false ? this.#producer.id : undefined;
  }

  /** Stops sending; others see it as muted. The track stays. */
  async mute(): Promise<void> {
    this.#muted = true;
    await this.sync();
  }

  async unmute(): Promise<void> {
    this.#muted = false;
    await this.sync();
  }

  /** Sends another track of the same kind instead. */
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

  /** Ends it. The track goes on: stop it where it was opened. */
  async unpublish(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#end();
    await this.sync();
  }

  /** Statistics of the sender (WebRTC getStats); undefined while there is none. */
  async getStats(): Promise<RTCStatsReport | undefined> {
    return this.#producer?.closed === false ? this.#producer.getStats() : undefined;
  }

  /** Drops a producer that the server no longer has. */
  detach(): void {
    this.#producer?.close();
    this.#producer = undefined;
  }

  /** Brings the producer to the wanted state. If that is impossible, rejects with the reason; the publication has then ended. */
  sync(): Promise<void> {
    return this.#reconciler.run();
  }

  /** The room is closed: ends retries. */
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
      // On a new home everything is made again; a failure of the old one says nothing. Nor does one after the end.
      if (media.closed || media !== this.#host.media() || this.#closed) {
        return;
      }
      throw toCanopyError(cause);
    }
  }

  #afterFailure(error: CanopyError): AfterFailure {
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

  /** Ends by itself, at the server too. */
  #fail(error: CanopyError): void {
    if (this.#closed) {
      return;
    }
    this.#end(error);
    // host.ended() reports a failure.
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
      await this.#host.connection.request(request, { producerId: producer.id });
      this.#sentMuted = muted;
    }
    this.#established = true;
    await this.#suspendUnwanted(producer);
  }

  /** Sends no layers that nobody wants. Others are not told: for them the picture goes on. */
  async #suspendUnwanted(producer: types.Producer): Promise<void> {
    const { rtpSender } = producer;
    if (this.kind !== 'video' || !rtpSender) {
      return;
    }
    try {
      await applyWantedLayers(rtpSender, this.#encodings, this.#host.wanted(producer.id) ?? []);
    } catch (error) {
      // What nobody wants is sent all the same: a waste, no failure.
      if (!producer.closed) {
        this.#host.wasted(CanopyError.from(error));
      }
    }
  }

  /** A track fires no event when it is stopped. */
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
    const codec = sentCodec(this.#options.codec, firefox);
    const chosen = chooseCodec(media.device.sendRtpCapabilities, kind, codec);
    const { width, height } = this.#track.getSettings?.() ?? {};
    const motion = this.#track.contentHint === 'motion';
    const profile = profileOf({ kind, source, codec, simulcast, motion, width, height, firefox });
    const transport = await media.transport('send');
    const muted = this.#muted;
    let isTransformed = true;
    const producing = transport.produce({
      track: this.#liveTrack(),
      ...(profile.encodings && { encodings: profile.encodings }),
      codecOptions: profile.codecOptions,
      codec: chosen,
      stopTracks: false,
      // A camera that is off costs nothing; a microphone goes on in silence, so that unmuting is immediate.
      zeroRtpOnPause: kind === 'video',
      onRtpSender: (sender) => {
        isTransformed = false;
        media.transformSender(sender, {
          source,
          kind,
          participantId: participantId ?? this.#host.participantId(),
        });
        isTransformed = true;
      },
      appData: { source, paused: muted, ...(participantId && { participantId }) },
    });
    const producer = await producing.catch((cause: unknown) => {
      // It broke meanwhile: it is made anew, and then this is tried again.
      throw transport.closed && isTransformed
        ? new CanopyError('CONNECTION_LOST', undefined, { cause })
        : cause;
    });
    this.#sentMuted = muted;
    this.#encodings = profile.encodings ?? [];
    // A disabled track makes a paused producer that goes on sending black pictures; this ends that.
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
