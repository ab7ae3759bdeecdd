import { randomInt } from 'node:crypto';
import type { types } from 'mediasoup-client';
import { type LinkCounters, MediaLink, type MediaLinkOptions, type RemoteMedia } from './media-link.ts';
import { type InboundStream, RtpReceiver } from './receive/index.ts';
import { isRtcp, parseRtcp } from './rtp/index.ts';
import { type ClipTrack, Pacer, RtpSender } from './send/index.ts';
import { STAMP_BYTES, writeStamp } from './send-stamp.ts';

const REPORT_INTERVAL_MS = 1000;

export interface MediaEndpointOptions extends MediaLinkOptions {
  /** Whether it also receives. */
  receives: boolean;
  /** See NodeHandlerOptions. */
  steadyArrivals: boolean;
  /** See NodeHandlerOptions. Default false. */
  stampsPackets?: boolean;
}

/** A link with its senders and receiver: the media of one transport, whatever arranged it (mediasoup-client, or the SDP of another server). */
export class MediaEndpoint {
  readonly receiver: RtpReceiver | undefined;
  readonly #link: MediaLink;
  readonly #pacer: Pacer;
  readonly #senders = new Set<RtpSender>();
  readonly #reportTimer: NodeJS.Timeout;
  readonly #stampsPackets: boolean;
  readonly #onState: (state: types.ConnectionState) => void;
  #connected = false;
  #closed = false;
  #transportSequence = randomInt(0x8000);

  constructor(options: MediaEndpointOptions, onState: (state: types.ConnectionState) => void) {
    this.#onState = onState;
    this.#stampsPackets = options.stampsPackets ?? false;
    this.#link = new MediaLink(options, {
      onRtp: (packet) => this.receiver?.handleRtp(packet),
      onRtcp: (packet) => this.#handleRtcp(packet),
      onState: (state) => this.#changeState(state),
    });
    this.#pacer = new Pacer((packet) => this.#sendMedia(packet));
    if (options.receives) {
      this.receiver = new RtpReceiver((packet) => this.#link.send(packet), options.steadyArrivals);
    }
    this.#reportTimer = setInterval(() => {
      for (const sender of this.#senders) {
        sender.report();
      }
    }, REPORT_INTERVAL_MS);
  }

  get counters(): LinkCounters {
    return this.#link.counters;
  }

  get iceParameters(): types.IceParameters {
    return this.#link.iceParameters;
  }

  get dtlsParameters(): types.DtlsParameters {
    return this.#link.dtlsParameters;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Starts ICE and DTLS with an ICE-lite server. */
  connect(remote: RemoteMedia): void {
    this.#link.connect(remote);
  }

  /** Sends a track, as soon as the link is up. */
  send(
    track: ClipTrack,
    rtpParameters: types.RtpParameters,
    ssrcs: ReadonlyArray<{ ssrc: number; rtxSsrc?: number }>,
  ): RtpSender {
    const sender = new RtpSender({
      rtpParameters,
      ssrcs,
      // Audio and reports must not queue behind video.
      send: (packet) => {
        if (isRtcp(packet)) {
          return this.#link.send(packet);
        }
        return track.kind === 'video' ? this.#pacer.send(packet) : this.#sendMedia(packet);
      },
      nextTransportSequence: () => this.#transportSequence++,
      ...(this.#stampsPackets && { trailerBytes: STAMP_BYTES }),
    });
    this.#senders.add(sender);
    sender.setConnected(this.#connected);
    sender.replaceTrack(track);
    return sender;
  }

  stopSending(sender: RtpSender): void {
    sender.close();
    this.#senders.delete(sender);
  }

  /** @throws {TypeError} - it does not receive */
  receive(kind: types.MediaKind, rtpParameters: types.RtpParameters): InboundStream {
    if (!this.receiver) {
      throw new TypeError('this transport can only send');
    }
    return this.receiver.add(kind, rtpParameters);
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    clearInterval(this.#reportTimer);
    for (const sender of this.#senders) {
      sender.close();
    }
    this.receiver?.close();
    this.#pacer.close();
    this.#link.close();
  }

  #sendMedia(packet: Buffer): boolean {
    if (this.#stampsPackets) {
      writeStamp(packet);
    }
    return this.#link.send(packet);
  }

  #handleRtcp(packet: Buffer): void {
    for (const item of parseRtcp(packet)) {
      this.receiver?.handleRtcp(item);
      for (const sender of this.#senders) {
        sender.handleRtcp(item);
      }
    }
  }

  #changeState(state: types.ConnectionState): void {
    this.#connected = state === 'connected';
    for (const sender of this.#senders) {
      sender.setConnected(this.#connected);
    }
    this.#onState(state);
  }
}
