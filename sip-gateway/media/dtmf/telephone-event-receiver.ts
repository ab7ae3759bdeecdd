import { DTMF_KEYS, type DtmfKey, type EventPayload, parseEvent } from './events.ts';

export interface KeyPress {
  key: DtmfKey;
  /** Each press is reported twice: once `down`, once `up`. */
  state: 'down' | 'up';
  /** How long the key was pressed, in milliseconds; 0 with `down`. */
  durationMs: number;
}

/** A telephone-event packet. */
export interface EventPacket {
  /** Extended sequence number (does not wrap). */
  sequence: number;
  timestamp: number;
  payload: Uint8Array;
}

/** If the end of a press is lost, the key counts as released after this long without a packet. */
const LOST_END_MS = 200;
/** Maximum duration of one segment of an event (RFC 4733 §2.5.1.3). */
const SEGMENT_TICKS = 0xffff;
/** Shorter than any pause between two presses of a key, which is at least 40 ms. */
const PAUSE_MS = 20;

const NONE: readonly KeyPress[] = [];

/** The current or last press. */
interface OpenEvent {
  event: number;
  clockRate: number;
  /** Sequence number of the last packet. */
  sequence: number;
  timestamp: number;
  /** Duration of the earlier segments. */
  earlierTicks: number;
  ticks: number;
  lastPacketMs: number;
  /** A packet with the end bit has arrived. */
  ended: boolean;
  /** Its `up` was reported. */
  released: boolean;
}

/**
 * Receives keys as telephone-events (RFC 4733). The packet with the marker bit may be lost, some phones never set the bit, and the end is
 * sent three times (threat 21). A press is therefore identified by its event code and RTP timestamp, and reported on its first packet.
 * Some phones also repeat a timestamp for the next press, or change it during one. The sequence number shows which packets are late.
 */
export class TelephoneEventReceiver {
  #current: OpenEvent | undefined;

  /** Handles a packet; returns new key events, often none. `clockRate`: of its payload type, in Hz. */
  receive({ sequence, timestamp, payload }: EventPacket, clockRate: number, nowMs: number): KeyPress[] {
    const parsed = parseEvent(payload);
    if (!parsed || parsed.event >= DTMF_KEYS.length) {
      return [];
    }
    const current = this.#current;
    if (current && sequence <= current.sequence) {
      // A late packet, of this press or an earlier one.
      const same = parsed.event === current.event && timestamp === current.timestamp;
      return same ? this.#update(current, parsed, nowMs) : [];
    }
    if (current && continues(current, parsed, timestamp)) {
      if (((timestamp - current.timestamp) | 0) === SEGMENT_TICKS && parsed.duration < current.ticks) {
        current.earlierTicks += SEGMENT_TICKS;
        current.ticks = 0;
      }
      current.sequence = sequence;
      current.timestamp = timestamp;
      return this.#update(current, parsed, nowMs);
    }
    const presses = this.restart();
    const opened: OpenEvent = {
      event: parsed.event,
      clockRate,
      sequence,
      timestamp,
      earlierTicks: 0,
      ticks: parsed.duration,
      lastPacketMs: nowMs,
      ended: parsed.end,
      released: false,
    };
    this.#current = opened;
    presses.push({ key: keyOf(opened), state: 'down', durationMs: 0 });
    if (parsed.end) {
      presses.push(this.#release(opened));
    }
    return presses;
  }

  /** Releases a key whose packets stopped without an end. Call this regularly. */
  expire(nowMs: number): readonly KeyPress[] {
    const current = this.#current;
    if (!current || current.released || nowMs - current.lastPacketMs < LOST_END_MS) {
      return NONE;
    }
    return [this.#release(current)];
  }

  /** The stream has restarted: its timestamps are unrelated to earlier ones. */
  restart(): KeyPress[] {
    const current = this.#current;
    this.#current = undefined;
    return current && !current.released ? [this.#release(current)] : [];
  }

  /** The sequence numbers have restarted; the press continues. */
  renumber(): void {
    if (this.#current) {
      this.#current.sequence = Number.NEGATIVE_INFINITY;
    }
  }

  #update(current: OpenEvent, { duration, end }: EventPayload, nowMs: number): KeyPress[] {
    current.lastPacketMs = nowMs;
    current.ticks = Math.max(current.ticks, duration);
    if (end) {
      current.ended = true;
    }
    return end && !current.released ? [this.#release(current)] : [];
  }

  #release(current: OpenEvent): KeyPress {
    current.released = true;
    const durationMs = ((current.earlierTicks + current.ticks) * 1000) / current.clockRate;
    return { key: keyOf(current), state: 'up', durationMs };
  }
}

/** Whether a packet that is not late belongs to the current press rather than to a new one. */
function continues(current: OpenEvent, { event, end, duration }: EventPayload, timestamp: number): boolean {
  if (event !== current.event) {
    return false;
  }
  const moved = (timestamp - current.timestamp) | 0;
  const segment = moved === SEGMENT_TICKS && !current.ended;
  // A press cannot get shorter, so this is the next one, even if the timestamp is the same.
  if (!end && duration < current.ticks && !segment) {
    return false;
  }
  if (moved === 0 || segment) {
    return true;
  }
  if (current.ended && !end) {
    return false;
  }
  // The timestamp went back: the sender's clock jumped while the key was down, or this is the next press.
  if (moved < 0) {
    return !current.ended && duration > current.ticks;
  }
  // Presses do not overlap: the next one starts after this one's duration and a pause.
  const minTicks = current.ended ? current.ticks : Math.max(current.ticks, duration);
  return moved < minTicks + (PAUSE_MS * current.clockRate) / 1000;
}

function keyOf({ event }: OpenEvent): DtmfKey {
  return DTMF_KEYS[event] ?? '0';
}
