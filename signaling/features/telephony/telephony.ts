import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { CanopyError, type Config, type Logger } from '../../../base/index.ts';
import {
  type CallRecord,
  type ErrorBody,
  routeDial,
  type TelephonyConfig,
  type TrunkRegistration,
} from '../../../contract/index.ts';
import type { Rooms } from '../../kernel/index.ts';
import { type Session, TokenBucket } from '../../kernel/index.ts';
import type { Calls } from './calls.ts';
import { TelephonyAdministration } from './telephony-administration.ts';
import type { TelephonySettings } from './telephony-settings.ts';

export interface TelephonyOptions {
  config: Config;
  log: Logger;
  settings: TelephonySettings;
  calls: Calls;
  rooms: Rooms;
}

export interface DialRequest {
  roomId: string;
  target: string;
  /** Name of the callee in the room. Default: the name of the phone's account, else the number dialled. */
  displayName?: string | undefined;
  /** Name of the caller, shown to the callee; absent for applications. */
  caller?: string;
  /** The account that asks, or `api`: each may place so many calls. */
  by: string;
  /** The peer that is told of a failure; absent for applications. */
  peerId?: string;
}

/** Calls that one account may place: so many a minute, and as many at once (threat case 19). */
const DIALS_PER_MINUTE = 10;
/** The same for all applications together. */
const API_DIALS_PER_MINUTE = 600;
/** How long a failure is passed on to whoever asked, in milliseconds. */
const PENDING_MS = 300_000;

/** The server's side of telephony: settings, the gateway's control connection, and calls that rooms ask for. */
export class Telephony {
  readonly settings: TelephonySettings;
  readonly calls: Calls;
  readonly administration: TelephonyAdministration;
  readonly #options: TelephonyOptions;
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: 10_000 });
  /** Who asked for calls that are not up yet, by call. */
  readonly #asked = new LRUCache<string, { roomId: string; peerId: string }>({
    max: 10_000,
    ttl: PENDING_MS,
  });
  #gateway: Session | null = null;
  /** By trunk, as the gateway in charge told last. */
  #registrations: ReadonlyMap<string, TrunkRegistration> = new Map();

  constructor(options: TelephonyOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.calls = options.calls;
    this.administration = new TelephonyAdministration({
      settings: options.settings,
      realm: options.config.sip.realm,
      changed: () => this.#changed(),
    });
  }

  /** Whether a gateway is connected. */
  get ready(): boolean {
    return this.#gateway !== null && !this.#gateway.closed;
  }

  /** The whole of what a gateway must know. */
  async config(): Promise<TelephonyConfig> {
    const { realm, language } = this.#options.config.sip;
    return { realm, language, ...(await this.settings.load()) };
  }

  /** Puts a gateway in charge; one that was before is told that it is replaced. */
  async register(session: Session, callIds: string[]): Promise<TelephonyConfig> {
    await this.calls.endOthers(callIds, Date.now());
    const config = await this.config();
    if (session.closed) {
      throw new CanopyError('CONNECTION_LOST');
    }
    const before = this.#gateway;
    this.#gateway = session;
    this.#registrations = new Map();
    if (before && before !== session) {
      before.connection.end('SESSION_REPLACED');
    }
    session.log.info('phone gateway connected');
    if (callIds.length === 0) {
      // It has just started: nobody comes back for what an earlier process left in rooms.
      const own = session.principal?.device.deviceId;
      this.#options.rooms.remove(
        ({ connection, device }) => connection === null && device.deviceId === own,
        'lost',
      );
    }
    // What was asked of one that has gone, or was lost with its connection, comes to nothing.
    for (const callId of [...this.#asked.keys()].filter((asked) => !callIds.includes(asked))) {
      this.dialFailed(callId, new CanopyError('GATEWAY_MISSING').toJSON());
    }
    return config;
  }

  isGateway(session: Session): boolean {
    return this.#gateway === session;
  }

  /**
   * Asks the gateway for a call into a room. What comes of it shows in the room, or is told by `call.failed`.
   *
   * @throws {CanopyError} RATE_LIMITED, CALL_REFUSED, GATEWAY_MISSING
   */
  async dial({ roomId, target, displayName, caller, by, peerId }: DialRequest): Promise<{ callId: string }> {
    if (!this.#bucketOf(by).take(performance.now())) {
      throw new CanopyError('RATE_LIMITED', 'too many calls per minute');
    }
    const settings = await this.settings.load();
    const route = routeDial(settings, target);
    if (!route) {
      this.#options.log.warn({ roomId, by, target }, 'call refused by the dial plan');
      throw new CanopyError('CALL_REFUSED');
    }
    const gateway = this.#gateway;
    if (!gateway || gateway.closed) {
      throw new CanopyError('GATEWAY_MISSING');
    }
    const callId = randomUUID();
    if (peerId !== undefined) {
      this.#asked.set(callId, { roomId, peerId });
    }
    const called = route.type === 'phone' ? route.username : route.number;
    const account = settings.phones.find(({ username }) => route.type === 'phone' && username === called);
    const shown = displayName ?? account?.displayName ?? called.slice(0, 64);
    gateway.connection.send('gateway.dial', {
      callId,
      roomId,
      target,
      displayName: shown,
      ...(caller !== undefined && { caller }),
    });
    this.#options.log.info({ roomId, by, callId, route: route.type }, 'call requested');
    return { callId };
  }

  /** A call did not come about: tells whoever asked for it. */
  dialFailed(callId: string, error: ErrorBody): void {
    const asked = this.#asked.get(callId);
    if (asked) {
      this.#asked.delete(callId);
      const peer = this.#options.rooms.find(asked.roomId)?.peers.get(asked.peerId);
      peer?.send('call.failed', { callId, error });
    }
  }

  /** How all trunks that are registered at stand now. */
  trunksRegistered(registrations: ReadonlyArray<TrunkRegistration & { trunk: string }>): void {
    this.#registrations = new Map(
      registrations.map(({ trunk, ...registration }) => [trunk, registration] as const),
    );
  }

  /** How a trunk stands; null for one that does not register, and while no gateway has told. */
  registrationOf(trunk: string): TrunkRegistration | null {
    return (this.ready && this.#registrations.get(trunk)) || null;
  }

  async record(call: CallRecord): Promise<void> {
    if (call.answeredAtMs !== null) {
      this.#asked.delete(call.callId);
    }
    await this.calls.record(call);
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

  /** Tells the gateway that the settings have changed. */
  async #changed(): Promise<void> {
    if (this.ready) {
      const config = await this.config();
      this.#gateway?.connection.send('gateway.config', config);
    }
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
