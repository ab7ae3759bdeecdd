import type { types } from 'mediasoup-client';
import type { FrameTransform } from '../../sdk/index.ts';
import type { ClipCodec } from '../clip/index.ts';
import { extensionIds } from '../header-extensions.ts';
import { type RtcpItem, wallClockMs } from '../rtp/index.ts';
import { ClipPlayer, type FrameListener } from './clip-player.ts';
import type { ClipTrack } from './clip-track.ts';
import { OutboundStream } from './outbound-stream.ts';

export interface RtpSenderOptions {
  rtpParameters: types.RtpParameters;
  /** SSRCs by encoding; simulcast parameters contain only RIDs. */
  ssrcs: ReadonlyArray<{ ssrc: number; rtxSsrc?: number }>;
  send(packet: Buffer): boolean;
  nextTransportSequence(): number;
  /** See OutboundStreamOptions. */
  trailerBytes?: number;
}

/** The supported part of WebRTC's encoding parameters. */
export interface SentEncoding {
  active: boolean;
  rid?: string;
  /** Determines how many spatial layers of SVC are sent, e.g. `L2T3_KEY`. */
  scalabilityMode?: string;
}

/** Sends a track: one stream and one clip per encoding. */
export class RtpSender {
  readonly streams: readonly OutboundStream[];
  readonly #encodings: SentEncoding[];
  #players: Array<ClipPlayer | undefined> = [];
  #transform: FrameTransform | undefined;
  #transformEnded: (() => void) | undefined;
  #track: ClipTrack | null = null;
  #paused = false;
  #connected = false;
  #closed = false;

  constructor(options: RtpSenderOptions) {
    const { rtpParameters } = options;
    const [codec, rtx] = rtpParameters.codecs;
    if (!codec) {
      throw new TypeError('no codec');
    }
    const originMs = wallClockMs();
    this.streams = options.ssrcs.map(({ ssrc, rtxSsrc }, index) => {
      const { rid } = rtpParameters.encodings?.[index] ?? {};
      return new OutboundStream(
        {
          codec: codec.mimeType.slice(codec.mimeType.indexOf('/') + 1).toLowerCase() as ClipCodec,
          clockRateHz: codec.clockRate,
          payloadType: codec.payloadType,
          ssrc,
          ...(rtx && rtxSsrc !== undefined && { rtx: { ssrc: rtxSsrc, payloadType: rtx.payloadType } }),
          mid: rtpParameters.mid ?? '',
          ...(rid !== undefined && { rid }),
          cname: rtpParameters.rtcp?.cname ?? '',
          extensions: extensionIds(rtpParameters),
          send: options.send,
          nextTransportSequence: options.nextTransportSequence,
          trailerBytes: options.trailerBytes ?? 0,
        },
        originMs,
      );
    });
    this.#encodings = (rtpParameters.encodings ?? []).map(({ active, rid, scalabilityMode }) => ({
      active: active ?? true,
      ...(rid !== undefined && { rid }),
      ...(scalabilityMode !== undefined && { scalabilityMode }),
    }));
  }

  get track(): ClipTrack | null {
    return this.#track;
  }

  /** Changes all frames from now on before they are sent. */
  transformFrames(transform: FrameTransform, ended: () => void): void {
    this.#transform = transform;
    this.#transformEnded = ended;
  }

  /** Switches to the clips of another track, or stops sending. */
  replaceTrack(track: ClipTrack | null): void {
    for (const player of this.#players) {
      player?.stop();
    }
    if (this.#track) {
      this.#track.streams = [];
    }
    this.#track = track;
    if (track) {
      track.streams = this.streams;
    }
    // A single stream (SVC or one layer) sends the highest clip.
    const clips = track && this.streams.length === 1 ? track.clips.slice(-1) : (track?.clips ?? []);
    this.#players = this.streams.map((stream, index) => {
      const clip = clips[index];
      const send = this.#sendingTo(stream);
      if (!track || !clip) {
        return undefined;
      }
      stream.setSpeed(track.speed);
      return new ClipPlayer(clip, startOf(track), (frame, captureMs, talkStart) => {
        if (!track.enabled || track.readyState === 'ended') {
          return;
        }
        const top = spatialLayers(this.#encodings[index]) - 1;
        if (frame.spatialLayer > top) {
          return;
        }
        // The highest layer that is sent completes the picture.
        const last = frame.spatialLayer === top && !frame.endOfPicture;
        send(last ? { ...frame, endOfPicture: true } : frame, captureMs, talkStart);
      });
    });
    this.#update();
  }

  /** Tells the sender whether the link is up; it sends only then. */
  setConnected(connected: boolean): void {
    this.#connected = connected;
    this.#update();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#update();
  }

  /** Suspends and resumes encodings and spatial layers of SVC. A resumed one starts with a key frame. */
  setEncodings(encodings: ReadonlyArray<{ active?: boolean; scalabilityMode?: string }>): void {
    encodings.forEach(({ active, scalabilityMode }, index) => {
      const own = this.#encodings[index];
      if (own && active !== undefined) {
        own.active = active;
      }
      if (!own || scalabilityMode === undefined) {
        return;
      }
      const before = spatialLayers(own);
      own.scalabilityMode = scalabilityMode;
      if (spatialLayers(own) > before) {
        this.#players[index]?.rewind();
      }
    });
    this.#update();
  }

  /** Equivalent of `RTCRtpSender.getParameters().encodings`. */
  get encodings(): SentEncoding[] {
    return this.#encodings.map((encoding) => ({ ...encoding }));
  }

  /** Handles a report, NACK or key frame request for one of its streams. */
  handleRtcp(item: RtcpItem): void {
    if (item.type === 'report-block') {
      const stream = this.streams.find(({ ssrc }) => ssrc === item.block.ssrc);
      if (stream) {
        stream.lastReport = item.block;
      }
    } else if (item.type === 'nack') {
      this.streams.find(({ ssrc }) => ssrc === item.mediaSsrc)?.retransmit(item.sequenceNumbers);
    } else if (item.type === 'key-frame-request') {
      const index = this.streams.findIndex(({ ssrc }) => ssrc === item.mediaSsrc);
      if (this.streams[index]?.takeKeyFrameRequest(performance.now())) {
        this.#players[index]?.rewind();
      }
    }
  }

  report(): void {
    for (const stream of this.streams) {
      stream.report();
    }
  }

  close(): void {
    this.#closed = true;
    this.#update();
    this.#transformEnded?.();
  }

  /** Sends frames in their order, transformed if there is a transform. */
  #sendingTo(stream: OutboundStream): FrameListener {
    const send: FrameListener = (...frame) => {
      const isFirst = stream.counters.packets === 0;
      stream.sendFrame(...frame);
      if (isFirst) {
        stream.report();
      }
    };
    let before = Promise.resolve();
    return (frame, captureMs, talkStart) => {
      const transformed = this.#transform?.(new Uint8Array(frame.data));
      if (!transformed) {
        send(frame, captureMs, talkStart);
        return;
      }
      // What cannot be transformed is not sent.
      const changed = transformed.catch(() => undefined);
      before = before.then(async () => {
        const data = await changed;
        if (data && !this.#closed) {
          send({ ...frame, data: Buffer.from(data.buffer) }, captureMs, talkStart);
        }
      });
    };
  }

  #update(): void {
    this.#players.forEach((player, index) => {
      const active = this.#connected && !this.#paused && !this.#closed && this.#encodings[index]?.active;
      if (active) {
        player?.start();
      } else {
        player?.stop();
      }
    });
  }
}

/** How many spatial layers an encoding sends; without a scalability mode, all that the clip has. */
function spatialLayers(encoding: SentEncoding | undefined): number {
  const [, layers] = /^[LS](\d)/.exec(encoding?.scalabilityMode ?? '') ?? [];
  return layers ? Number(layers) : Number.POSITIVE_INFINITY;
}

function startOf({ beganAtMs, startSeconds: seconds, speed }: ClipTrack) {
  return beganAtMs === undefined ? { seconds, speed } : { beganAtMs, speed };
}
