import {
  assembleFrame,
  type OrderedPacket,
  type RtpPacket,
  startsFrame,
  type VideoCodec,
  type VideoFrame,
} from '../../base/rtp/index.ts';

/** A frame with its place in time. */
export interface TimedFrame extends VideoFrame {
  /** RTP timestamp. */
  timestamp: number;
  /** Unix time at which its last packet arrived, in milliseconds. */
  arrivedMs: number;
}

export interface ArrivedPacket {
  rtp: RtpPacket<Buffer>;
  /** Unix time in milliseconds. */
  arrivedMs: number;
}

/**
 * Puts frames together from packets in order. After a frame with missing packets nothing can be decoded until the next key frame, so the
 * frames between are dropped.
 */
export class VideoReader {
  readonly #codec: VideoCodec;
  readonly #payloads: Buffer[] = [];
  #timestamp: number | undefined;
  /** Packets of the current frame are missing. */
  #isDamaged = false;
  /** Packets were lost, perhaps of the next frame. */
  #mayLackStart = false;
  #needsKey = true;

  constructor(codec: VideoCodec) {
    this.#codec = codec;
  }

  /** Whether nothing can be used until a key frame comes. */
  get needsKey(): boolean {
    return this.#needsKey;
  }

  /** The stream went on elsewhere for a while, e.g. in a pause of the recording: continues with a key frame. */
  restart(): void {
    this.#drop();
    this.#needsKey = true;
  }

  /** Takes the next packet; returns the frame that it completes. */
  add({ packet: { rtp, arrivedMs }, lost }: OrderedPacket<ArrivedPacket>): TimedFrame | undefined {
    const { payload, timestamp, marker } = rtp;
    if (lost > 0) {
      this.#needsKey = true;
      this.#mayLackStart = true;
    }
    // mediasoup sends empty payloads as padding.
    if (payload.length === 0) {
      return undefined;
    }
    if (timestamp !== this.#timestamp) {
      // A frame whose last packet was lost ends here.
      this.#payloads.length = 0;
      this.#isDamaged = this.#mayLackStart && !startsFrame(this.#codec, payload);
      this.#timestamp = timestamp;
    } else if (this.#mayLackStart) {
      this.#isDamaged = true;
    }
    this.#mayLackStart = false;
    this.#payloads.push(payload);
    return marker ? this.#finish(timestamp, arrivedMs) : undefined;
  }

  #finish(timestamp: number, arrivedMs: number): TimedFrame | undefined {
    const frame = this.#isDamaged ? undefined : assembleFrame(this.#codec, this.#payloads);
    this.#drop();
    if (frame === undefined) {
      this.#needsKey = true;
      return undefined;
    }
    this.#needsKey &&= !frame.key;
    return this.#needsKey ? undefined : { ...frame, timestamp, arrivedMs };
  }

  #drop(): void {
    this.#payloads.length = 0;
    this.#timestamp = undefined;
    this.#isDamaged = false;
  }
}
