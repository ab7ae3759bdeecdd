import { DTMF_KEYS, type DtmfKey, type EventPayload, parseEvent } from './events.ts';

export interface KeyPress {
  key: DtmfKey;
  /** `down` once when the key is first heard of, `up` once when it is over. */
  state: 'down' | 'up';
  /** How long it was pressed, in ms; 0 with `down`. */
  durationMs: number;
}

/** A packet of telephone-event. */
export interface EventPacket {
  /** Sequence number, extended over its wraps. */
  sequence: number;
  timestamp: number;
  payload: Uint8Array;
}

/** A key whose end was lost counts as released after this long without a packet. */
const LOST_END_MS = 200;
/** Longest duration that one segment of an event can state (RFC 4733 §2.5.1.3). */
const SEGMENT_TICKS = 0xffff;
/** Less than the pause between two presses of a key, in ms: 40 and more. */
const PAUSE_MS = 20;

const NONE: readonly KeyPress[] = [];

interface OpenEvent {
  event: number;
  clockRate: number;
  /** Of its last packet. */
  sequence: number;
  timestamp: number;
  /** Of the segments before this one. */
  earlierTicks: number;
  ticks: number;
  lastPacketMs: number;
  /** A packet with its end has come. */
  ended: boolean;
  /** Its `up` was given out. */
  released: boolean;
}

/**
 * Receives keys as telephone-events (RFC 4733). A press is known by its event code and RTP timestamp, since phones lose or forget the
 * marker bit and send the end three times (threat 21): whichever of its packets comes first presses it, and it is reported once. Senders whose
 * timestamps stand still, go back or move within a press are understood too; what is late is known by its sequence number.
 */
export class TelephoneEventReceiver {
  #current: OpenEvent | undefined;

  /** Takes a packet whose payload type has this clock rate; returns new key events, often none. */
  receive({ sequence, timestamp, payload }: EventPacket, clockRate: number, nowMs: number): KeyPress[] {
    const news = parseEvent(payload);
    if (!news || news.event >= DTMF_KEYS.length) return [];
    const current = this.#current;
    if (current && sequence <= current.sequence) {
      // Late. It belongs to this press or to one before it.
      const same = news.event === current.event && timestamp === current.timestamp;
      return same ? this.#update(current, news, nowMs) : [];
    }
    if (current && continues(current, news, timestamp)) {
      if (((timestamp - current.timestamp) | 0) === SEGMENT_TICKS && news.duration < current.ticks) {
        current.earlierTicks += SEGMENT_TICKS;
        current.ticks = 0;
      }
      current.sequence = sequence;
      current.timestamp = timestamp;
      return this.#update(current, news, nowMs);
    }
    const presses = this.restart();
    const opened: OpenEvent = {
      event: news.event,
      clockRate,
      sequence,
      timestamp,
      earlierTicks: 0,
      ticks: news.duration,
      lastPacketMs: nowMs,
      ended: news.end,
      released: false,
    };
    this.#current = opened;
    presses.push({ key: keyOf(opened), state: 'down', durationMs: 0 });
    if (news.end) presses.push(this.#release(opened));
    return presses;
  }

  /** Call now and then: ends a key whose packets stopped without an end. */
  expire(nowMs: number): readonly KeyPress[] {
    const current = this.#current;
    if (!current || current.released || nowMs - current.lastPacketMs < LOST_END_MS) return NONE;
    return [this.#release(current)];
  }

  /** The stream has started anew: its timestamps say nothing about earlier ones. */
  restart(): KeyPress[] {
    const current = this.#current;
    this.#current = undefined;
    return current && !current.released ? [this.#release(current)] : [];
  }

  /** The packets' numbering has restarted; the press goes on. */
  renumber(): void {
    if (this.#current) this.#current.sequence = Number.NEGATIVE_INFINITY;
  }

  #update(current: OpenEvent, { duration, end }: EventPayload, nowMs: number): KeyPress[] {
    current.lastPacketMs = nowMs;
    current.ticks = Math.max(current.ticks, duration);
    if (end) current.ended = true;
    return end && !current.released ? [this.#release(current)] : [];
  }

  #release(current: OpenEvent): KeyPress {
    current.released = true;
    const durationMs = ((current.earlierTicks + current.ticks) * 1000) / current.clockRate;
    return { key: keyOf(current), state: 'up', durationMs };
  }
}

/** Whether a packet that is not late belongs to the press before it, rather than to another one. */
function continues(current: OpenEvent, { event, end, duration }: EventPayload, timestamp: number): boolean {
  if (event !== current.event) return false;
  const moved = (timestamp - current.timestamp) | 0;
  const segment = moved === SEGMENT_TICKS && !current.ended;
  // A press does not become shorter: this is the next one, though its timestamp may be the same.
  if (!end && duration < current.ticks && !segment) return false;
  if (moved === 0 || segment) return true;
  if (current.ended && !end) return false;
  // Back in time: the sender's clock has jumped while the key was down, or this is the next press.
  if (moved < 0) return !current.ended && duration > current.ticks;
  // Two presses do not overlap: the next begins after as long as this one is, and a pause.
  const least = current.ended ? current.ticks : Math.max(current.ticks, duration);
  return moved < least + (PAUSE_MS * current.clockRate) / 1000;
}

function keyOf({ event }: OpenEvent): DtmfKey {
  return DTMF_KEYS[event] ?? '0';
}
