import type { Codec, OpusCodec } from '../../codecs/index.ts';
import { ComfortNoise } from './comfort-noise.ts';
import { type ArrivingPacket, type InsertVerdict, JitterBuffer } from './jitter-buffer.ts';
import { SampleQueue } from './sample-queue.ts';
import { TimeStretcher } from './time-stretch.ts';

export interface PlayoutOptions {
  /** Decodes this stream alone; stays the caller's to close. */
  codec: Codec;
  minTargetMs?: number;
  maxTargetMs?: number;
}

/** What was done since the start, in packets or 20 ms frames. */
export interface PlayoutCounts {
  decoded: number;
  malformed: number;
  /** Made up by the codec. */
  concealed: number;
  /** Restored from the next packet's redundancy. */
  restored: number;
  shortened: number;
  lengthened: number;
}

/** After this long without a packet, a stream counts as silent rather than lossy. */
const CONCEAL_MS = 200;
/** Longest accepted packet, and longest gap that a codec conceals in one call: the Opus maximum (RFC 6716 §2.1.4). */
const MAX_PACKET_MS = 120;

/** Turns one stream's packets into 20 ms frames, on time: jitter buffer, decoder, concealment, drift compensation. */
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
  /** Samples made up since the last packet; beyond CONCEAL_MS there is silence or comfort noise. */
  #madeUp = Number.POSITIVE_INFINITY;
  /** By how much playout should change, in ms. */
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

  /** Whether anything is to be heard: a packet was played in the last 200 ms, or comfort noise was asked for. */
  get active(): boolean {
    return this.#madeUp < (this.#codec.sampleRate * CONCEAL_MS) / 1000 || this.#noise.on;
  }

  /** From a packet's arrival by the fastest path to the moment that it is heard, lately, in ms. */
  get delayMs(): number {
    return this.jitter.ageMs + this.#leftoverMs();
  }

  /**
   * Takes a packet; `sequence` is its sequence number, extended over wraps. An unreadable one, or one longer than 120 ms, counts as
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

  /** A comfort noise packet came (RFC 3389): silence sounds like this from now on. */
  comfortNoise(levelDbov: number): void {
    this.#noise.start(levelDbov);
  }

  /** Another stream follows on the same codec, or the stream has restarted its numbering. */
  restart(): void {
    this.jitter.restart();
    this.#codec.reset();
  }

  /** Drops the packets waiting to be played, since the stream continues elsewhere. */
  clear(): void {
    this.jitter.restart();
    this.#queue.clear();
    this.#noise.stop();
    this.#madeUp = Number.POSITIVE_INFINITY;
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
    this.#madeUp = 0;
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
    const most = (this.#codec.sampleRate * MAX_PACKET_MS) / 1000;
    for (let left = samples; left > 0; left -= most) {
      this.#push(this.#codec.conceal(Math.min(left, most)));
    }
  }

  #fillWait(samples: number): void {
    if (this.#noise.on) {
      this.#push(this.#noise.make(samples));
      return;
    }
    if (this.active) {
      this.#conceal(samples);
      this.counts.concealed++;
    } else {
      this.#push(new Int16Array(samples));
    }
    this.#madeUp += samples;
  }

  #push(samples: Int16Array): void {
    this.#queue.push(samples);
  }

  #leftoverMs(): number {
    return (this.#queue.length * 1000) / this.#codec.sampleRate;
  }
}
