import type {
  CallRecord,
  EventData,
  MeasuredCall,
  RequestInput,
  TelephonyConfig,
  TracedMessage,
} from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import { Connection, type ConnectionOptions, type ConnectionState } from '../connection.ts';
import { Emitter } from '../emitter.ts';
import { Reconciler } from '../reconciler.ts';
import { Outbox } from './outbox.ts';
import { RegistrationSaver } from './registration-saver.ts';

type TrunkContacts = NonNullable<RequestInput<'gateway.trunks'>['contacts']>;
type TrunkRegistrations = RequestInput<'gateway.trunks'>['registrations'];

export interface GatewayLinkEvents {
  /** `error`: why it closed; SESSION_REPLACED if another gateway has taken over. */
  state: [state: ConnectionState, error: CanopyError | undefined];
  /** The settings have changed, or may have changed while the connection was lost. */
  config: [TelephonyConfig];
  /** A room requests a call. Report a failure with dialFailed(). */
  dial: [EventData<'gateway.dial'>];
  /** An administrator wants to see the SIP messages of a call. Answer with traced(). */
  trace: [EventData<'gateway.trace'>];
  /** An administrator transfers a call. */
  transfer: [EventData<'gateway.transfer'>];
  /** An administrator ends a call. */
  'hang-up': [EventData<'gateway.hangUp'>];
  /** A direct call rings this phone. Report with ringing() and answered(), and a failure with dialFailed(). */
  ring: [EventData<'gateway.ring'>];
  /** The person whom a phone calls is being rung. */
  progress: [EventData<'gateway.progress'>];
  /** The person whom a phone calls has answered. */
  connect: [EventData<'gateway.connect'>];
}

/**
 * The gateway's control connection: it delivers settings and rooms' requests for calls. It reconnects automatically, and then reports what
 * happened to calls in the meantime.
 */
export class GatewayLink extends Emitter<GatewayLinkEvents> {
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #trunks: Reconciler;
  /** Saves registrations for the gateway's next start. */
  readonly saved: RegistrationSaver;
  /** Calls in progress, and calls whose end the server has not acknowledged; it would otherwise consider them lost. */
  readonly #active = new Set<string>();
  #config: TelephonyConfig;
  /** The last reported trunk registrations. */
  #registrations: TrunkRegistrations = [];
  #contacts: TrunkContacts = [];
  /** Number of calls in the last report of their quality. */
  #measured = 0;

  private constructor(connection: Connection, config: TelephonyConfig) {
    super();
    this.#connection = connection;
    this.#outbox = new Outbox(connection);
    this.#trunks = new Reconciler({
      pass: async () => {
        await connection.request('gateway.trunks', {
          registrations: this.#registrations,
          contacts: this.#contacts,
        });
      },
    });
    this.saved = new RegistrationSaver(connection);
    this.#config = config;
    // Re-registers before waiting requests are sent.
    connection.onReturn = async () => {
      const callIds = [...this.#active];
      // The server has filled in the defaults.
      const config = (await connection.requestNow('gateway.register', { callIds })) as TelephonyConfig;
      await connection.requestNow('gateway.trunks', {
        registrations: this.#registrations,
        contacts: this.#contacts,
      });
      this.#setConfig(config);
      this.saved.retry();
      return true;
    };
    connection.on('state', (state, error) => {
      if (state === 'closed') {
        this.#trunks.stop();
      }
      this.emit('state', state, error);
    });
    connection.on('gateway.config', (changed) => this.#setConfig(changed));
    connection.on('gateway.dial', (call) => this.emit('dial', call));
    connection.on('gateway.trace', (request) => this.emit('trace', request));
    connection.on('gateway.transfer', (transfer) => this.emit('transfer', transfer));
    connection.on('gateway.hangUp', (call) => this.emit('hang-up', call));
    connection.on('gateway.ring', (call) => this.emit('ring', call));
    connection.on('gateway.progress', (call) => this.emit('progress', call));
    connection.on('gateway.connect', (call) => this.emit('connect', call));
  }

  /** Connects and registers as the server's gateway. @throws {CanopyError} FORBIDDEN - the role is not `bridge`; and as connect() does */
  static async connect(options: ConnectionOptions): Promise<GatewayLink> {
    const connection = new Connection(options);
    try {
      await connection.open();
      const config = await connection.request('gateway.register', {});
      return new GatewayLink(connection, config as TelephonyConfig);
    } catch (error) {
      connection.close(CanopyError.from(error));
      throw error;
    }
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  get config(): TelephonyConfig {
    return this.#config;
  }

  /**
   * Records a call's state in the call history: at its start, answer and end. Resolves when the server has recorded this or a later state,
   * however long the connection is lost.
   *
   * @throws {CanopyError} SERVER_BUSY - too many records are waiting; CONNECTION_LOST - the link is closed; and the server's refusals
   */
  async record(call: CallRecord): Promise<void> {
    this.#active.add(call.callId);
    try {
      await this.#outbox.put(call.callId, 'gateway.record', call);
    } finally {
      if (call.endedAtMs !== null) {
        this.#active.delete(call.callId);
      }
    }
  }

  /** Reports that a requested call failed. Resolves and rejects as record() does. */
  dialFailed(callId: string, error: CanopyError, sipStatus?: number): Promise<void> {
    return this.#outbox.put(`${callId} failed`, 'gateway.dialFailed', {
      callId,
      error: error.toJSON(),
      ...(sipStatus !== undefined && { sipStatus }),
    });
  }

  /** A phone of a direct call rings. */
  async ringing(callId: string): Promise<void> {
    await this.#connection.request('gateway.ringing', { callId });
  }

  /**
   * A phone of a direct call was answered. Returns the room to bring it into.
   *
   * @throws {CanopyError} CALL_TAKEN - another device was first; CALL_ENDED, CALL_UNKNOWN
   */
  async answered(callId: string): Promise<string> {
    return (await this.#connection.request('gateway.answered', { callId })).roomId;
  }

  /**
   * A phone calls a person. `progress`, `connect` and `hang-up` follow; record() reports its end.
   *
   * @throws {CanopyError} PERSON_UNKNOWN, CALL_BARRED, IN_ANOTHER_CALL, RATE_LIMITED
   */
  async call(call: RequestInput<'gateway.call'>): Promise<void> {
    await this.#connection.request('gateway.call', call);
  }

  /** Resolves when the server has acknowledged everything, or the connection is closed. */
  settled(): Promise<void> {
    return this.#outbox.emptied();
  }

  /**
   * Reports the state of all trunk registrations and next hops; call it after each change. The link repeats the report after reconnecting.
   */
  async trunksRegistered(registrations: TrunkRegistrations, contacts: TrunkContacts = []): Promise<void> {
    this.#registrations = registrations;
    this.#contacts = contacts;
    await this.#trunks.run();
  }

  /** Reports the quality of all answered calls. A report that does not arrive is lost; the next one replaces it. Never rejects. */
  async measured(calls: MeasuredCall[]): Promise<void> {
    if (calls.length + this.#measured > 0 && this.state === 'connected') {
      this.#measured = calls.length;
      await this.#connection.request('gateway.quality', { calls }).catch(() => {});
    }
  }

  /** Sends the SIP messages of a call that the server asked for, one by one: each may be long. Never rejects. */
  async traced(traceId: string, messages: readonly TracedMessage[]): Promise<void> {
    try {
      for (const message of [...messages, null]) {
        await this.#connection.request('gateway.traced', { traceId, message });
      }
    } catch {
      // The server stops waiting by itself.
    }
  }

  /**
   * Reports what was used of trunks, as totals.
   *
   * @throws {CanopyError} CONNECTION_LOST - there is no connection now; report it later; and the server's refusals
   */
  async trunksUsed(usage: RequestInput<'gateway.usage'>['usage']): Promise<void> {
    if (this.#connection.state !== 'connected') {
      throw new CanopyError('CONNECTION_LOST');
    }
    await this.#connection.request('gateway.usage', { usage });
  }

  /** Reports that a trunk comes close to a limit, or has reached it. Resolves and rejects as record() does. */
  trunkAlarm(alarm: RequestInput<'gateway.trunkAlarm'>): Promise<void> {
    const { trunk, kind, prefix, level } = alarm;
    return this.#outbox.put(`${trunk} ${kind} ${prefix} ${level}`, 'gateway.trunkAlarm', alarm);
  }

  /** Drops the connection and reconnects at once. */
  reconnect(): void {
    this.#connection.reconnect();
  }

  close(): void {
    this.#connection.close();
  }

  #setConfig(config: TelephonyConfig): void {
    this.#config = config;
    this.emit('config', config);
  }
}
