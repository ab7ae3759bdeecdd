import type { EventData, RequestInput, RequestResult } from '../../contract/index.ts';
import type { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { Room } from './room.ts';

/** A call between this account and another person, or a telephone. */
export type DirectCall = EventData<'call.changed'>['call'];
/** A call that is over. */
export type RecentCall = RequestResult<'call.list'>['calls'][number];
export type RecentCallsPage = RequestInput<'call.list'>;
export type CallSettings = EventData<'call.settings'>;
export type CallMedia = DirectCall['media'];

export interface DirectCallsEvents {
  /** A call has begun, changed or ended. */
  changed: [call: DirectCall];
  /** The list of recent calls has changed. `missed`: how many missed ones no device has shown yet. */
  recent: [missed: number];
  settings: [CallSettings];
}

interface DirectCallsHost {
  readonly connection: Connection;
  /** The room that this client is in. */
  room(): Room | undefined;
}

const ORDER = { calling: 0, ringing: 1, answered: 2, ended: 3 } as const;

/**
 * Calls between this account and other people, which ring on all devices that watch(). When a call of this client is answered, join its
 * `roomId`; the room is left when the call ends.
 */
export class DirectCalls extends Emitter<DirectCallsEvents> {
  readonly #host: DirectCallsHost;
  readonly #clientId = crypto.randomUUID();
  readonly #calls = new Map<string, DirectCall>();
  /** Ids of calls that are over, whose late answers are ignored. */
  readonly #ended = new Set<string>();
  #unlisten: Array<() => void> = [];
  #missed = 0;
  #settings: CallSettings | undefined;
  #dialsNumbers = false;

  /** @internal */
  constructor(host: DirectCallsHost) {
    super();
    this.#host = host;
  }

  /** The calls of this account that ring or are in progress, on any device. */
  get current(): readonly DirectCall[] {
    return [...this.#calls.values()];
  }

  /** Number of missed calls that no device has shown yet. */
  get missed(): number {
    return this.#missed;
  }

  /** Who may call this account; undefined before watch(). */
  get settings(): CallSettings | undefined {
    return this.#settings;
  }

  /** Whether this account may call telephone numbers; false before watch(). */
  get dialsNumbers(): boolean {
    return this.#dialsNumbers;
  }

  /** Makes this client ring until it is closed. Harmless if it does already. @throws {CanopyError} FORBIDDEN - for guests */
  async watch(): Promise<void> {
    if (this.#unlisten.length > 0) {
      return;
    }
    const { connection } = this.#host;
    this.#unlisten = [
      connection.on('call.changed', ({ call }) => this.#apply(call)),
      connection.on('call.recent', ({ missed }) => this.#setMissed(missed)),
      connection.on('call.settings', (settings) => this.#setSettings(settings)),
      connection.on('state', (state) => {
        if (state === 'connected') {
          // A failure means another reconnect, which tries again.
          this.#sync().catch(() => {});
        }
      }),
    ];
    try {
      await this.#sync();
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  /**
   * Calls somebody by their account id or alias, or a telephone number (`tel:+49301234`). Resolves while it rings, or with `ended` if it cannot ring. If they are calling this
   * account, their call is answered.
   *
   * @param options `withheld`: for telephone numbers; whoever is called must not learn who calls
   * @throws {CanopyError} PERSON_UNKNOWN, CALL_BARRED, IN_ANOTHER_CALL, RATE_LIMITED, FORBIDDEN; CALL_REFUSED - the dial plan does not permit
   * the number; GATEWAY_MISSING
   */
  async start(
    to: string,
    { media = 'audio', withheld = false }: { media?: CallMedia; withheld?: boolean } = {},
  ): Promise<DirectCall> {
    await this.watch();
    const callId = crypto.randomUUID();
    const { call } = await this.#request('call.start', {
      callId,
      clientId: this.#clientId,
      to,
      media,
      ...(withheld && { withheld }),
    });
    return this.#apply(call);
  }

  /** Answers a call here. Then join its `roomId`. @throws {CanopyError} CALL_TAKEN - another device was first; CALL_ENDED */
  async answer(callId: string): Promise<DirectCall> {
    const { call } = await this.#request('call.answer', { callId, clientId: this.#clientId });
    return this.#apply(call);
  }

  /** Declines a call on all devices. */
  async decline(callId: string): Promise<void> {
    await this.#request('call.decline', { callId, clientId: this.#clientId });
  }

  /** Cancels or hangs up a call, for both. */
  async end(callId: string): Promise<void> {
    await this.#request('call.end', { callId, clientId: this.#clientId });
  }

  /** Calls that are over, latest first. */
  async recent(page: RecentCallsPage = {}): Promise<RecentCall[]> {
    const { calls, missed } = await this.#request('call.list', page);
    if (missed !== this.#missed) {
      this.#setMissed(missed);
    }
    return calls;
  }

  /** The user has seen the missed calls until this Unix time in milliseconds. */
  async see(untilMs = Date.now()): Promise<void> {
    await this.#request('call.seen', { untilMs });
  }

  /** Deletes these calls from this account's list, or all. */
  async forget(callIds?: readonly string[]): Promise<void> {
    await this.#request('call.forget', callIds ? { callIds: [...callIds] } : {});
  }

  /** Changes who may call this account. Returns all settings. */
  configure(change: Partial<CallSettings> = {}): Promise<CallSettings> {
    return this.#request('call.configure', change);
  }

  /** Bars somebody from calling this account, or lifts that. */
  async block(accountId: string, blocked = true): Promise<void> {
    await this.#request('call.block', { accountId, blocked });
  }

  /** The people whom this account has barred, latest first. */
  async blocked(): Promise<RequestResult<'call.blocked'>['people']> {
    return (await this.#request('call.blocked', {})).people;
  }

  /** @internal Stops ringing, and cancels a call that this client has placed. */
  async close(): Promise<void> {
    this.#stop();
    const clientId = this.#clientId;
    const { connection } = this.#host;
    const placed = this.current.filter(({ here, state }) => here && ORDER[state] < ORDER.answered);
    await Promise.all(
      placed.map(({ callId }) => connection.requestNow('call.end', { callId, clientId }).catch(() => {})),
    );
  }

  #request: Connection['request'] = (name, data) => this.#host.connection.request(name, data);

  async #sync(): Promise<void> {
    const { calls, missed, settings, numbers } = await this.#request('call.watch', {
      clientId: this.#clientId,
    });
    this.#dialsNumbers = numbers ?? false;
    const known = new Set(calls.map(({ callId }) => callId));
    for (const call of this.current) {
      if (!known.has(call.callId)) {
        // It ended while this client was away.
        this.#apply({ ...call, state: 'ended', endedAtMs: Date.now() });
      }
    }
    for (const call of calls) {
      this.#apply(call);
    }
    this.#setMissed(missed);
    this.#setSettings(settings);
  }

  /** Applies a state unless a newer one is known. Returns the newest. */
  #apply(call: DirectCall): DirectCall {
    const { callId, state } = call;
    const known = this.#calls.get(callId);
    if (this.#ended.has(callId) || (known && ORDER[known.state] > ORDER[state])) {
      return known ?? call;
    }
    if (state === 'ended') {
      this.#calls.delete(callId);
      this.#ended.add(callId);
      this.#leave(known?.roomId);
    } else {
      this.#calls.set(callId, call);
    }
    if (call.direction === 'incoming' && state === 'calling') {
      this.#request('call.ringing', { callId }).catch(() => {});
    }
    this.emit('changed', call);
    return call;
  }

  /** Leaves the room of a call that is over. */
  #leave(roomId: string | undefined): void {
    const room = this.#host.room();
    if (room && room.roomId === roomId) {
      void room.leave();
    }
  }

  #setMissed(missed: number): void {
    this.#missed = missed;
    this.emit('recent', missed);
  }

  #setSettings(settings: CallSettings): void {
    this.#settings = settings;
    this.emit('settings', settings);
  }

  #stop(): void {
    for (const unlisten of this.#unlisten.splice(0)) {
      unlisten();
    }
  }
}
