import {
  type InboundStream,
  parseH264,
  parseVp8,
  parseVp9,
  type ReceivedPacket,
} from '../../client/node/index.ts';

export type VideoCodec = 'vp8' | 'vp9' | 'h264';

/** A frame reassembled from its packets: for H264 in Annex B form, for VP9 as a superframe. */
export interface RecordedFrame {
  /** RTP timestamp. */
  timestamp: number;
  key: boolean;
  data: Buffer;
}

export interface Recording {
  codec: VideoCodec;
  frames: RecordedFrame[];
  /** Frames with missing packets. */
  incompleteFrames: number;
}

interface Packet {
  sequence: number;
  timestamp: number;
  marker: boolean;
  payload: Buffer;
}

/** Records a sample of a received stream for decoding. */
export class StreamRecorder {
  readonly #stream: InboundStream;
  readonly #codec: VideoCodec;
  readonly #packets: Packet[] = [];

  constructor(stream: InboundStream, codec: VideoCodec) {
    this.#stream = stream;
    this.#codec = codec;
    stream.tap = (packet) => this.#keep(packet);
  }

  /** Ends the recording; everything before the first key frame is dropped. */
  finish(): Recording {
    this.#stream.tap = undefined;
    const packets = this.#packets.sort((a, b) => a.sequence - b.sequence);
    const recording: Recording = { codec: this.#codec, frames: [], incompleteFrames: 0 };
    let previousEnd: number | undefined;
    for (let start = 0; start < packets.length; ) {
      const first = packets[start] as Packet;
      let end = start + 1;
      while (packets[end]?.timestamp === first.timestamp) {
        end++;
      }
      const group = packets.slice(start, end);
      const last = group.at(-1) as Packet;
      const contiguous = last.sequence - first.sequence === group.length - 1;
      const joined = previousEnd === undefined || first.sequence === previousEnd + 1;
      const frame = contiguous && joined && last.marker ? ASSEMBLE[this.#codec](group) : undefined;
      previousEnd = last.sequence;
      start = end;
      if (recording.frames.length === 0 && !frame?.key) {
        continue;
      }
      if (frame) {
        recording.frames.push({ ...frame, timestamp: first.timestamp });
      } else if (start < packets.length) {
        recording.incompleteFrames++;
      }
    }
    return recording;
  }

  #keep({ sequence, header, payload }: ReceivedPacket): void {
    // mediasoup sends empty payloads as padding.
    if (payload.length === 0) {
      return;
    }
    const { timestamp, marker } = header;
    this.#packets.push({ sequence, timestamp, marker, payload: Buffer.from(payload) });
  }
}

type Assembled = { key: boolean; data: Buffer } | undefined;

const ASSEMBLE: Record<VideoCodec, (group: Packet[]) => Assembled> = {
  vp8(group) {
    const parts = group.map(({ payload }) => parseVp8(payload));
    if (parts.includes(undefined) || !parts[0]?.start) {
      return undefined;
    }
    return {
      key: parts[0].keyFrame,
      data: Buffer.concat(parts.map((part) => part?.data ?? Buffer.alloc(0))),
    };
  },

  vp9(group) {
    const layers: Buffer[][] = [];
    let key = false;
    for (const { payload } of group) {
      const part = parseVp9(payload);
      if (!part) {
        return undefined;
      }
      if (part.startOfFrame) {
        layers.push([]);
      }
      key ||= part.keyFrame;
      layers.at(-1)?.push(part.data);
    }
    if (layers.length === 0) {
      return undefined;
    }
    return { key, data: superframe(layers.map((parts) => Buffer.concat(parts))) };
  },

  h264(group) {
    const parts = group.map(({ payload }) => parseH264(payload));
    if (parts.includes(undefined)) {
      return undefined;
    }
    return {
      key: parts.some((part) => part?.keyFrame),
      data: Buffer.concat(parts.flatMap((part) => part?.data ?? [])),
    };
  },
};

/** Joins a picture's layer frames into a superframe with its index (VP9 bitstream, annex B). */
function superframe(layers: readonly Buffer[]): Buffer {
  if (layers.length === 1) {
    return layers[0] as Buffer;
  }
  const marker = 0xc0 | (3 << 3) | (layers.length - 1);
  const index = Buffer.alloc(2 + 4 * layers.length);
  index[0] = marker;
  layers.forEach(({ length }, position) => {
    index.writeUInt32LE(length, 1 + 4 * position);
  });
  index[index.length - 1] = marker;
  return Buffer.concat([...layers, index]);
}
