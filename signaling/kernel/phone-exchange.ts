import type { CallRecord } from '../../contract/index.ts';

/** Why a phone is hung up. */
export interface HangUp {
  /** For a phone that calls and has not been answered: the SIP status that refuses its call. Default 480. */
  sipStatus?: number;
  /** What the person did on another device: the phone shows no missed call. */
  elsewhere?: 'answered' | 'declined';
}

/** A phone in a direct call: one SIP call of the gateway. */
export interface PhoneLeg {
  /** Its id in the history of phone calls. */
  readonly callId: string;
  /** Tells a phone that calls that the person is being rung. */
  progress(): void;
  /** Brings a phone that calls into the room: the person has answered. */
  connect(roomId: string): void;
  hangUp(why?: HangUp): void;
}

/** What a phone does. Each is called in order; nothing follows `ended`. */
export interface PhoneLegEvents {
  ringing(): void;
  /** It was answered. Returns the room to bring it into. @throws {CanopyError} CALL_TAKEN, CALL_ENDED */
  answered(): string;
  /** The gateway was restarted, and the phone goes on: it leaves the room and comes back. */
  interrupted(): void;
  ended(call: Pick<CallRecord, 'codec' | 'mos' | 'endCause' | 'sipStatus'>): void;
}

/** A phone or number that may be rung. */
export interface RingablePhone {
  /** The phone's user name, or the number. */
  readonly number: string;
  readonly displayName: string;
  ring(
    call: {
      displayName: string;
      caller: { displayName: string; number?: string };
      ringSeconds: number;
      /** Whether the phone must not show who calls. Default false. */
      withheld?: boolean;
    },
    events: PhoneLegEvents,
  ): PhoneLeg;
}

/** A phone calls a person. */
export interface CallByPhone {
  leg: PhoneLeg;
  /** The number of the person called belongs to this account. */
  calleeId: string;
  /** The account that the calling phone belongs to; undefined: nobody's, or not a phone of this server. */
  ownerId: string | undefined;
  displayName: string;
  /** Undefined if the caller withholds it. */
  number: string | undefined;
  /** Whom calls count for, if the phone is nobody's. */
  limitKey: string;
}

/** A call of a person's phone with a room, which is over. */
export interface MeetingByPhone {
  callId: string;
  accountId: string;
  /** The phone's user name. */
  phone: string;
  roomId: string;
  /** Whether the room called the phone. */
  isIncoming: boolean;
  startedAtMs: number;
  answeredAtMs: number | null;
  endedAtMs: number;
  endCause: string | null;
  sipStatus: number | null;
  codec: string | null;
  mos: number | null;
}

/** Phones and numbers of people. The feature for phones provides it, and the feature for direct calls uses it. */
export interface PhoneExchange {
  /** Whether phones can be rung at the moment. */
  readonly ready: boolean;
  /** The phones that ring for this account; none while they cannot be rung. */
  phonesOf(accountId: string): Promise<RingablePhone[]>;
  /** The number by which an account is called; undefined if it has none. */
  numberOf(accountId: string): Promise<string | undefined>;
  /** Whose number this is. */
  accountAt(number: string): Promise<string | undefined>;
  /**
   * A phone of this server, or a number outside, that a person dials.
   *
   * @throws {CanopyError} CALL_REFUSED, RATE_LIMITED, GATEWAY_MISSING
   */
  route(number: string, byAccountId: string): Promise<RingablePhone>;
  /** Takes up a call that was in progress when the server stopped. */
  resume(callId: string, events: PhoneLegEvents): PhoneLeg;
}
