import type { Codec, OpusCodec } from '../../codecs/index.ts';
import { type ArrivingPacket, type InsertVerdict, JitterBuffer } from './jitter-buffer.ts';
import { SampleQueue } from './sample-queue.ts';
import { TimeStretcher } from './time-stretcher.ts';

export interface PlayoutOptions {
  /** Used for this stream only. The caller closes it. */
  codec: Codec;
  minTargetMs?: number;
  maxTargetMs?: number;
}

/** Numbers of packets; `concealed` is in frames. */
export interface PlayoutCounts {
  decoded: number;
  malformed: number;
  /** Frames concealed by the codec. */
  concealed: number;
  /** Restored from the next packet's redundancy. */
  restored: number;
  /** Shortened or lengthened to adjust the delay. */
  shortened: number;
  lengthened: number;
}

/** After this long without a packet, a stream counts as silent rather than lossy. */
const CONCEAL_MS = 200;
/** Maximum duration of a packet, and of a gap concealed in one call: the Opus maximum (RFC 6716 §2.1.4). */
const MAX_PACKET_MS = 120;

/** Turns one stream's packets into a frame every 20 ms: jitter buffer, decoder, concealment, drift compensation. */
export class Playout {
  readonly counts: PlayoutCounts = {
    decoded: 0,
    malformed: 0,
    concealed: 0,
    restored: 0,
    shortened: 0,
    lengthened: 0,
  };
  readonly jitter: JitterBuffer;
  readonly #codec: Codec;
  readonly #opus: OpusCodec | undefined;
  readonly #frame: Int16Array;
  readonly #queue: SampleQueue;
  readonly #stretcher: TimeStretcher;
  readonly #noise = new ComfortNoise();
  /** Samples concealed since the last packet; after CONCEAL_MS there is silence or comfort noise. */
  #concealedSamples = Number.POSITIVE_INFINITY;
  /** How much to shorten (negative) or lengthen playout, in milliseconds. */
  #adjustmentMs = 0;

  constructor({ codec, minTargetMs, maxTargetMs }: PlayoutOptions) {
    this.#codec = codec;
    this.#opus = codec.name === 'opus' ? (codec as OpusCodec) : undefined;
    this.jitter = new JitterBuffer({
      clockRate: codec.clockRate,
      minTargetMs,
      maxTargetMs,
    });
    this.#frame = new Int16Array(codec.sampleRate / 50);
    this.#queue = new SampleQueue(codec.sampleRate / 4);
    this.#stretcher = new TimeStretcher(codec.sampleRate);
  }

  /** Whether there is anything to hear: a packet was played in the last 200 ms, or comfort noise is on. */
  get active(): boolean {
    return this.#concealedSamples < (this.#codec.sampleRate * CONCEAL_MS) / 1000 || this.#noise.on;
  }

  /** Recent delay from a packet's arrival at minimum network delay until its playout, in milliseconds. */
  get delayMs(): number {
    return this.jitter.ageMs + this.#leftoverMs();
  }

  /**
   * Adds a packet. `sequence`: its sequence number, extended beyond 16 bits. An unreadable packet, or one longer than 120 ms, is
   * `malformed` (threat 51).
   */
  insert(packet: ArrivingPacket, sequence: number, nowMs: number): InsertVerdict | 'malformed' {
    const durationTicks = this.#durationTicks(packet.payload);
    if (durationTicks > (this.#codec.clockRate * MAX_PACKET_MS) / 1000) {
      this.counts.malformed++;
      return 'malformed';
    }
    const fec = this.#opus?.hasFec(packet.payload) ?? false;
    return this.jitter.insert(packet, sequence, durationTicks, fec, nowMs);
  }

  /** Handles a comfort noise packet (RFC 3389): fills silence with noise of this level until the next packet. */
  comfortNoise(levelDbov: number): void {
    this.#noise.start(levelDbov);
  }

  /** Prepares for another stream with the same codec, or for new sequence numbers. */
  restart(): void {
    this.jitter.restart();
    this.#codec.reset();
  }

  /** Drops the packets waiting to be played, since the stream continues elsewhere. */
  clear(): void {
    this.jitter.restart();
    this.#queue.clear();
    this.#noise.stop();
    this.#concealedSamples = Number.POSITIVE_INFINITY;
  }

  /** The next 20 ms. The result is valid until the next call. */
  read(nowMs: number): Int16Array {
    const { length } = this.#frame;
    while (this.#queue.length < length) {
      const step = this.jitter.next(nowMs);
      if (step.kind === 'packet') {
        this.#playPacket(step.packet.payload);
      } else if (step.kind === 'gap') {
        this.#fillGap(step.ticks, step.fec);
      } else {
        this.#fillWait(length - this.#queue.length);
      }
    }
    this.#queue.shiftInto(this.#frame);
    this.#adjustmentMs = this.jitter.adjustment(this.#leftoverMs());
    return this.#frame;
  }

  /** Infinity for an unreadable payload. */
  #durationTicks(payload: Uint8Array): number {
    try {
      return this.#codec.durationTicks(payload);
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  }

  #playPacket(payload: Uint8Array): void {
    let samples: Int16Array;
    try {
      samples = this.#codec.decode(payload);
    } catch {
      this.counts.malformed++;
      this.#conceal(this.#frame.length);
      return;
    }
    this.counts.decoded++;
    this.#concealedSamples = 0;
    this.#noise.stop();
    if (this.#adjustmentMs !== 0) {
      samples = this.#stretch(samples);
    }
    this.#push(samples);
  }

  #stretch(samples: Int16Array): Int16Array {
    const shorten = this.#adjustmentMs < 0;
    const stretched = shorten
      ? this.#stretcher.shorten(samples, -this.#adjustmentMs)
      : this.#stretcher.lengthen(samples);
    if (!stretched) {
      return samples;
    }
    this.#adjustmentMs = 0;
    this.jitter.adjusted();
    if (shorten) {
      this.counts.shortened++;
    } else {
      this.counts.lengthened++;
    }
    return stretched;
  }

  #fillGap(ticks: number, fec: Uint8Array | null): void {
    const samples = Math.round((ticks * this.#codec.sampleRate) / this.#codec.clockRate);
    if (fec && this.#opus) {
      try {
        this.#push(this.#opus.decodeFec(fec, samples));
        this.counts.restored++;
        return;
      } catch {
        this.counts.malformed++;
      }
    }
    this.#conceal(samples);
    this.counts.concealed++;
  }

  /** Conceals `samples` (0 or more), in pieces that every codec can handle. */
  #conceal(samples: number): void {
    const max = (this.#codec.sampleRate * MAX_PACKET_MS) / 1000;
    for (let left = samples; left > 0; left -= max) {
      this.#push(this.#codec.conceal(Math.min(left, max)));
    }
  }

  #fillWait(samples: number): void {
    if (this.#noise.on) {
      this.#push(this.#noise.generate(samples));
      return;
    }
    if (this.active) {
      this.#conceal(samples);
      this.counts.concealed++;
    } else {
      this.#push(new Int16Array(samples));
    }
    this.#concealedSamples += samples;
  }

  #push(samples: Int16Array): void {
    this.#queue.push(samples);
  }

  #leftoverMs(): number {
    return (this.#queue.length * 1000) / this.#codec.sampleRate;
  }
}

/** White noise at the level of a comfort noise packet (RFC 3389 §3.1). Its spectral information is ignored, as §4 allows. */
class ComfortNoise {
  #peak = 0;
  #state = 0x2545f491;
  on = false;

  start(levelDbov: number): void {
    this.on = true;
    // Uniform noise has an RMS of its peak / √3.
    this.#peak = 32_768 * 10 ** (-levelDbov / 20) * Math.sqrt(3);
  }

  stop(): void {
    this.on = false;
  }

  generate(count: number): Int16Array {
    const samples = new Int16Array(count);
    for (let i = 0; i < count; i++) {
      this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) | 0;
      samples[i] = Math.max(-32_768, Math.min(32_767, (this.#state / 2 ** 31) * this.#peak));
    }
    return samples;
  }
}
