import type { HangUp, PhoneLeg } from '../../kernel/index.ts';
import type { CallOutcome } from './contract.ts';
import type { Party } from './parties.ts';

/** A phone in a call. */
export interface CallPhone {
  readonly leg: PhoneLeg;
  /** Its user name, or the number outside. */
  readonly number: string;
  /** Whether it placed the call; otherwise it is rung. */
  readonly placed: boolean;
}

interface Told {
  readonly caller: Party;
  readonly callee: Party;
  readonly state: 'calling' | 'ringing' | 'answered' | 'ended';
  readonly roomId: string;
  readonly outcome?: CallOutcome | undefined;
  readonly answeredAtMs?: number | undefined;
}

/** The SIP status that refuses the call of a phone. */
const STATUS: Partial<Record<CallOutcome, number>> = {
  busy: 486,
  declined: 603,
  unanswered: 480,
  offline: 480,
};

/** What a SIP status says about a person who was rung by phone. */
export function outcomeOfStatus(status: number | null): CallOutcome {
  switch (status) {
    case 486:
    case 600:
      return 'busy';
    case 603:
    case 607:
    case 608:
      return 'declined';
    case 408:
      return 'unanswered';
    case 480:
      return 'offline';
    default:
      return 'failed';
  }
}

/** The phones of one call. Each change of the call is told to those it concerns. */
export class CallPhones {
  readonly #phones = new Map<string, CallPhone>();
  /** How phones that were rung have refused. */
  readonly refusals = new Set<CallOutcome>();

  add(phone: CallPhone): void {
    this.#phones.set(phone.leg.callId, phone);
  }

  has(legId: string): boolean {
    return this.#phones.has(legId);
  }

  delete({ leg }: CallPhone): void {
    this.#phones.delete(leg.callId);
  }

  /** Whether a phone is being rung. */
  get rings(): boolean {
    return [...this.#phones.values()].some(({ placed }) => !placed);
  }

  /** Why nobody answered: what a person said counts more than what a network did. */
  get refusal(): CallOutcome {
    const order: CallOutcome[] = ['busy', 'unanswered', 'offline'];
    return order.find((outcome) => this.refusals.has(outcome)) ?? 'failed';
  }

  /** Stops ringing: the call goes to somebody else. */
  release(): void {
    for (const phone of [...this.#phones.values()].filter(({ placed }) => !placed)) {
      this.delete(phone);
      phone.leg.hangUp();
    }
    this.refusals.clear();
  }

  /** Tells the phones how the call stands. */
  tell({ caller, callee, state, roomId, outcome, answeredAtMs }: Told): void {
    for (const phone of [...this.#phones.values()]) {
      const { leg, placed } = phone;
      const isParty = caller.phone?.legId === leg.callId || callee.phone?.legId === leg.callId;
      if (state === 'ringing' && placed) {
        leg.progress();
      } else if (state === 'answered' && isParty && placed) {
        leg.connect(roomId);
      } else if ((state === 'answered' && !isParty) || state === 'ended') {
        this.delete(phone);
        leg.hangUp(farewell({ placed, state, outcome, wasAnswered: answeredAtMs !== undefined }));
      }
    }
  }
}

function farewell({
  placed,
  state,
  outcome,
  wasAnswered,
}: {
  placed: boolean;
  state: Told['state'];
  outcome: CallOutcome | undefined;
  wasAnswered: boolean;
}): HangUp {
  if (state === 'answered') {
    return { elsewhere: 'answered' };
  }
  if (wasAnswered || outcome === undefined) {
    return {};
  }
  if (placed) {
    return { sipStatus: STATUS[outcome] ?? 480 };
  }
  return outcome === 'declined' ? { elsewhere: 'declined' } : {};
}
