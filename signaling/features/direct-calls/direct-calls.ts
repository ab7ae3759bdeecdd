import { createHash, randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { CanopyError, type Logger } from '../../../base/index.ts';
import type {
  AwayChannel,
  LeaveReason,
  PhoneLeg,
  PhoneLegEvents,
  RingablePhone,
  Room,
  RoomLogEntry,
  Rooms,
} from '../../kernel/index.ts';
import { type CallDevices, type Endpoint, isSameEndpoint } from './call-devices.ts';
import type { CallHistory, CallRecord } from './call-history.ts';
import { type CallPhone, CallPhones, outcomeOfStatus } from './call-phones.ts';
import type { CallMedia, CallOutcome, DirectCall } from './contract.ts';
import { type Forwarding, forwardedTo, MAX_FORWARDS, ringTimeMs } from './forwarding.ts';
import { isAccount, type Party, phoneEndpoint } from './parties.ts';

interface Call {
  readonly callId: string;
  readonly caller: Party;
  /** Changes when the call is forwarded. */
  callee: Party;
  readonly media: CallMedia;
  readonly roomId: string;
  readonly startedAtMs: number;
  /** Whether the person called is in a meeting. */
  waiting: boolean;
  /** Where calls of the person called go. */
  forwarding: Forwarding;
  /** Whom it was forwarded by, first to last. */
  readonly forwardedBy: Party[];
  /** Accounts that have been in the room on a device. */
  readonly entered: Set<string>;
  readonly phones: CallPhones;
  /** How many of the two have been in the room by phone at once. */
  phonesEntered: number;
  state: DirectCall['state'];
  answeredAtMs?: number;
  endedAtMs?: number;
  outcome?: CallOutcome;
  /** Ends the call if it is not answered, or the two do not meet. */
  deadline?: NodeJS.Timeout | undefined;
  /** Ends the call if the caller does not come back. */
  away?: NodeJS.Timeout | undefined;
}

/** Somebody who asks, on one of their connections or by phone. */
export interface Asking {
  accountId: string;
  displayName: string;
  endpoint: Endpoint;
  /** Set if it is no account: the telephone number. */
  number?: string | undefined;
  /** Whom calls count for, if it is no account. */
  limitKey?: string | undefined;
  /** Set if they ask by phone. */
  byPhone?: { leg: PhoneLeg; number: string } | undefined;
}

/** How somebody who is called can be reached. */
export interface Reach {
  callee: Pick<Party, 'accountId' | 'displayName' | 'number'>;
  /** False: they are busy for everyone. */
  mayDisturb: boolean;
  /** The phones that ring, beside the devices of the person called. */
  phones?: readonly RingablePhone[];
  /** What these show as the number to call back. */
  callerNumber?: string | undefined;
  /** Whether these must not show who calls. Default false. */
  withheld?: boolean | undefined;
  /** Where their calls go. */
  forwarding?: Forwarding | undefined;
}

export interface DirectCallsOptions {
  rooms: Pick<Rooms, 'find' | 'peers' | 'addCallRoom' | 'endCallRoom'>;
  devices: CallDevices;
  history: Pick<CallHistory, 'put'> & Partial<Pick<CallHistory, 'putForwarded'>>;
  /** Reaches people of whom no page is open. */
  away: AwayChannel;
  log: Logger;
  /** Where a call goes that `from` forwards, if that is permitted. */
  divert?(call: { caller: Party; from: Party; to: string; passed: readonly string[] }): Promise<Reach>;
  /** Takes up the call of a phone that outlasted the server. */
  resumePhone?(callId: string, events: PhoneLegEvents): PhoneLeg | undefined;
  /** How long a call rings, in milliseconds. */
  ringMs: number;
  /** How long a call goes on ringing without its caller's connection, in milliseconds. */
  awayMs: number;
  /** How long the two may take to enter the room, in milliseconds. */
  meetMs: number;
  /** How long calls that outlasted the server may take for that, in milliseconds. */
  returnMs: number;
  /** The two talk. */
  onAnswered?(callerKey: string, calleeKey: string): void;
  /** A call is over, for good; `roomId` if it had a room. */
  onEnded(call: { accountIds: readonly string[]; roomId?: string }): void;
}

/** Maximum number of calls that ring or are in progress. */
const MAX_CALLS = 10_000;
/** How many calls that are over are remembered, so that a repeated request does not ring again. */
const MAX_REMEMBERED = 2000;
/** How long somebody is told of a missed call, in seconds. */
const MISSED_SECONDS = 24 * 3600;

/**
 * Calls between two people. One state per call decides: `calling` → `ringing` → `answered` → `ended`. Every change is sent to all connections
 * of both accounts; each sees the call from its side. Changes are synchronous, so the first answer wins.
 */
export class DirectCalls {
  readonly #options: DirectCallsOptions;
  readonly #calls = new Map<string, Call>();
  readonly #byAccount = new Map<string, Set<Call>>();
  readonly #byRoom = new Map<string, Call>();
  readonly #ended = new LRUCache<string, Call>({ max: MAX_REMEMBERED });
  /** Calls that are over, by outcome. */
  readonly counts = new Map<CallOutcome, number>();
  #closing = false;

  constructor(options: DirectCallsOptions) {
    this.#options = options;
    options.devices.onGone = (accountId, endpoint) => this.#gone(accountId, endpoint);
  }

  get size(): number {
    return this.#calls.size;
  }

  /** The calls of an account that ring or are in progress, as this endpoint sees them. */
  of(accountId: string, endpoint: Endpoint): DirectCall[] {
    return [...(this.#byAccount.get(accountId) ?? [])].map((call) => viewOf(call, accountId, endpoint));
  }

  /** An endpoint is connected again. */
  returned(accountId: string, endpoint: Endpoint): void {
    for (const call of this.#byAccount.get(accountId) ?? []) {
      if (call.caller.accountId === accountId && isSameEndpoint(call.caller.endpoint, endpoint)) {
        clearTimeout(call.away);
        call.away = undefined;
      }
    }
  }

  /** A call of this id that the account has placed before; undefined if the id is new. @throws {CanopyError} CALL_UNKNOWN */
  placed({ accountId, endpoint }: Asking, callId: string): DirectCall | undefined {
    const call = this.#calls.get(callId) ?? this.#ended.get(callId);
    if (call && call.caller.accountId !== accountId) {
      throw new CanopyError('CALL_UNKNOWN');
    }
    return call && viewOf(call, accountId, endpoint);
  }

  /**
   * Places a call that the person called permits.
   *
   * @throws {CanopyError} IN_ANOTHER_CALL, SERVER_BUSY
   */
  start(
    caller: Asking,
    { callId, media, ...reach }: { callId: string; media: CallMedia } & Reach,
  ): DirectCall {
    const { callee } = reach;
    const repeated = this.placed(caller, callId);
    if (repeated) {
      return repeated;
    }
    const own = [...(this.#byAccount.get(caller.accountId) ?? [])];
    // They call one another: one of the two calls is enough.
    const theirs = own.find(
      (call) => call.caller.accountId === callee.accountId && call.state !== 'answered',
    );
    if (theirs) {
      return this.answer(caller, theirs.callId);
    }
    if (own.some((call) => call.state === 'answered' || call.caller.accountId === caller.accountId)) {
      throw new CanopyError('IN_ANOTHER_CALL');
    }
    if (this.#calls.size >= MAX_CALLS) {
      throw new CanopyError('SERVER_BUSY', `at most ${MAX_CALLS} direct calls`);
    }
    const { accountId, displayName, endpoint, number, limitKey } = caller;
    const call: Call = {
      callId,
      caller: { accountId, displayName, endpoint, number, limitKey },
      callee: { accountId: callee.accountId, displayName: callee.displayName, number: callee.number },
      media,
      roomId: `call_${randomUUID()}`,
      startedAtMs: Date.now(),
      waiting: false,
      forwarding: {},
      forwardedBy: [],
      entered: new Set(),
      phones: new CallPhones(),
      phonesEntered: 0,
      state: 'calling',
    };
    this.#add(call);
    this.#takePhone(call, call.caller, caller);
    this.#ringCallee(call, reach);
    return viewOf(call, caller.accountId, caller.endpoint);
  }

  /** A device of the person called rings. */
  ringing(accountId: string, callId: string): void {
    const call = this.#find(accountId, callId);
    if (call.callee.accountId === accountId) {
      this.#rings(call);
    }
  }

  /** What to do about a phone that has placed this call. */
  eventsOf(callId: string, leg: PhoneLeg): PhoneLegEvents {
    const call = this.#calls.get(callId) ?? this.#ended.get(callId);
    if (!call) {
      throw new CanopyError('CALL_UNKNOWN');
    }
    return this.#phoneEvents(call, () => ({ leg, number: '', placed: true }));
  }

  /** @throws {CanopyError} CALL_UNKNOWN, CALL_ENDED; CALL_TAKEN - another device was first */
  answer(asking: Asking, callId: string): DirectCall {
    const { accountId, endpoint } = asking;
    const call = this.#find(accountId, callId);
    if (call.callee.accountId !== accountId) {
      throw new CanopyError('CALL_UNKNOWN');
    }
    const isHere = isSameEndpoint(call.callee.endpoint, endpoint);
    if (call.answeredAtMs !== undefined && !isHere) {
      throw new CanopyError('CALL_TAKEN');
    }
    if (call.state === 'ended') {
      throw new CanopyError('CALL_ENDED');
    }
    if (call.state !== 'answered') {
      for (const other of [...(this.#byAccount.get(accountId) ?? [])]) {
        if (other !== call && (other.state === 'answered' || other.caller.accountId === accountId)) {
          this.#end(other, other.state === 'answered' ? 'completed' : 'cancelled');
        }
      }
      call.callee.endpoint = endpoint;
      this.#takePhone(call, call.callee, asking);
      call.answeredAtMs = Date.now();
      call.state = 'answered';
      clearTimeout(call.away);
      this.#openRoom(call, this.#options.meetMs);
      this.#options.onAnswered?.(call.caller.limitKey ?? call.caller.accountId, accountId);
      this.#changed(call);
    }
    return viewOf(call, accountId, endpoint);
  }

  /** Declines a call that rings, on all devices. @throws {CanopyError} CALL_UNKNOWN */
  decline({ accountId, endpoint }: Asking, callId: string): void {
    const call = this.#find(accountId, callId);
    if (call.callee.accountId !== accountId) {
      throw new CanopyError('CALL_UNKNOWN');
    }
    if (call.state === 'calling' || call.state === 'ringing') {
      call.callee.endpoint = endpoint;
      this.#end(call, 'declined');
    }
  }

  /** Cancels or hangs up. @throws {CanopyError} CALL_UNKNOWN */
  end(asking: Asking, callId: string): void {
    const call = this.#find(asking.accountId, callId);
    if (call.state === 'answered') {
      this.#end(call, 'completed');
    } else if (call.state !== 'ended' && call.caller.accountId === asking.accountId) {
      this.#end(call, 'cancelled');
    } else if (call.state !== 'ended') {
      this.decline(asking, callId);
    }
  }

  /** Ends the call by which this account rings the other one. */
  endRinging(callerId: string, calleeId: string): void {
    for (const call of [...(this.#byAccount.get(calleeId) ?? [])]) {
      if (call.caller.accountId === callerId && call.state !== 'answered') {
        this.#end(call, 'declined');
      }
    }
  }

  /** Ends all calls of an account that may not call any more. */
  endAll(accountId: string): void {
    for (const call of [...(this.#byAccount.get(accountId) ?? [])]) {
      this.#end(call, call.state === 'answered' ? 'completed' : 'cancelled');
    }
  }

  /** Follows the log of a call's room: the call is over when one of the two has left. */
  follow(room: Room, { kind, data }: RoomLogEntry): void {
    const call = this.#byRoom.get(room.roomId);
    if (call && kind === 'participant.joined') {
      if (data.participant.kind === 'phone') {
        const onPhone = partiesOf(call).filter(({ phone }) => phone).length;
        call.phonesEntered = Math.max(call.phonesEntered, Math.min(onPhone, this.#phonesInside(call)));
      } else {
        call.entered.add(data.participant.accountId);
      }
      if (this.#isComplete(call)) {
        clearTimeout(call.deadline);
        call.deadline = undefined;
      }
    } else if (call && kind === 'participant.left') {
      const { reason } = data;
      // The room is still removing the peer.
      setImmediate(() => this.#left(call, reason));
    }
  }

  /** Takes up the calls that were in progress when the server stopped: those that rang were missed, others go on if the two come back. */
  restore(records: readonly CallRecord[]): void {
    for (const record of records) {
      const { caller, callee, answeredAtMs } = record;
      const call: Call = {
        ...record,
        caller: { ...caller },
        callee: { ...callee },
        waiting: false,
        forwarding: {},
        forwardedBy: [],
        entered: new Set(),
        phones: new CallPhones(),
        phonesEntered: 0,
        state: 'calling',
      };
      if (answeredAtMs === undefined) {
        this.#end(call, 'unanswered');
        continue;
      }
      call.state = 'answered';
      this.#index(call);
      this.#resumePhones(call);
      this.#openRoom(call, this.#options.returnMs);
    }
  }

  /** The server stops: what rings is missed, and calls in progress may go on when it is back. */
  close(): void {
    this.#closing = true;
    for (const call of [...this.#calls.values()]) {
      if (call.state === 'answered') {
        clearTimeout(call.deadline);
      } else {
        this.#end(call, 'unanswered');
      }
    }
  }

  #left(call: Call, reason: LeaveReason): void {
    const hasLeft =
      [...call.entered].some((accountId) => !this.#isInside(call, accountId)) ||
      this.#phonesInside(call) < call.phonesEntered;
    // Whoever loses the connection while the two are entering may try again until the deadline.
    const mayReturn = reason === 'lost' && call.deadline !== undefined;
    if (call.state === 'answered' && hasLeft && !mayReturn && !this.#closing) {
      this.#end(call, reason === 'lost' ? 'lost' : 'completed');
    }
  }

  /** The room is announced to the policy only now: until then, nobody may enter. */
  #openRoom(call: Call, meetMs: number): void {
    this.#byRoom.set(call.roomId, call);
    const accounts = partiesOf(call).filter(isAccount);
    this.#options.rooms.addCallRoom(
      call.roomId,
      accounts.map(({ accountId }) => accountId),
      partiesOf(call).some(({ phone }) => phone),
    );
    this.#setDeadline(call, meetMs, 'failed');
  }

  #setDeadline(call: Call, milliseconds: number, outcome: CallOutcome): void {
    clearTimeout(call.deadline);
    call.deadline = setTimeout(() => {
      call.deadline = undefined;
      this.#giveUp(call, outcome);
    }, milliseconds);
    call.deadline.unref();
  }

  #gone(accountId: string, endpoint: Endpoint): void {
    for (const call of this.#byAccount.get(accountId) ?? []) {
      const isCaller = call.caller.accountId === accountId && isSameEndpoint(call.caller.endpoint, endpoint);
      if (isCaller && call.state !== 'answered') {
        clearTimeout(call.away);
        call.away = setTimeout(() => this.#end(call, 'cancelled'), this.#options.awayMs);
        call.away.unref();
      }
    }
  }

  /** A call of this account. @throws {CanopyError} CALL_UNKNOWN */
  #find(accountId: string, callId: string): Call {
    const call = this.#calls.get(callId) ?? this.#ended.get(callId);
    if (!call || (call.caller.accountId !== accountId && call.callee.accountId !== accountId)) {
      throw new CanopyError('CALL_UNKNOWN');
    }
    return call;
  }

  #add(call: Call): void {
    this.#index(call);
    this.#options.history.put(call);
  }

  #index(call: Call): void {
    this.#calls.set(call.callId, call);
    for (const { accountId } of partiesOf(call)) {
      this.#byAccount.set(accountId, (this.#byAccount.get(accountId) ?? new Set()).add(call));
    }
  }

  #end(call: Call, outcome: CallOutcome): void {
    if (call.state === 'ended') {
      return;
    }
    const accountIds = partiesOf(call).map(({ accountId }) => accountId);
    clearTimeout(call.deadline);
    clearTimeout(call.away);
    const hadRoom = call.state === 'answered';
    call.state = 'ended';
    call.outcome = outcome;
    call.endedAtMs = Date.now();
    this.#calls.delete(call.callId);
    this.#ended.set(call.callId, call);
    for (const accountId of accountIds) {
      this.#unindex(call, accountId);
    }
    this.counts.set(outcome, (this.counts.get(outcome) ?? 0) + 1);
    this.#changed(call);
    if (hadRoom) {
      this.#byRoom.delete(call.roomId);
      this.#options.rooms.endCallRoom(call.roomId);
    }
    if (outcome === 'unanswered' || outcome === 'cancelled') {
      this.#notify(call, 'missed-call', MISSED_SECONDS);
    }
    this.#options.log.info({ callId: call.callId, accountIds, outcome }, 'direct call ended');
    this.#options.onEnded({
      accountIds: partiesOf(call)
        .filter(isAccount)
        .map(({ accountId }) => accountId),
      ...(hadRoom && { roomId: call.roomId }),
    });
  }

  /** Tells the person called on devices where no page is open. What was missed takes the place of what rang. */
  #notify({ callId, caller, callee }: Call, kind: 'call' | 'missed-call', lifetimeSeconds: number): void {
    const topic = createHash('sha256').update(callId).digest('base64url').slice(0, 32);
    this.#options.away.notify(callee.accountId, {
      kind,
      from: caller.displayName,
      lifetimeSeconds: Math.ceil(lifetimeSeconds),
      topic,
    });
  }

  /** Records a change, and sends it to all connections and phones of both people. */
  #changed(call: Call): void {
    this.#options.history.put(call);
    call.phones.tell(call);
    for (const { accountId } of partiesOf(call)) {
      for (const { session, endpoint } of this.#options.devices.of(accountId)) {
        session.connection.send('call.changed', { call: viewOf(call, accountId, endpoint) });
      }
    }
  }

  #isComplete(call: Call): boolean {
    const onPhone = partiesOf(call).filter(({ phone }) => phone);
    return (
      this.#phonesInside(call) >= onPhone.length &&
      partiesOf(call).every(({ phone, accountId }) => phone || this.#isInside(call, accountId))
    );
  }

  #isInside({ roomId }: Call, accountId: string): boolean {
    const peers = this.#options.rooms.find(roomId)?.peers.values() ?? [];
    return [...peers].some(({ principal }) => principal.accountId === accountId);
  }

  #phonesInside({ roomId }: Call): number {
    const peers = this.#options.rooms.find(roomId)?.peers.values() ?? [];
    const participants = [...peers].flatMap((peer) => [...peer.participants.values()]);
    return participants.filter(({ kind }) => kind === 'phone').length;
  }

  /** Whether somebody is in a meeting, or in another direct call. */
  #isInConversation(accountId: string): boolean {
    return (
      [...(this.#byAccount.get(accountId) ?? [])].some(({ state }) => state === 'answered') ||
      this.#options.rooms.peers.some(({ principal }) => principal.accountId === accountId)
    );
  }

  /** Whether a page of the person is open, or opens when it is notified. */
  #isReachable(accountId: string): boolean {
    const { devices, away } = this.#options;
    return devices.of(accountId).length > 0 || away.reaches(accountId);
  }

  /** Rings the person called, unless their calls go elsewhere. */
  #ringCallee(call: Call, { mayDisturb, phones = [], forwarding = {}, ...shown }: Reach): void {
    const { accountId } = call.callee;
    const { ringMs } = this.#options;
    call.forwarding = forwarding;
    call.waiting = this.#isInConversation(accountId);
    if (forwarding.always) {
      this.#forward(call, forwarding.always.to, 'unanswered');
    } else if (!mayDisturb || (this.#byAccount.get(accountId)?.size ?? 0) > 1) {
      this.#giveUp(call, 'busy');
    } else if (phones.length === 0 && !this.#isReachable(accountId)) {
      this.#giveUp(call, 'offline');
    } else {
      this.#setDeadline(call, ringTimeMs(forwarding, ringMs), 'unanswered');
      for (const phone of phones) {
        this.#ringPhone(call, phone, shown);
      }
      this.#changed(call);
      this.#notify(call, 'call', ringMs / 1000);
    }
  }

  /** The person called does not take the call: it goes where they forward it, or ends. */
  #giveUp(call: Call, outcome: CallOutcome): void {
    const to = call.state === 'answered' ? undefined : forwardedTo(call.forwarding, outcome);
    if (to === undefined) {
      this.#end(call, outcome);
    } else {
      this.#forward(call, to, outcome);
    }
  }

  /** @param otherwise how the call ends if it cannot go there */
  #forward(call: Call, to: string, otherwise: CallOutcome): void {
    const { divert } = this.#options;
    if (!divert || call.forwardedBy.length >= MAX_FORWARDS) {
      this.#end(call, otherwise);
      return;
    }
    clearTimeout(call.deadline);
    const { callee: from, caller } = call;
    call.forwardedBy.push(from);
    call.phones.release();
    this.#unindex(call, from.accountId);
    const over: Call = { ...call, state: 'ended', outcome: 'forwarded', endedAtMs: Date.now() };
    this.#options.history.putForwarded?.(over);
    for (const { session, endpoint } of this.#options.devices.of(from.accountId)) {
      session.connection.send('call.changed', { call: viewOf(over, from.accountId, endpoint) });
    }
    this.#options.onEnded({ accountIds: [from.accountId] });
    const passed = call.forwardedBy.map(({ accountId }) => accountId);
    divert({ caller, from, to, passed }).then(
      (reach) => this.#redirect(call, reach),
      (error: unknown) => {
        this.#options.log.info({ err: error, callId: call.callId }, 'a call cannot be forwarded');
        this.#end(call, otherwise);
      },
    );
  }

  #redirect(call: Call, reach: Reach): void {
    if (call.state === 'answered' || call.state === 'ended') {
      return;
    }
    const { accountId, displayName, number } = reach.callee;
    call.callee = { accountId, displayName, number };
    this.#byAccount.set(accountId, (this.#byAccount.get(accountId) ?? new Set()).add(call));
    this.#ringCallee(call, reach);
  }

  #unindex(call: Call, accountId: string): void {
    const theirs = this.#byAccount.get(accountId);
    theirs?.delete(call);
    if (theirs?.size === 0) {
      this.#byAccount.delete(accountId);
    }
  }

  #rings(call: Call): void {
    if (call.state === 'calling') {
      call.state = 'ringing';
      this.#changed(call);
    }
  }

  /** Notes the phone by which somebody places or answers the call. */
  #takePhone(call: Call, party: Party, { byPhone }: Asking): void {
    if (byPhone) {
      const { leg, number } = byPhone;
      party.phone = { legId: leg.callId, number };
      call.phones.add({ leg, number, placed: party === call.caller || !call.phones.has(leg.callId) });
    }
  }

  #ringPhone(
    call: Call,
    phone: RingablePhone,
    { callerNumber, withheld }: Pick<Reach, 'callerNumber' | 'withheld'>,
  ): void {
    const { displayName } = call.caller;
    const rung = (): CallPhone => ({ leg, number: phone.number, placed: false });
    const leg = phone.ring(
      {
        displayName: call.callee.displayName,
        caller: { displayName, ...(callerNumber !== undefined && { number: callerNumber }) },
        ringSeconds: this.#options.ringMs / 1000,
        ...(withheld && { withheld }),
      },
      this.#phoneEvents(call, () => rung()),
    );
    call.phones.add(rung());
  }

  /** Phones that outlasted the server with their call. */
  #resumePhones(call: Call): void {
    for (const { phone } of partiesOf(call)) {
      const placed = phone === call.caller.phone;
      const resumed = (): CallPhone => ({ leg: leg as PhoneLeg, number: phone?.number ?? '', placed });
      const leg =
        phone &&
        this.#options.resumePhone?.(
          phone.legId,
          this.#phoneEvents(call, () => resumed()),
        );
      if (leg) {
        call.phones.add(resumed());
      }
    }
  }

  #phoneEvents(call: Call, phone: () => CallPhone): PhoneLegEvents {
    return {
      ringing: () => this.#rings(call),
      answered: () => {
        const { accountId, displayName } = call.callee;
        const { leg, number } = phone();
        if (!call.phones.has(leg.callId)) {
          throw new CanopyError(call.state === 'answered' ? 'CALL_TAKEN' : 'CALL_ENDED');
        }
        const endpoint = phoneEndpoint(leg.callId);
        this.answer({ accountId, displayName, endpoint, byPhone: { leg, number } }, call.callId);
        return call.roomId;
      },
      interrupted: () => {
        if (call.state === 'answered') {
          this.#setDeadline(call, this.#options.returnMs, 'failed');
        }
      },
      ended: (end) => this.#phoneEnded(call, phone(), end),
    };
  }

  #phoneEnded(call: Call, ended: CallPhone, end: Parameters<PhoneLegEvents['ended']>[0]): void {
    const isInvolved = call.phones.has(ended.leg.callId);
    call.phones.delete(ended);
    const { phone } = partiesOf(call).find((party) => party.phone?.legId === ended.leg.callId) ?? {};
    if (phone) {
      Object.assign(phone, { codec: end.codec, mos: end.mos });
    }
    if (call.state === 'ended') {
      if (phone && call.answeredAtMs !== undefined) {
        this.#options.history.put(call);
      }
    } else if (call.state === 'answered') {
      // A phone that was transferred leaves its place to another one.
      if (phone && end.endCause !== 'transferred') {
        this.#end(call, call.phonesEntered > 0 ? 'completed' : 'failed');
      }
    } else if (ended.placed) {
      this.#end(call, 'cancelled');
    } else if (isInvolved) {
      this.#phoneRefused(call, end.sipStatus);
    }
  }

  /** A phone that rang refused. A 6xx is the person's decision for all phones and devices (RFC 3261 §21.6). */
  #phoneRefused(call: Call, status: number | null): void {
    const outcome = outcomeOfStatus(status);
    call.phones.refusals.add(outcome);
    if (status !== null && status >= 600) {
      this.#end(call, outcome);
    } else if (!call.phones.rings && !this.#isReachable(call.callee.accountId)) {
      this.#giveUp(call, call.phones.refusal);
    }
  }
}

function partiesOf({ caller, callee }: Pick<Call, 'caller' | 'callee'>): readonly Party[] {
  return [caller, callee];
}

function personOf({ accountId, displayName, number }: Party): DirectCall['person'] {
  return number === undefined
    ? { accountId, displayName }
    : { displayName, ...(number !== '' && { number }) };
}

function viewOf(call: Call, accountId: string, endpoint: Endpoint): DirectCall {
  const isCaller = call.caller.accountId === accountId;
  const forwardedBy = call.forwardedBy.find((party) => party.accountId !== accountId);
  const [self, other] = isCaller ? [call.caller, call.callee] : [call.callee, call.caller];
  const { callId, media, state, startedAtMs, answeredAtMs, endedAtMs, outcome, roomId } = call;
  return {
    callId,
    direction: isCaller ? 'outgoing' : 'incoming',
    person: personOf(other),
    media,
    state,
    here: isSameEndpoint(self.endpoint, endpoint),
    ...(self.phone && { phone: self.phone.number }),
    ...(!isCaller && forwardedBy && { forwardedBy: forwardedBy.displayName }),
    ...(!isCaller && call.waiting && { waiting: true }),
    startedAtMs,
    ...(answeredAtMs !== undefined && { answeredAtMs }),
    ...(endedAtMs !== undefined && { endedAtMs }),
    ...(outcome !== undefined && { outcome }),
    ...(state === 'answered' && { roomId }),
  };
}
