import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { CanopyError, type Config, type Logger } from '../../../base/index.ts';
import {
  type CallRecord,
  type DialRoute,
  type ErrorBody,
  type MeasuredCall,
  routeDial,
  type TelephonyConfig,
  type TracedMessage,
  type TrunkAlarm,
  type TrunkContact,
  type TrunkRegistration,
} from '../../../contract/index.ts';
import type { Kernel, Peer, Rooms } from '../../kernel/index.ts';
import { type Session, TokenBucket } from '../../kernel/index.ts';
import { BarredNumbers } from './barred-numbers.ts';
import type { CallEntry, Calls } from './calls.ts';
import { demandTransfer } from './demand-transfer.ts';
import { dialRefusal } from './dial-refusal.ts';
import type { PersonPhones } from './person-phones.ts';
import { PhoneLegs } from './phone-legs.ts';
import type { SavedRegistrationStore } from './saved-registration-store.ts';
import { TelephonyAdministration } from './telephony-administration.ts';
import type { TelephonySettings } from './telephony-settings.ts';
import { TraceRequests } from './trace-requests.ts';
import type { TrunkUsages } from './trunk-usages.ts';

export interface TelephonyOptions {
  config: Config;
  log: Logger;
  settings: TelephonySettings;
  calls: Calls;
  usages: TrunkUsages;
  phones: PersonPhones;
  registrations: SavedRegistrationStore;
  rooms: Rooms;
  entry: Kernel['entry'];
  happenings: Kernel['happenings'];
}

export interface DialRequest {
  roomId: string;
  target: string;
  /** Name of the callee in the room. Default: the display name of the phone called, else the number dialled. */
  displayName?: string | undefined;
  /** Name of the caller, shown to the callee; absent for applications. */
  caller?: string;
  /** Whether the callee must not learn who calls. Default false. */
  withheld?: boolean | undefined;
  /** The requesting account, or `api`. The rate limit applies to each. */
  by: string;
  /** The requesting account, for the history. */
  accountId?: string;
  /** The peer that is notified of a failure; absent for applications. */
  peerId?: string;
}

/** Calls per minute that an account may place; also the burst (threat 19). */
const DIALS_PER_MINUTE = 10;
/** The same limit for all applications together. */
const API_DIALS_PER_MINUTE = 600;
/** How long the requester is notified if a call fails, in milliseconds. */
const PENDING_MS = 300_000;

/** The server's side of telephony: settings, the gateway's control connection, and calls requested by rooms. */
export class Telephony {
  readonly settings: TelephonySettings;
  readonly calls: Calls;
  readonly usages: TrunkUsages;
  /** Phones and numbers of people. */
  readonly phones: PersonPhones;
  /** Phones in direct calls. */
  readonly legs: PhoneLegs;
  readonly registrations: SavedRegistrationStore;
  readonly traces = new TraceRequests();
  readonly administration: TelephonyAdministration;
  readonly #options: TelephonyOptions;
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: 10_000 });
  /** The requesters of calls that are not answered yet, by call id. */
  readonly #requests = new LRUCache<string, { roomId: string; peerId: string }>({
    max: 10_000,
    ttl: PENDING_MS,
  });
  readonly #barred = new BarredNumbers();
  /** The accounts that placed calls, by call id. */
  readonly #placedBy = new LRUCache<string, string>({ max: 10_000 });
  /** What was last reported about each call. */
  readonly #reported = new LRUCache<string, 'call.started' | 'call.ended'>({ max: 10_000 });
  #gateway: Session | null = null;
  /** Of calls in progress. */
  #measured: ReadonlyMap<string, Pick<MeasuredCall, 'mos' | 'quality'>> = new Map();
  /** By trunk, as last reported by the gateway in charge. */
  #registrations: ReadonlyMap<string, TrunkRegistration> = new Map();
  #contacts: ReadonlyArray<TrunkContact & { trunk: string }> = [];

  constructor(options: TelephonyOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.calls = options.calls;
    this.usages = options.usages;
    this.phones = options.phones;
    this.legs = new PhoneLegs((event, data) => {
      if (this.ready) {
        this.#gateway?.connection.send(event, data);
      }
    }, options.log);
    this.registrations = options.registrations;
    this.administration = new TelephonyAdministration({
      settings: options.settings,
      realm: options.config.sip.realm,
      changed: () => this.#sendConfig(),
    });
  }

  /** Whether a gateway has been connected since the server started. */
  get hadGateway(): boolean {
    return this.#gateway !== null;
  }

  /** Whether a gateway is connected. */
  get ready(): boolean {
    return this.#gateway !== null && !this.#gateway.closed;
  }

  /** The complete configuration of a gateway. */
  async config(): Promise<TelephonyConfig> {
    const { realm, language } = this.#options.config.sip;
    const [settings, people] = await Promise.all([this.settings.load(), this.phones.numbers()]);
    const numbers = people.map(({ number }) => number);
    return { realm, language, ...settings, ...(numbers.length > 0 && { numbers }) };
  }

  /** Puts a gateway in charge, and ends the connection of the previous one. @throws {CanopyError} CONNECTION_LOST */
  async register(
    session: Session,
    callIds: string[],
    restarted = callIds.length === 0,
  ): Promise<TelephonyConfig> {
    for (const lost of await this.calls.endOthers(callIds, Date.now())) {
      this.#report(lost);
    }
    const nowMs = Date.now();
    await this.usages.prune(nowMs);
    const usage = await this.usages.recent(nowMs);
    const config = { ...(await this.config()), ...(usage.length > 0 && { usage }) };
    if (session.closed) {
      throw new CanopyError('CONNECTION_LOST');
    }
    const before = this.#gateway;
    this.#gateway = session;
    this.#registrations = new Map();
    this.#contacts = [];
    this.#measured = new Map();
    if (before && before !== session) {
      before.connection.end('SESSION_REPLACED');
    }
    this.legs.registered(callIds, restarted);
    session.log.info('phone gateway connected');
    if (before === null) {
      this.#offerCalls();
    }
    if (restarted) {
      // It has just started, so nobody returns to the seats of an earlier process.
      this.#clearSeats(session);
    }
    // Calls requested from a previous gateway, or whose request was lost with the connection, have failed.
    for (const callId of [...this.#requests.keys()].filter((id) => !callIds.includes(id))) {
      this.dialFailed(callId, new CanopyError('GATEWAY_MISSING').toJSON());
    }
    return config;
  }

  /** Removes what an earlier process of this gateway has left in rooms. Its phones may come back, also into locked rooms. */
  #clearSeats(session: Session): void {
    const { rooms, entry } = this.#options;
    const own = session.principal?.device.deviceId;
    const isLeft = ({ connection, deviceId }: Peer) => connection === null && deviceId === own;
    for (const room of rooms.all) {
      for (const peer of [...room.peers.values()].filter(isLeft)) {
        for (const participantId of peer.participants.keys()) {
          entry.expectPhone(room.roomId, participantId);
        }
      }
    }
    rooms.remove(isLeft, 'lost');
  }

  /** People who are inside may call phones from now on. */
  #offerCalls(): void {
    for (const room of this.#options.rooms.all) {
      for (const peer of room.peers.values()) {
        room.showRoles(peer);
      }
    }
  }

  isGateway(session: Session): boolean {
    return this.#gateway === session;
  }

  /**
   * Asks the gateway to place a call into a room. The call appears in the room, or `call.failed` is sent to the requester.
   *
   * @throws {CanopyError} RATE_LIMITED, CALL_REFUSED, EMERGENCY_CALL_REFUSED, TRUNK_NUMBER_BARRED, GATEWAY_MISSING
   */
  async dial({
    roomId,
    target,
    displayName,
    caller,
    withheld,
    by,
    accountId,
    peerId,
  }: DialRequest): Promise<{ callId: string }> {
    const { gateway, route, name } = await this.route(target, by, roomId);
    const callId = randomUUID();
    if (peerId !== undefined) {
      this.#requests.set(callId, { roomId, peerId });
    }
    if (accountId !== undefined) {
      this.placed(callId, accountId);
    }
    const shown = displayName ?? name;
    gateway.connection.send('gateway.dial', {
      callId,
      roomId,
      target,
      displayName: shown,
      ...(caller !== undefined && { caller }),
      ...(withheld && { withheld }),
    });
    this.#options.log.info({ roomId, by, callId, route: route.type }, 'call requested');
    return { callId };
  }

  /**
   * Where a dialled number leads, with the name to show for it. Counts as a call of `by`.
   *
   * @throws {CanopyError} RATE_LIMITED, CALL_REFUSED, EMERGENCY_CALL_REFUSED, TRUNK_NUMBER_BARRED, GATEWAY_MISSING
   */
  async route(
    target: string,
    by: string,
    roomId?: string,
  ): Promise<{ gateway: Session; route: DialRoute; name: string }> {
    if (!this.#bucketOf(by).take(performance.now())) {
      throw new CanopyError('RATE_LIMITED', 'too many calls per minute');
    }
    const settings = await this.settings.load();
    const route = routeDial(settings, target);
    const nowMs = Date.now();
    const refusal = dialRefusal(settings, target, route, nowMs);
    if (!route || refusal) {
      const error = new CanopyError(refusal?.code ?? 'CALL_REFUSED');
      this.#options.log.warn({ roomId, by, target, err: error }, 'call refused');
      const alarm = refusal?.barredBy && this.#barred.count(refusal.barredBy, nowMs);
      if (alarm) {
        this.alarm(alarm);
      }
      throw error;
    }
    const gateway = this.#gateway;
    if (!gateway || gateway.closed) {
      throw new CanopyError('GATEWAY_MISSING');
    }
    const called = route.type === 'phone' ? route.username : route.number;
    const account = settings.phones.find(({ username }) => route.type === 'phone' && username === called);
    return { gateway, route, name: account?.displayName ?? called.slice(0, 64) };
  }

  /** Notifies the requester of a call that it failed. */
  dialFailed(callId: string, error: ErrorBody, sipStatus?: number): void {
    this.legs.failed(callId, sipStatus ?? null);
    const request = this.#requests.get(callId);
    if (request) {
      this.#requests.delete(callId);
      const peer = this.#options.rooms.find(request.roomId)?.peers.get(request.peerId);
      peer?.send('call.failed', { callId, error });
    }
  }

  /** Takes the gateway's report of all trunk registrations and next hops. */
  trunksRegistered(
    registrations: ReadonlyArray<TrunkRegistration & { trunk: string }>,
    contacts: ReadonlyArray<TrunkContact & { trunk: string }>,
  ): void {
    this.#contacts = contacts;
    this.#registrations = new Map(
      registrations.map(({ trunk, ...registration }) => [trunk, registration] as const),
    );
  }

  /** A trunk comes close to one of its limits, or has reached it. */
  alarm(alarm: TrunkAlarm): void {
    this.#options.happenings.emit('trunk.alarm', alarm);
  }

  /** The registration of a trunk; null if it does not register, or no gateway has reported. */
  registrationOf(trunk: string): TrunkRegistration | null {
    return (this.ready && this.#registrations.get(trunk)) || null;
  }

  /** Which next hops of a trunk answer; empty if it does not ask, or no gateway has reported. */
  contactsOf(trunk: string): TrunkContact[] {
    return this.#contacts.flatMap(({ trunk: name, ...contact }) =>
      this.ready && name === trunk ? [contact] : [],
    );
  }

  /** Takes the gateway's report on all calls that have been answered. */
  measured(calls: readonly MeasuredCall[]): void {
    this.#measured = new Map(calls.map(({ callId, ...measured }) => [callId, measured]));
  }

  /** Calls from the history, latest first; those in progress with their present quality. */
  async listCalls(filter: Parameters<Calls['list']>[0]): Promise<CallEntry[]> {
    const calls = await this.calls.list(filter);
    return calls.map((call) => ({
      ...call,
      ...(call.endedAtMs === null && this.#measured.get(call.callId)),
    }));
  }

  async record(call: CallRecord): Promise<void> {
    if (call.answeredAtMs !== null) {
      this.#requests.delete(call.callId);
    }
    this.legs.recorded(call);
    const accountId = await this.#personOf(call);
    await this.calls.record({ ...call, ...(accountId !== undefined && { accountId }) });
    this.#report(call);
  }

  /** Notes who placed a call, for the history. */
  placed(callId: string, accountId: string): void {
    this.#placedBy.set(callId, accountId);
  }

  /** The person who placed a call, whose phone it is with, or whose number was called. */
  async #personOf({ callId, direction, phone, dialled }: CallRecord): Promise<string | undefined> {
    const placedBy = this.#placedBy.get(callId);
    if (placedBy !== undefined) {
      return placedBy;
    }
    return phone === undefined
      ? direction === 'incoming'
        ? this.phones.accountAt(dialled)
        : undefined
      : this.phones.ownerOf(phone);
  }

  /** The settings have changed: tells the gateway soon. */
  changed(): void {
    this.#sendConfig().catch((error: unknown) =>
      this.#options.log.error({ err: error }, 'could not send the settings to the gateway'),
    );
  }

  /** The SIP messages of a call, if the gateway still has them. @throws {CanopyError} NOT_FOUND, GATEWAY_MISSING, SERVER_BUSY */
  async trace(callId: string): Promise<TracedMessage[]> {
    if (!(await this.calls.find(callId))) {
      throw new CanopyError('NOT_FOUND', 'no such call');
    }
    const gateway = this.#gateway;
    if (!gateway || gateway.closed) {
      throw new CanopyError('GATEWAY_MISSING');
    }
    return this.traces.request((traceId) => gateway.connection.send('gateway.trace', { traceId, callId }));
  }

  /** Ends a call. @throws {CanopyError} NOT_FOUND, GATEWAY_MISSING */
  async hangUp(callId: string): Promise<void> {
    const call = await this.calls.find(callId);
    if (!call || call.endedAtMs !== null) {
      throw new CanopyError('NOT_FOUND', 'no such call is in progress');
    }
    if (!this.ready) {
      throw new CanopyError('GATEWAY_MISSING');
    }
    this.#gateway?.connection.send('gateway.hangUp', { callId });
  }

  /**
   * Transfers a call that is answered.
   *
   * @throws {CanopyError} NOT_FOUND, BAD_REQUEST, GATEWAY_MISSING, RATE_LIMITED
   * @throws {CanopyError} CALL_REFUSED, EMERGENCY_CALL_REFUSED, TRUNK_NUMBER_BARRED - the target is not permitted
   */
  async transfer(
    callId: string,
    to: { target?: string | undefined; otherCallId?: string | undefined },
  ): Promise<void> {
    const settings = await this.settings.load();
    const [call, other] = await Promise.all(
      [callId, to.otherCallId].map((id) => (id === undefined ? undefined : this.#answered(id))),
    );
    if (call) {
      demandTransfer(settings, { call, other, target: to.target });
    }
    if (!this.#bucketOf('api').take(performance.now())) {
      throw new CanopyError('RATE_LIMITED', 'too many calls per minute');
    }
    const gateway = this.#gateway;
    if (!gateway || gateway.closed) {
      throw new CanopyError('GATEWAY_MISSING');
    }
    gateway.connection.send('gateway.transfer', { callId, ...to });
  }

  /** @throws {CanopyError} NOT_FOUND */
  async #answered(callId: string): Promise<CallRecord> {
    const call = await this.calls.find(callId);
    if (!call || call.answeredAtMs === null || call.endedAtMs !== null) {
      throw new CanopyError('NOT_FOUND', 'no such call is answered and in progress');
    }
    return call;
  }

  /** Sends the changed settings to the gateway. */
  async #sendConfig(): Promise<void> {
    if (this.ready) {
      const config = await this.config();
      this.#gateway?.connection.send('gateway.config', config);
    }
  }

  /** Reports the start and the end of a call, each once: the gateway repeats a record whose answer got lost. */
  #report(call: CallRecord): void {
    const { happenings } = this.#options;
    const reported = this.#reported.get(call.callId);
    if (reported === undefined) {
      happenings.emit('call.started', call);
    }
    if (call.endedAtMs !== null && reported !== 'call.ended') {
      happenings.emit('call.ended', call);
    }
    this.#reported.set(call.callId, call.endedAtMs === null ? (reported ?? 'call.started') : 'call.ended');
  }

  #bucketOf(by: string): TokenBucket {
    let bucket = this.#buckets.get(by);
    if (!bucket) {
      const perMinute = by === 'api' ? API_DIALS_PER_MINUTE : DIALS_PER_MINUTE;
      bucket = new TokenBucket(perMinute / 60, perMinute, performance.now());
      this.#buckets.set(by, bucket);
    }
    return bucket;
  }
}
