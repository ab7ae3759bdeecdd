import { parseVp8, parseVp9, ReorderBuffer, type RtpPacket } from '../../../base/rtp/index.ts';

type Packet = RtpPacket<Buffer>;

/** A whole encoded frame; of VP9, of one spatial layer. */
export interface ReceivedFrame {
  data: Uint8Array<ArrayBuffer>;
  /** RTP timestamp; the spatial layers of a picture share one. */
  timestamp: number;
  /** Decoding can start here. True for audio. */
  key: boolean;
  spatialLayer: number;
  /** Packets were lost since the frame before: video cannot be decoded until the next key frame. */
  afterLoss: boolean;
}

/** How long packets wait for those missing before them, in milliseconds: about two retransmissions. */
const REORDER_MS = 300;

interface Part {
  isStart: boolean;
  /** The frame's last packet. */
  isEnd: boolean;
  key: boolean;
  spatialLayer: number;
  data: Buffer;
}

/** Puts the frames of a stream together from its packets. A frame with missing packets is dropped. */
export class FrameReader {
  readonly #parse: (packet: Packet) => Part | undefined;
  readonly #buffer = new ReorderBuffer<Packet>(REORDER_MS);
  #parts: Part[] = [];
  #afterLoss = false;

  /** @throws {TypeError} frames of this codec cannot be put together */
  constructor(codec: string) {
    const parse = PARSERS[codec];
    if (!parse) {
      throw new TypeError(`no frames of ${codec}`);
    }
    this.#parse = parse;
  }

  /** Adds a packet; returns the frames that are complete now, in their order. */
  add(packet: Packet, nowMs: number): ReceivedFrame[] {
    // Packets are only valid during the call.
    const kept = { ...packet, payload: Buffer.from(packet.payload) };
    this.#buffer.add(kept, packet.sequenceNumber, nowMs);
    const frames: ReceivedFrame[] = [];
    for (const { packet: next, lost } of this.#buffer.take(nowMs)) {
      if (lost > 0) {
        this.#parts = [];
        this.#afterLoss = true;
      }
      const frame = this.#read(next);
      if (frame) {
        frames.push(frame);
      }
    }
    return frames;
  }

  #read(packet: Packet): ReceivedFrame | undefined {
    const part = this.#parse(packet);
    // mediasoup sends empty payloads as padding.
    if (!part) {
      return undefined;
    }
    if (part.isStart) {
      this.#parts = [];
    } else if (this.#parts.length === 0) {
      this.#afterLoss = true;
      return undefined;
    }
    this.#parts.push(part);
    if (!part.isEnd) {
      return undefined;
    }
    const [{ key, spatialLayer }] = this.#parts as [Part];
    const data = new Uint8Array(Buffer.concat(this.#parts.map((each) => each.data)));
    const { timestamp } = packet;
    const frame = { data, timestamp, key, spatialLayer, afterLoss: this.#afterLoss };
    this.#parts = [];
    this.#afterLoss = false;
    return frame;
  }
}

const PARSERS: Readonly<Record<string, (packet: Packet) => Part | undefined>> = {
  opus: ({ payload }) =>
    payload.length === 0
      ? undefined
      : { isStart: true, isEnd: true, key: true, spatialLayer: 0, data: payload },
  vp8({ payload, marker }) {
    const part = parseVp8(payload);
    return (
      part && {
        isStart: part.start,
        isEnd: marker,
        key: part.keyFrame,
        spatialLayer: 0,
        data: part.data,
      }
    );
  },
  vp9({ payload }) {
    const part = parseVp9(payload);
    return (
      part && {
        isStart: part.startOfFrame,
        isEnd: part.endOfFrame,
        key: part.keyFrame,
        spatialLayer: part.spatialLayer,
        data: part.data,
      }
    );
  },
};
