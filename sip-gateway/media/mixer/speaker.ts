import type { Codecs, OpusCodec } from '../../codecs/index.ts';
import { Playout } from '../jitter/index.ts';
import { ReceiveStatistics, type RtpPacket, SequenceUnwrapper, TimestampUnwrapper } from '../rtp/index.ts';

const OPUS_CLOCK_RATE = 48_000;

/** One voice of the room (an SSRC), decoded once for all phones. */
export class Speaker {
  readonly ssrc: number;
  readonly statistics = new ReceiveStatistics(OPUS_CLOCK_RATE);
  lastPacketMs: number;
  readonly #sequences = new SequenceUnwrapper();
  readonly #timestamps = new TimestampUnwrapper();
  #codec: OpusCodec | undefined;
  #playout: Playout | undefined;
  #closed = false;

  constructor(ssrc: number, nowMs: number) {
    this.ssrc = ssrc;
    this.lastPacketMs = nowMs;
  }

  /** Replaces the decoder by one with this sample rate, in Hz. */
  async decodeAt(codecs: Codecs, sampleRate: number): Promise<void> {
    const codec = await codecs.createOpus({ sampleRate });
    if (this.#closed) {
      codec.close();
      return;
    }
    this.#codec?.close();
    this.#codec = codec;
    this.#playout = new Playout({ codec });
  }

  get playout(): Playout | undefined {
    return this.#playout;
  }

  receive(packet: RtpPacket, nowMs: number): void {
    this.lastPacketMs = nowMs;
    const verdict = this.#sequences.push(packet.sequenceNumber);
    if (verdict.kind === 'stray') {
      return;
    }
    if (verdict.kind === 'restart') {
      this.statistics.restart();
      this.#playout?.restart();
    }
    this.statistics.received(verdict.extended, this.#timestamps.push(packet.timestamp), nowMs);
    this.#playout?.insert(packet, verdict.extended, nowMs);
  }

  /** The next 20 ms; null while the speaker is silent. */
  read(nowMs: number): Int16Array | null {
    const frame = this.#playout?.read(nowMs);
    return frame && this.#playout?.active ? frame : null;
  }

  close(): void {
    this.#closed = true;
    this.#codec?.close();
    this.#playout = undefined;
  }
}
