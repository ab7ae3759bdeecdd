import { TimestampUnwrapper } from '../rtp/index.ts';
import { DelayEstimator } from './delay-estimator.ts';

export interface JitterBufferOptions {
  /** Rate of the RTP clock, in Hz. */
  clockRate: number;
  /** Least time that packets wait for their slower fellows, in ms. Default 4. */
  minTargetMs?: number;
  /** Most, in ms. Default 200. */
  maxTargetMs?: number;
}

export interface ArrivingPacket {
  /** RTP timestamp, 32 bits. */
  timestamp: number;
  /** Is kept until it is played. */
  payload: Uint8Array;
}

export interface BufferedPacket {
  /** Extended over its wraps, as is `timestamp`. */
  sequence: number;
  timestamp: number;
  payload: Uint8Array;
  durationTicks: number;
  fec: boolean;
}

export type InsertVerdict = 'buffered' | 'late' | 'duplicate';

/** What to play next. */
export type Step =
  | { kind: 'packet'; packet: BufferedPacket }
  /** `ticks` of audio are missing before the next packet, which restores them when `fec` is given. */
  | { kind: 'gap'; ticks: number; fec: Uint8Array | null }
  /** Nothing is due: late, lost at the end, or silence. */
  | { kind: 'wait' };

const MAX_PACKETS = 128;
/** Further behind than this, packets are dropped instead of caught up with. */
const MAX_EXCESS_MS = 300;
const HYSTERESIS_MS = 3;
/** Loss above this makes the buffer wait for redundancy. */
const LOSSY = 0.01;
const LOSS_SMOOTHING = 1 / 250;

/**
 * Puts a stream's packets in order and says when each is due. Pure: time is an argument of each call, in ms of a monotonic clock.
 *
 * A packet is due when it has had time for `targetMs` over the fastest path, so that the others of its kind would be here too.
 * The target follows the jitter that is observed. Playout runs on from packet to packet after that; `adjustment()` says when it
 * should be shortened or lengthened a little, because jitter or clocks have changed.
 */
export class JitterBuffer {
  /** Came after their time, or once more after they were played. */
  late = 0;
  /** Came twice, the first one still unplayed. */
  duplicates = 0;
  /** Thrown away unplayed: too many, or too far behind. */
  discarded = 0;
  /** Of the last packet played: how long ago it could have been here, in ms. */
  ageMs = 0;
  readonly #clockRate: number;
  readonly #minTargetMs: number;
  readonly #maxTargetMs: number;
  readonly #timestamps = new TimestampUnwrapper();
  readonly #delays = new DelayEstimator();
  /** In order of sequence. */
  readonly #packets: BufferedPacket[] = [];
  #playing = false;
  #lastSequence = Number.NEGATIVE_INFINITY;
  /** Timestamp that playout has come to. */
  #position = 0;
  #packetMs = 20;
  #lossRate = 0;
  /** Share of packets that carry redundancy, lately. */
  #redundancy = 0;
  #window = new AdjustmentWindow();

  constructor(options: JitterBufferOptions) {
    this.#clockRate = options.clockRate;
    this.#minTargetMs = options.minTargetMs ?? 4;
    this.#maxTargetMs = options.maxTargetMs ?? 200;
  }

  /**
   * `sequence`: its sequence number, extended over wraps. `durationTicks`: of the payload, in ticks of the RTP clock. `fec`: it carries
   * redundancy for the packet before it. Call restart() before the first packet of a new numbering.
   */
  insert(
    arriving: ArrivingPacket,
    sequence: number,
    durationTicks: number,
    fec: boolean,
    nowMs: number,
  ): InsertVerdict {
    const timestamp = this.#timestamps.push(arriving.timestamp);
    if (sequence <= this.#lastSequence) {
      this.late++;
      // It says how late packets come, all the same.
      this.#observe(timestamp, nowMs);
      return 'late';
    }
    let at = this.#packets.length;
    while (at > 0 && (this.#packets[at - 1] as BufferedPacket).sequence > sequence) {
      at--;
    }
    if (at > 0 && (this.#packets[at - 1] as BufferedPacket).sequence === sequence) {
      this.duplicates++;
      return 'duplicate';
    }
    this.#observe(timestamp, nowMs);
    const packet = { sequence, timestamp, payload: arriving.payload, durationTicks, fec };
    if (at === this.#packets.length) {
      this.#packets.push(packet);
    } else {
      this.#packets.splice(at, 0, packet);
    }
    this.#redundancy += ((fec ? 1 : 0) - this.#redundancy) * LOSS_SMOOTHING;
    if (this.#packets.length > MAX_PACKETS) {
      this.#discardHead();
    }
    return 'buffered';
  }

  /** What to play next, at this moment. A packet or gap that is handed out counts as played. */
  next(nowMs: number): Step {
    this.#dropExcess(nowMs);
    const head = this.#packets[0];
    if (!head) {
      this.#playing = false;
      return { kind: 'wait' };
    }
    if (this.#playing) {
      const missing = head.timestamp - this.#position;
      if (missing > 0 && missing <= 2 * head.durationTicks && head.sequence > this.#lastSequence + 1) {
        return this.#gap(head, missing);
      }
      // A jump back in time is a sender's whim: the order of sequence numbers stands.
      if (missing > 0) {
        this.#playing = false;
      }
    }
    if (!this.#playing && this.#age(head, nowMs) < this.targetMs) {
      return { kind: 'wait' };
    }
    return this.#play(head, nowMs);
  }

  /**
   * Call after each tick of playout. `leftoverMs`: decoded audio that waits for the next tick. Returns by how much playout should
   * change from here, in ms: below 0 shorter, by so much at most; above 0 longer; mostly 0.
   */
  adjustment(leftoverMs: number): number {
    const window = this.#window;
    window.ticks++;
    window.leastLeftoverMs = Math.min(window.leastLeftoverMs, leftoverMs);
    if (!this.#playing || !window.full) {
      return 0;
    }
    const excessMs = window.leastAgeMs - this.targetMs;
    if (excessMs >= this.#packetMs + HYSTERESIS_MS) {
      return -this.#packetMs;
    }
    if (excessMs < -HYSTERESIS_MS) {
      return this.#packetMs;
    }
    // What is left over after every tick only delays: the next packet is there before it is needed.
    if (excessMs >= 0 && window.leastLeftoverMs > HYSTERESIS_MS) {
      return -window.leastLeftoverMs;
    }
    if (window.ticks >= AdjustmentWindow.LONGEST_TICKS) {
      this.#window = new AdjustmentWindow();
    }
    return 0;
  }

  /** Playout was adjusted: what was measured before counts no more. */
  adjusted(): void {
    this.#window = new AdjustmentWindow();
  }

  /** Another stream follows, or the same one with new numbers and timestamps. */
  restart(): void {
    this.discarded += this.#packets.length;
    this.#packets.length = 0;
    this.#playing = false;
    this.#lastSequence = Number.NEGATIVE_INFINITY;
    this.#timestamps.reset();
    this.#delays.restart();
    this.#window = new AdjustmentWindow();
  }

  /** Time that a packet is given over the fastest path before it is due, in ms. */
  get targetMs(): number {
    const jitterMs = this.#delays.jitterMs + 2;
    const worthWaiting = this.#lossRate > LOSSY && this.#redundancy > 0.1;
    const wanted = worthWaiting ? jitterMs + this.#packetMs + HYSTERESIS_MS : jitterMs;
    return Math.max(this.#minTargetMs, Math.min(this.#maxTargetMs, wanted));
  }

  /** Share of packets that were missing when they were due, lately. 0 to 1. */
  get lossRate(): number {
    return this.#lossRate;
  }

  /** Duration of the buffered packets, in ms. */
  get bufferedMs(): number {
    return this.#packets.reduce((sum, packet) => sum + this.#milliseconds(packet.durationTicks), 0);
  }

  #gap(head: BufferedPacket, missing: number): Step {
    const ticks = Math.min(missing, head.durationTicks);
    this.#position += ticks;
    this.#lossRate += (1 - this.#lossRate) * LOSS_SMOOTHING;
    const last = missing <= head.durationTicks;
    return { kind: 'gap', ticks, fec: last && head.fec ? head.payload : null };
  }

  #play(packet: BufferedPacket, nowMs: number): Step {
    this.#packets.shift();
    this.ageMs = this.#age(packet, nowMs);
    this.#window.leastAgeMs = Math.min(this.#window.leastAgeMs, this.ageMs);
    // A packet lost while nothing was there to play counts as well, or redundancy would never be waited for.
    const skipped = packet.sequence - this.#lastSequence - 1;
    if (!this.#playing && skipped > 0 && skipped < 10) {
      this.#lossRate += (1 - this.#lossRate) * LOSS_SMOOTHING;
    }
    this.#lossRate -= this.#lossRate * LOSS_SMOOTHING;
    this.#packetMs = this.#milliseconds(packet.durationTicks);
    this.#playing = true;
    this.#lastSequence = packet.sequence;
    this.#position = packet.timestamp + packet.durationTicks;
    return { kind: 'packet', packet };
  }

  #dropExcess(nowMs: number): void {
    for (let head = this.#packets[0]; head && this.#packets.length > 1; head = this.#packets[0]) {
      if (this.#age(head, nowMs) < this.targetMs + MAX_EXCESS_MS) {
        return;
      }
      this.#discardHead();
      this.#playing = false;
    }
  }

  #discardHead(): void {
    const head = this.#packets.shift();
    if (!head) {
      return;
    }
    this.discarded++;
    this.#lastSequence = head.sequence;
  }

  #observe(timestamp: number, nowMs: number): void {
    if (this.#delays.observe(this.#milliseconds(timestamp), nowMs)) {
      this.#window = new AdjustmentWindow();
    }
  }

  #age(packet: BufferedPacket, nowMs: number): number {
    return this.#delays.ageMs(this.#milliseconds(packet.timestamp), nowMs);
  }

  #milliseconds(ticks: number): number {
    return (ticks * 1000) / this.#clockRate;
  }
}

/** The least that was seen since the last adjustment, over half a second to a second. */
class AdjustmentWindow {
  static readonly LONGEST_TICKS = 50;
  ticks = 0;
  leastAgeMs = Number.POSITIVE_INFINITY;
  leastLeftoverMs = Number.POSITIVE_INFINITY;

  get full(): boolean {
    return this.ticks >= 25 && this.leastAgeMs < Number.POSITIVE_INFINITY;
  }
}
