import { TimestampUnwrapper } from '../rtp/index.ts';
import { DelayEstimator } from './delay-estimator.ts';

export interface JitterBufferOptions {
  /** Rate of the RTP clock, in Hz. */
  clockRate: number;
  /** Minimum target delay, in milliseconds. Default 4. */
  minTargetMs?: number;
  /** Maximum target delay, in milliseconds. Default 200. */
  maxTargetMs?: number;
}

export interface ArrivingPacket {
  /** RTP timestamp, 32 bits. */
  timestamp: number;
  /** Kept, not copied. */
  payload: Uint8Array;
}

export interface BufferedPacket {
  /** Extended beyond 16 bits; `timestamp` beyond 32. */
  sequence: number;
  timestamp: number;
  payload: Uint8Array;
  durationTicks: number;
  /** It carries redundancy for the packet before it. */
  fec: boolean;
  /** Comfort noise. */
  noise: boolean;
}

export type InsertVerdict = 'buffered' | 'late' | 'duplicate';

/** What to play next. */
export type Step =
  | { kind: 'packet'; packet: BufferedPacket; afterSilence: boolean }
  /** Comfort noise begins or changes. `afterSilence`: the sender was silent before, i.e. no packet is missing although time has passed. */
  | { kind: 'noise'; payload: Uint8Array; afterSilence: boolean }
  /** `ticks` of audio are missing. `fec`: the next packet's payload, if it carries redundancy for them. */
  | { kind: 'gap'; ticks: number; fec: Uint8Array | null }
  /** Nothing is due: the next packet is late or lost, or there is silence. */
  | { kind: 'wait' };

const MAX_PACKETS = 128;
/** Packets this far beyond the target delay are dropped, since playing faster would take too long. */
const MAX_EXCESS_MS = 300;
const HYSTERESIS_MS = 3;
/** Above this loss rate, the buffer waits for redundancy. */
const LOSSY = 0.01;
const LOSS_SMOOTHING = 1 / 250;

/**
 * Orders a stream's packets and decides when each is due. Deterministic: the caller passes the time, in milliseconds of a monotonic clock.
 *
 * The first packet is due `targetMs` after it would have arrived at minimum delay. That leaves the later ones enough time to arrive. The
 * target follows the observed jitter. Playout then continues from packet to packet; adjustment() says when to shorten or lengthen it a
 * little because jitter has changed or clocks have drifted.
 */
export class JitterBuffer {
  /** Packets that arrived too late, including duplicates of played packets. */
  late = 0;
  /** Duplicates of packets still in the buffer. */
  duplicates = 0;
  /** Packets dropped unplayed, because there were too many or they were too far behind. */
  discarded = 0;
  /** Delay of the last played packet above the minimum, in milliseconds. */
  ageMs = 0;
  readonly #clockRate: number;
  readonly #minTargetMs: number;
  readonly #maxTargetMs: number;
  readonly #timestamps = new TimestampUnwrapper();
  readonly #delays = new DelayEstimator();
  /** Sorted by sequence number. */
  readonly #packets: BufferedPacket[] = [];
  #playing = false;
  #lastSequence = Number.NEGATIVE_INFINITY;
  /** Timestamp that playout has reached. */
  #position = 0;
  #packetMs = 20;
  #lossRate = 0;
  /** Recent share of packets that carry redundancy, 0 to 1. */
  #redundancy = 0;
  #window = new AdjustmentWindow();

  constructor(options: JitterBufferOptions) {
    this.#clockRate = options.clockRate;
    this.#minTargetMs = options.minTargetMs ?? 4;
    this.#maxTargetMs = options.maxTargetMs ?? 200;
  }

  /**
   * Adds a packet. `sequence`: its sequence number, extended beyond 16 bits. `durationTicks`: of the payload, in ticks of the RTP clock.
   * `fec`: it carries redundancy for the packet before it. Call restart() first if the numbering has changed.
   */
  insert(
    arriving: ArrivingPacket,
    sequence: number,
    durationTicks: number,
    fec: boolean,
    nowMs: number,
  ): InsertVerdict {
    const timestamp = this.#timestamps.push(arriving.timestamp);
    const { payload } = arriving;
    const verdict = this.#insert({ sequence, timestamp, payload, durationTicks, fec, noise: false });
    if (verdict === 'duplicate') {
      return verdict;
    }
    // Late packets count as jitter, too.
    this.#observe(timestamp, nowMs);
    if (verdict === 'buffered') {
      this.#redundancy += ((fec ? 1 : 0) - this.#redundancy) * LOSS_SMOOTHING;
    }
    return verdict;
  }

  /** Adds a comfort noise packet, which has its place among the others but no duration. It does not count as jitter. */
  insertNoise({ timestamp, payload }: ArrivingPacket, sequence: number): void {
    this.#insert({
      sequence,
      timestamp: this.#timestamps.push(timestamp),
      payload,
      durationTicks: 0,
      fec: false,
      noise: true,
    });
  }

  #insert(packet: BufferedPacket): InsertVerdict {
    const { sequence } = packet;
    if (sequence <= this.#lastSequence) {
      this.late++;
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
    if (at === this.#packets.length) {
      this.#packets.push(packet);
    } else {
      this.#packets.splice(at, 0, packet);
    }
    if (this.#packets.length > MAX_PACKETS) {
      this.#discardHead();
    }
    return 'buffered';
  }

  /** What to play now. A returned packet or gap counts as played. */
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
      // If the timestamp goes back, play on in the order of sequence numbers.
      if (missing > 0) {
        this.#playing = false;
      }
    }
    if (!this.#playing && !this.#isDue(head, nowMs)) {
      return { kind: 'wait' };
    }
    return head.noise ? this.#playNoise(head) : this.#play(head, nowMs);
  }

  /**
   * How much to shorten (negative, a maximum) or lengthen (positive) playout from now on, in milliseconds; usually 0. Call this after each
   * tick. `leftoverMs`: decoded audio that waits for the next tick.
   */
  adjustment(leftoverMs: number): number {
    const window = this.#window;
    window.ticks++;
    window.minLeftoverMs = Math.min(window.minLeftoverMs, leftoverMs);
    if (!this.#playing || !window.full) {
      return 0;
    }
    const excessMs = window.minAgeMs - this.targetMs;
    if (excessMs >= this.#packetMs + HYSTERESIS_MS) {
      return -this.#packetMs;
    }
    if (excessMs < -HYSTERESIS_MS) {
      return this.#packetMs;
    }
    // Audio left over after every tick only adds delay.
    if (excessMs >= 0 && window.minLeftoverMs > HYSTERESIS_MS) {
      return -window.minLeftoverMs;
    }
    if (window.ticks >= AdjustmentWindow.MAX_TICKS) {
      this.#window = new AdjustmentWindow();
    }
    return 0;
  }

  /** Playout was adjusted: measures afresh. */
  adjusted(): void {
    this.#window = new AdjustmentWindow();
  }

  /** Prepares for another stream, or for new sequence numbers and timestamps. */
  restart(): void {
    this.discarded += this.#packets.length;
    this.#packets.length = 0;
    this.#playing = false;
    this.#lastSequence = Number.NEGATIVE_INFINITY;
    this.#timestamps.reset();
    this.#delays.restart();
    this.#window = new AdjustmentWindow();
  }

  /** Target delay above the minimum, in milliseconds. */
  get targetMs(): number {
    const jitterMs = this.#delays.jitterMs + 2;
    const worthWaiting = this.#lossRate > LOSSY && this.#redundancy > 0.1;
    const wanted = worthWaiting ? jitterMs + this.#packetMs + HYSTERESIS_MS : jitterMs;
    return Math.max(this.#minTargetMs, Math.min(this.#maxTargetMs, wanted));
  }

  /** Recent share of packets that were missing when they were due, 0 to 1. */
  get lossRate(): number {
    return this.#lossRate;
  }

  /** Duration of the buffered packets, in milliseconds. */
  get bufferedMs(): number {
    return this.#packets.reduce((sum, packet) => sum + this.#milliseconds(packet.durationTicks), 0);
  }

  /** Comfort noise with an odd timestamp does not hold back the voice after it. */
  #isDue(head: BufferedPacket, nowMs: number): boolean {
    const { targetMs } = this;
    const isOld = (packet: BufferedPacket) => this.#age(packet, nowMs) >= targetMs;
    return isOld(head) || (head.noise && this.#packets.some((packet) => !packet.noise && isOld(packet)));
  }

  #gap(head: BufferedPacket, missing: number): Step {
    const ticks = Math.min(missing, head.durationTicks);
    this.#position += ticks;
    this.#lossRate += (1 - this.#lossRate) * LOSS_SMOOTHING;
    const last = missing <= head.durationTicks;
    return { kind: 'gap', ticks, fec: last && head.fec ? head.payload : null };
  }

  #playNoise(packet: BufferedPacket): Step {
    this.#packets.shift();
    const afterSilence = this.#followsSilence(packet);
    // The next voice packet starts a talkspurt.
    this.#playing = false;
    this.#lastSequence = packet.sequence;
    this.#position = packet.timestamp;
    return { kind: 'noise', payload: packet.payload, afterSilence };
  }

  /** Whether the sender has let time pass before this packet without sending any. */
  #followsSilence({ sequence, timestamp }: BufferedPacket): boolean {
    return sequence === this.#lastSequence + 1 && timestamp > this.#position;
  }

  #play(packet: BufferedPacket, nowMs: number): Step {
    this.#packets.shift();
    const afterSilence = this.#followsSilence(packet);
    this.ageMs = this.#age(packet, nowMs);
    this.#window.minAgeMs = Math.min(this.#window.minAgeMs, this.ageMs);
    // Count packets lost while the buffer was empty as well, or it would never start waiting for redundancy.
    const skipped = packet.sequence - this.#lastSequence - 1;
    if (!this.#playing && skipped > 0 && skipped < 10) {
      this.#lossRate += (1 - this.#lossRate) * LOSS_SMOOTHING;
    }
    this.#lossRate -= this.#lossRate * LOSS_SMOOTHING;
    this.#packetMs = this.#milliseconds(packet.durationTicks);
    this.#playing = true;
    this.#lastSequence = packet.sequence;
    this.#position = packet.timestamp + packet.durationTicks;
    return { kind: 'packet', packet, afterSilence };
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

/** Minimum values since the last adjustment, over half a second to a second. */
class AdjustmentWindow {
  static readonly MAX_TICKS = 50;
  ticks = 0;
  minAgeMs = Number.POSITIVE_INFINITY;
  minLeftoverMs = Number.POSITIVE_INFINITY;

  get full(): boolean {
    return this.ticks >= 25 && this.minAgeMs < Number.POSITIVE_INFINITY;
  }
}
