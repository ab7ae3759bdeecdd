import { randomUUID } from 'node:crypto';
import { CanopyError, type Logger } from '../../../base/index.ts';
import type { CallRecord, EventData, EventName } from '../../../contract/index.ts';
import type { HangUp, PhoneLeg, PhoneLegEvents } from '../../kernel/index.ts';

/** The SIP status of calls that ended without one, as far as the direct call cares. */
const STATUS_OF_CAUSE: ReadonlyMap<string | null, number> = new Map([
  ['timeout', 408],
  ['transport', 503],
]);

/** Sends to the gateway; does nothing while there is none. */
type Send = <N extends EventName>(event: N, data: EventData<N>) => void;

/** Phones in direct calls, by the ids of their calls: what the gateway reports goes to the calls, and the other way round. */
export class PhoneLegs {
  readonly #send: Send;
  readonly #log: Logger;
  readonly #legs = new Map<string, Leg>();

  constructor(send: Send, log: Logger) {
    this.#send = send;
    this.#log = log;
  }

  get size(): number {
    return this.#legs.size;
  }

  /** Rings a phone. */
  ring(request: Omit<EventData<'gateway.ring'>, 'callId'>, events: PhoneLegEvents): PhoneLeg {
    const leg = this.#add(randomUUID(), events);
    this.#send('gateway.ring', { callId: leg.callId, ...request });
    return leg;
  }

  /** A phone that calls. `events` follow once it is known whom it calls. */
  take(callId: string): Leg {
    return this.#legs.get(callId) ?? this.#add(callId);
  }

  /** A call that was in progress when the server stopped. */
  resume(callId: string, events: PhoneLegEvents): PhoneLeg {
    return this.#add(callId, events);
  }

  /** @throws {CanopyError} CALL_UNKNOWN */
  find(callId: string): PhoneLegEvents {
    const events = this.#legs.get(callId)?.events;
    if (!events) {
      throw new CanopyError('CALL_UNKNOWN');
    }
    return events;
  }

  /** The gateway reports the state of any of its calls. */
  recorded(
    call: Pick<CallRecord, 'callId' | 'codec' | 'mos' | 'endCause' | 'sipStatus' | 'endedAtMs'>,
  ): void {
    if (call.endedAtMs === null) {
      return;
    }
    this.#end(call.callId, {
      ...call,
      sipStatus: call.sipStatus ?? STATUS_OF_CAUSE.get(call.endCause) ?? null,
    });
  }

  /** A phone could not be rung. */
  failed(callId: string, sipStatus: number | null): void {
    this.#end(callId, { codec: null, mos: null, endCause: 'failed', sipStatus });
  }

  /**
   * A gateway took charge: calls that it does not have are over, and it may have missed what others were told. `restarted`: it continues the
   * calls of an earlier process.
   */
  registered(callIds: readonly string[], restarted: boolean): void {
    const known = new Set(callIds);
    for (const [callId, leg] of [...this.#legs]) {
      if (known.has(callId)) {
        if (restarted) {
          leg.events?.interrupted();
        }
        leg.repeat();
      } else {
        this.#end(callId, { codec: null, mos: null, endCause: 'lost', sipStatus: null });
      }
    }
  }

  #add(callId: string, events?: PhoneLegEvents): Leg {
    const leg = new Leg(callId, this.#send);
    leg.events = events;
    this.#legs.set(callId, leg);
    return leg;
  }

  #end(callId: string, end: Parameters<PhoneLegEvents['ended']>[0]): void {
    const leg = this.#legs.get(callId);
    if (!leg) {
      return;
    }
    this.#legs.delete(callId);
    leg.ended = true;
    try {
      leg.events?.ended(end);
    } catch (error) {
      this.#log.error({ err: error, callId }, 'could not end the call of a phone');
    }
  }
}

/** One phone. */
class Leg implements PhoneLeg {
  readonly callId: string;
  readonly #send: Send;
  events: PhoneLegEvents | undefined;
  /** Whether the gateway has reported its end. */
  ended = false;
  /** What it was last told. */
  #last: () => void = () => {};

  constructor(callId: string, send: Send) {
    this.callId = callId;
    this.#send = send;
  }

  progress(): void {
    this.#tell(() => this.#send('gateway.progress', { callId: this.callId }));
  }

  connect(roomId: string): void {
    this.#tell(() => this.#send('gateway.connect', { callId: this.callId, roomId }));
  }

  hangUp({ sipStatus, elsewhere }: HangUp = {}): void {
    this.#tell(() =>
      this.#send('gateway.hangUp', {
        callId: this.callId,
        ...(sipStatus !== undefined && { sipStatus }),
        ...(elsewhere !== undefined && { elsewhere }),
      }),
    );
  }

  /** Tells it again: the first time may have been lost. */
  repeat(): void {
    this.#last();
  }

  #tell(send: () => void): void {
    this.#last = send;
    send();
  }
}
