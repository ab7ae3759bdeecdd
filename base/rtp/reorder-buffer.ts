/** A packet as it leaves the buffer. */
export interface OrderedPacket<Packet> {
  packet: Packet;
  /** Packets missing right before this one, which were not waited for any longer. At least one after a new start of the stream. */
  lost: number;
}

interface Waiting<Packet> {
  packet: Packet;
  sequence: number;
  arrivedMs: number;
}

/** A jump of the sequence number that is taken for a new start, in packets. */
const RESTART_PACKETS = 5_000;
/** So many late packets in a row are a new start with lower numbers: retransmissions are fewer. */
const LATE_PACKETS = 200;

/**
 * Puts the packets of one stream back into order. Packets after a gap wait until it is filled (a retransmission may be on its way) or until
 * the first of them has waited for `waitMs`.
 */
export class ReorderBuffer<Packet> {
  readonly #waitMs: number;
  readonly #waiting: Waiting<Packet>[] = [];
  /** Extended sequence number that is expected next. */
  #next: number | undefined;
  /** Late packets in a row. */
  #late = 0;

  /** @param waitMs longest wait for a missing packet, in milliseconds */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Adds a packet. Late and duplicate ones are dropped. @param sequenceNumber 16 bits @param nowMs on a clock that never jumps */
  add(packet: Packet, sequenceNumber: number, nowMs: number): void {
    const sequence = this.#extend(sequenceNumber);
    this.#next ??= sequence;
    this.#late = sequence < this.#next ? this.#late + 1 : 0;
    if (Math.abs(sequence - this.#next) > RESTART_PACKETS || this.#late > LATE_PACKETS) {
      // The one before it may still come; if not, it counts as lost, for nothing follows what was before.
      this.#next = sequence - 1;
      this.#waiting.length = 0;
      this.#late = 0;
    }
    if (sequence < this.#next) {
      return;
    }
    const last = this.#waiting.at(-1);
    if (last === undefined || last.sequence < sequence) {
      this.#waiting.push({ packet, sequence, arrivedMs: nowMs });
      return;
    }
    const at = this.#waiting.findLastIndex((each) => each.sequence <= sequence);
    if (this.#waiting[at]?.sequence !== sequence) {
      this.#waiting.splice(at + 1, 0, { packet, sequence, arrivedMs: nowMs });
    }
  }

  /** Takes the next packet that is in order, or has waited long enough; undefined: there is none. */
  next(nowMs: number): OrderedPacket<Packet> | undefined {
    const first = this.#waiting[0];
    if (first === undefined || this.#next === undefined) {
      return undefined;
    }
    const lost = first.sequence - this.#next;
    if (lost > 0 && nowMs - first.arrivedMs < this.#waitMs) {
      return undefined;
    }
    this.#waiting.shift();
    this.#next = first.sequence + 1;
    return { packet: first.packet, lost };
  }

  /** Takes all such packets. */
  *take(nowMs: number): Generator<OrderedPacket<Packet>> {
    for (let next = this.next(nowMs); next; next = this.next(nowMs)) {
      yield next;
    }
  }

  /** Takes everything: the stream has ended. */
  drain(): Generator<OrderedPacket<Packet>> {
    return this.take(Number.POSITIVE_INFINITY);
  }

  #extend(sequenceNumber: number): number {
    if (this.#next === undefined) {
      return sequenceNumber;
    }
    const difference = (sequenceNumber - this.#next) & 0xffff;
    return this.#next + (difference < 0x8000 ? difference : difference - 0x10000);
  }
}
