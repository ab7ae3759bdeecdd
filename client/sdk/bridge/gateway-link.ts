import type { CallRecord, EventData, RequestInput, TelephonyConfig } from '../../../contract/index.ts';
import { CanopyError } from '../../../contract/light.ts';
import { Connection, type ConnectionOptions, type ConnectionState } from '../connection.ts';
import { Emitter } from '../emitter.ts';
import { Reconciler } from '../reconciler.ts';
import { Outbox } from './outbox.ts';

type TrunkRegistrations = RequestInput<'gateway.trunks'>['registrations'];

export interface GatewayLinkEvents {
  /** `error` says why it closed: SESSION_REPLACED when another gateway has taken over. */
  state: [state: ConnectionState, error: CanopyError | undefined];
  /** The settings have changed, or may have while the connection was away. */
  config: [TelephonyConfig];
  /** A room asks for a call. Tell of a failure by dialFailed(). */
  dial: [EventData<'gateway.dial'>];
  /** An administrator ends a call. */
  'hang-up': [EventData<'gateway.hangUp'>];
}

/**
 * The gateway's control connection: settings come by it, and calls that rooms ask for. It comes back by itself, and what became of calls
 * meanwhile is told then.
 */
export class GatewayLink extends Emitter<GatewayLinkEvents> {
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #trunks: Reconciler;
  /** Calls that go on, and those whose end the server has not heard of yet: else it would think them lost. */
  readonly #active = new Set<string>();
  #config: TelephonyConfig;
  /** How the trunks stand, as told last. */
  #registrations: TrunkRegistrations = [];

  private constructor(connection: Connection, config: TelephonyConfig) {
    super();
    this.#connection = connection;
    this.#outbox = new Outbox(connection);
    this.#trunks = new Reconciler({
      pass: async () => {
        await connection.request('gateway.trunks', { registrations: this.#registrations });
      },
    });
    this.#config = config;
    // Registered anew before anything that waits is sent.
    connection.onReturn = async () => {
      // What the server sends has the defaults filled in.
      const callIds = [...this.#active];
      const config = (await connection.requestNow('gateway.register', { callIds })) as TelephonyConfig;
      await connection.requestNow('gateway.trunks', { registrations: this.#registrations });
      this.#setConfig(config);
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
    connection.on('gateway.hangUp', (call) => this.emit('hang-up', call));
  }

  /** Connects and takes charge of the server's calls. Rejects with FORBIDDEN (the role is not `bridge`), and as connect() does. */
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
   * Notes the present state of a call in the history: at its start, answer and end. Resolves when the server has noted it or a later one,
   * however long it is away. Rejects with the server's refusal, SERVER_BUSY when too much waits, or CONNECTION_LOST when closed.
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

  /** A call that was asked for did not come about. Resolves and rejects as record() does. */
  dialFailed(callId: string, error: CanopyError): Promise<void> {
    return this.#outbox.put(`${callId} failed`, 'gateway.dialFailed', { callId, error: error.toJSON() });
  }

  /** Resolves when the server has heard everything that it was to be told, or the connection is closed. */
  settled(): Promise<void> {
    return this.#outbox.emptied();
  }

  /** Tells how all trunks that are registered at stand, after each change. A server that comes back is told by the link itself. */
  async trunksRegistered(registrations: TrunkRegistrations): Promise<void> {
    this.#registrations = registrations;
    await this.#trunks.run();
  }

  /** Drops the connection and makes it anew at once. */
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
