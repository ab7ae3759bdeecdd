import { DTMF_KEYS, type DtmfKey, parseEvent } from './events.ts';

export interface KeyPress {
  key: DtmfKey;
  /** `down` once when the key is first heard of, `up` once when it is over. */
  state: 'down' | 'up';
  /** How long it was pressed, in ms; 0 with `down`. */
  durationMs: number;
}

/** A key whose end was lost counts as released after this long without a packet. */
const LOST_END_MS = 200;
/** Longest duration that one segment of an event can state (RFC 4733 §2.5.1.3). */
const SEGMENT_TICKS = 0xffff;

interface OpenEvent {
  event: number;
  timestamp: number;
  /** Of the segments before this one. */
  earlierTicks: number;
  ticks: number;
  lastPacketMs: number;
  ended: boolean;
}

/**
 * Receives keys as telephone-events (RFC 4733). A key is known by its RTP timestamp, since phones lose or forget the marker bit and
 * send the end three times (threat 21): whichever of its packets comes first presses it, and it is told once.
 */
export class TelephoneEventReceiver {
  readonly #clockRate: number;
  #current: OpenEvent | undefined;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** Takes a packet; returns what it tells anew, often nothing. */
  receive(timestamp: number, payload: Uint8Array, nowMs: number): KeyPress[] {
    const news = parseEvent(payload);
    if (!news || news.event >= DTMF_KEYS.length) return [];
    const current = this.#current;
    if (current) {
      const age = (timestamp - current.timestamp) | 0;
      if (age < 0) return [];
      if (age === 0) return this.#update(current, news.duration, news.end, nowMs);
      if (age === SEGMENT_TICKS && news.event === current.event && !current.ended) {
        current.timestamp = timestamp;
        current.earlierTicks += SEGMENT_TICKS;
        current.ticks = 0;
        return this.#update(current, news.duration, news.end, nowMs);
      }
    }
    const presses = current && !current.ended ? [this.#end(current)] : [];
    const opened: OpenEvent = {
      event: news.event,
      timestamp,
      earlierTicks: 0,
      ticks: news.duration,
      lastPacketMs: nowMs,
      ended: false,
    };
    this.#current = opened;
    presses.push({ key: keyOf(opened), state: 'down', durationMs: 0 });
    if (news.end) presses.push(this.#end(opened));
    return presses;
  }

  /** Call now and then: ends a key whose packets stopped without an end. */
  expire(nowMs: number): KeyPress[] {
    const current = this.#current;
    if (!current || current.ended || nowMs - current.lastPacketMs < LOST_END_MS) return [];
    return [this.#end(current)];
  }

  /** The stream has started anew: its timestamps say nothing about earlier ones. */
  restart(): KeyPress[] {
    const current = this.#current;
    this.#current = undefined;
    return current && !current.ended ? [this.#end(current)] : [];
  }

  #update(current: OpenEvent, ticks: number, end: boolean, nowMs: number): KeyPress[] {
    if (current.ended) return [];
    current.lastPacketMs = nowMs;
    current.ticks = Math.max(current.ticks, ticks);
    return end ? [this.#end(current)] : [];
  }

  #end(current: OpenEvent): KeyPress {
    current.ended = true;
    const durationMs = ((current.earlierTicks + current.ticks) * 1000) / this.#clockRate;
    return { key: keyOf(current), state: 'up', durationMs };
  }
}

function keyOf({ event }: OpenEvent): DtmfKey {
  return DTMF_KEYS[event] ?? '0';
}
