import { createDecoder, type OpusDecoderHandle } from 'libopus-wasm';
import { OPUS_CLOCK_RATE, OPUS_MAX_TICKS, ReorderBuffer, type RtpPacket } from '../../base/rtp/index.ts';
import type { StreamSink } from '../media/index.ts';
import { SAMPLE_RATE } from './service-connection.ts';

/** How long a missing packet is waited for, in milliseconds. */
const REORDER_MS = 100;
/** Without packets for this long, in milliseconds, the voice has paused. */
const PAUSE_MS = 400;
/** How much silence of a pause is passed on, in milliseconds: enough for a service to take a sentence for ended. */
const MAX_SILENCE_MS = 1_000;
/** Longest gap that is filled by guessing what was there, in milliseconds. */
const MAX_CONCEALED_MS = 100;

/** Decodes an Opus stream to samples of SAMPLE_RATE, one channel. Gaps stay as long as they were, up to a second. */
export class VoiceStream implements StreamSink {
  readonly #buffer = new ReorderBuffer<RtpPacket<Buffer>>(REORDER_MS);
  readonly #decoder: OpusDecoderHandle;
  readonly #decoded: (samples: Int16Array) => void;
  /** RTP timestamp that follows what was decoded. */
  #next: number | undefined;
  #heardMs: number | undefined;
  /** Silence that was passed on since then, in samples. */
  #silence = 0;
  #isClosed = false;

  private constructor(decoder: OpusDecoderHandle, decoded: (samples: Int16Array) => void) {
    this.#decoder = decoder;
    this.#decoded = decoded;
  }

  static async open(decoded: (samples: Int16Array) => void): Promise<VoiceStream> {
    const decoder = await createDecoder({
      sampleRate: SAMPLE_RATE,
      channels: 1,
      maxFrameSize: (OPUS_MAX_TICKS / OPUS_CLOCK_RATE) * SAMPLE_RATE,
    });
    return new VoiceStream(decoder, decoded);
  }

  /** Takes a packet as it arrives. */
  packet(packet: RtpPacket<Buffer>, nowMs: number): void {
    if (this.#isClosed) {
      return;
    }
    this.#buffer.add(packet, packet.sequenceNumber, nowMs);
    this.tick(nowMs);
  }

  /** Capture times are not needed. */
  report(): void {}

  /** Decodes what has waited long enough. Call it every tenth of a second. */
  tick(nowMs: number): void {
    if (this.#isClosed) {
      return;
    }
    for (const { packet } of this.#buffer.take(nowMs)) {
      this.#heardMs = nowMs;
      this.#decode(packet);
    }
    const pausedMs = nowMs - (this.#heardMs ?? nowMs);
    if (pausedMs > PAUSE_MS) {
      const owed = samplesIn(Math.min(pausedMs, MAX_SILENCE_MS)) - this.#silence;
      if (owed > 0) {
        this.#silence += owed;
        this.#decoded(new Int16Array(owed));
      }
    }
  }

  close(): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#decoder.free();
    }
  }

  #decode({ payload, timestamp }: RtpPacket<Buffer>): void {
    if (payload.length === 0) {
      return;
    }
    const gapMs = this.#next === undefined ? 0 : ((timestamp - this.#next) | 0) / (OPUS_CLOCK_RATE / 1000);
    const owed = samplesIn(Math.min(gapMs, MAX_SILENCE_MS)) - this.#silence;
    this.#silence = 0;
    if (owed > 0) {
      this.#decoded(gapMs <= MAX_CONCEALED_MS ? this.#conceal(owed) : new Int16Array(owed));
    }
    try {
      const samples = this.#decoder.decode(payload);
      this.#next = (timestamp + (samples.length / SAMPLE_RATE) * OPUS_CLOCK_RATE) >>> 0;
      this.#decoded(samples);
    } catch {
      // A payload that is not Opus: a hostile sender harms only its own captions.
    }
  }

  #conceal(samples: number): Int16Array {
    try {
      return this.#decoder.decodePacketLoss(samples);
    } catch {
      return new Int16Array(samples);
    }
  }
}

function samplesIn(milliseconds: number): number {
  return Math.round((milliseconds * SAMPLE_RATE) / 1000);
}
