import type { Codec, OpusCodec } from '../../codecs/index.ts';
import { ComfortNoise } from './comfort-noise.ts';
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
/** The same of codecs that generate comfort noise themselves: with DTX, they send a packet at least every 400 ms. */
const DTX_CONCEAL_MS = 500;
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
  readonly #noise: ComfortNoise;
  /** Samples concealed since the last packet; beyond `#maxConcealedSamples` there is silence or comfort noise. */
  #concealedSamples = Number.POSITIVE_INFINITY;
  readonly #maxConcealedSamples: number;
  /** Frames concealed while waiting, until the next packet tells whether they were lost or silent. */
  #waitedFrames = 0;
  #lastSample = 0;
  #noiseRate = 0;
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
    this.#noise = new ComfortNoise(codec.sampleRate);
    const concealMs = /^(?:opus|speex|AMR-WB)/.test(codec.name) ? DTX_CONCEAL_MS : CONCEAL_MS;
    this.#maxConcealedSamples = (codec.sampleRate * concealMs) / 1000;
  }

  /** Whether there is anything to hear: a packet was played recently, or comfort noise is on. */
  get active(): boolean {
    return this.#concealedSamples < this.#maxConcealedSamples || this.#noise.on;
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

  /**
   * Adds a comfort noise packet (RFC 3389). When its turn comes, silence is filled with its noise until the next voice packet. `clockRate`:
   * of its payload type, in Hz.
   */
  insertNoise(packet: ArrivingPacket, sequence: number, clockRate: number): void {
    if (packet.payload.length > 0) {
      this.#noiseRate = clockRate;
      this.jitter.insertNoise(packet, sequence);
    }
  }

  /** Prepares for another stream with the same codec, or for new sequence numbers. */
  restart(): void {
    this.jitter.restart();
    this.#codec.reset();
    this.#waitedFrames = 0;
  }

  /** Drops the packets waiting to be played, since the stream continues elsewhere. */
  clear(): void {
    this.jitter.restart();
    this.#queue.clear();
    this.#noise.stop();
    this.#concealedSamples = Number.POSITIVE_INFINITY;
    this.#waitedFrames = 0;
  }

  /** The next 20 ms. The result is valid until the next call. */
  read(nowMs: number): Int16Array {
    const { length } = this.#frame;
    while (this.#queue.length < length) {
      const step = this.jitter.next(nowMs);
      if (step.kind === 'packet') {
        this.#countWait(step.afterSilence);
        this.#playPacket(step.packet.payload);
      } else if (step.kind === 'noise') {
        this.#countWait(step.afterSilence);
        this.#noise.start(step.payload, this.#noiseRate === this.#codec.sampleRate, this.#lastSample);
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
    this.#countWait(false);
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
      this.#waitedFrames++;
    } else {
      this.#push(new Int16Array(samples));
    }
    this.#concealedSamples += samples;
  }

  /** Counts the frames concealed before this packet as lost, unless the phone was silent: it sent no packet in between. */
  #countWait(silent: boolean): void {
    if (!silent) {
      this.counts.concealed += this.#waitedFrames;
    }
    this.#waitedFrames = 0;
  }

  #push(samples: Int16Array): void {
    this.#lastSample = samples.at(-1) ?? this.#lastSample;
    this.#queue.push(samples);
  }

  #leftoverMs(): number {
    return (this.#queue.length * 1000) / this.#codec.sampleRate;
  }
}
