import { assembleFrame, type VideoCodec, type VideoFrame } from '../../base/rtp/index.ts';
import type { InboundStream, ReceivedPacket } from '../../client/node/index.ts';

/** A frame reassembled from its packets. */
export interface RecordedFrame extends VideoFrame {
  /** RTP timestamp. */
  timestamp: number;
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
      const frame =
        contiguous && joined && last.marker
          ? assembleFrame(
              this.#codec,
              group.map(({ payload }) => payload),
            )
          : undefined;
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
