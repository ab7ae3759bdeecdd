import { DTMF_KEYS, type DtmfKey, type EventPayload, writeEvent } from './events.ts';

export interface EventToSend {
  payload: Uint8Array;
  /** RTP timestamp of the start of the event. */
  timestamp: number;
  marker: boolean;
}

const MAX_QUEUE = 64;
/** −10 dBm0. */
const VOLUME = 10;
/** The last packet of an event is sent three times (RFC 4733 §2.5.1.4). */
const END_PACKETS = 3;

/** Sends keys as telephone-events (RFC 4733): 100 ms each with pauses of 60 ms, one packet every 20 ms. */
export class TelephoneEventSender {
  readonly #tickTicks: number;
  readonly #pressTicks: number;
  readonly #pauseTicks: number;
  readonly #queue: DtmfKey[] = [];
  #event: (EventPayload & { timestamp: number }) | undefined;
  #pauseLeft = 0;

  constructor(clockRate: number) {
    this.#tickTicks = clockRate / 50;
    this.#pressTicks = clockRate / 10;
    this.#pauseTicks = (clockRate * 60) / 1000;
  }

  /** Whether keys are being sent. Voice pauses meanwhile: RFC 4733 §2.2.1 allows both at once, but some phones do not. */
  get busy(): boolean {
    return this.#event !== undefined || this.#queue.length > 0 || this.#pauseLeft > 0;
  }

  /** Queues keys; those beyond 64 are dropped. */
  push(keys: Iterable<DtmfKey>): void {
    for (const key of keys) {
      if (this.#queue.length < MAX_QUEUE) {
        this.#queue.push(key);
      }
    }
  }

  /** The packets to send in this 20 ms. `timestamp`: the stream's current one. */
  tick(timestamp: number): EventToSend[] {
    if (this.#pauseLeft > 0) {
      this.#pauseLeft -= this.#tickTicks;
      return [];
    }
    if (!this.#event) {
      const key = this.#queue.shift();
      if (key === undefined) {
        return [];
      }
      this.#event = { event: DTMF_KEYS.indexOf(key), end: false, volume: VOLUME, duration: 0, timestamp };
    }
    const event = this.#event;
    const marker = event.duration === 0;
    event.duration += this.#tickTicks;
    event.end = event.duration >= this.#pressTicks;
    const packet = { payload: writeEvent(event), timestamp: event.timestamp, marker };
    if (!event.end) {
      return [packet];
    }
    this.#event = undefined;
    this.#pauseLeft = this.#pauseTicks;
    return Array.from({ length: END_PACKETS }, () => packet);
  }
}
