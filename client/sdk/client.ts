import type { types } from 'mediasoup-client';
import type { RequestInput, RequestResult } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import {
  Connection,
  type ConnectionEvents,
  type ConnectionOptions,
  type ConnectionState,
} from './connection.ts';
import { Emitter } from './emitter.ts';
import { type Identity, serverInfo } from './identity/index.ts';
import { requirePlatform } from './requirements.ts';
import { type JoinOptions, Room } from './room.ts';

export interface ConnectOptions extends ConnectionOptions {
  /** Makes the WebRTC device. Default: mediasoup-client's for this browser. */
  createDevice?: () => Promise<types.Device>;
}

export interface ClientEvents {
  state: ConnectionEvents['state'];
}

export type Account = RequestResult<'auth.prove'>;

async function createBrowserDevice(): Promise<types.Device> {
  const { Device } = await import('mediasoup-client');
  return Device.factory();
}

/** A connection to a server, signed in by certificate. Made by connect(). It is in one room at a time. */
export class Client extends Emitter<ClientEvents> {
  readonly identity: Identity;
  /** Who the server says this is. */
  readonly account: Account;
  readonly #connection: Connection;
  readonly #createDevice: () => Promise<types.Device>;
  #room: Room | undefined;

  private constructor(options: ConnectOptions, connection: Connection, account: Account) {
    super();
    this.identity = options.identity;
    this.account = account;
    this.#connection = connection;
    this.#createDevice = options.createDevice ?? createBrowserDevice;
    connection.on('state', (state, error) => this.emit('state', state, error));
  }

  /** @internal */
  static async connect(options: ConnectOptions): Promise<Client> {
    requirePlatform();
    const connection = new Connection(options);
    try {
      const account = await connection.open();
      return new Client(options, connection, account);
    } catch (error) {
      throw await explained(CanopyError.from(error), connection.origin);
    }
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  /** The room that it is in. */
  get room(): Room | undefined {
    return this.#room;
  }

  /**
   * Enters a room. Its tracks follow as events: listen at once. Rejects with ROOM_ALREADY_JOINED, ROOM_FULL, FORBIDDEN, SERVER_CLOSING,
   * WORKER_UNAVAILABLE, CONNECTION_LOST.
   */
  async join(roomId: string, options: JoinOptions = {}): Promise<Room> {
    if (this.#room) {
      throw new CanopyError('ROOM_ALREADY_JOINED');
    }
    const room = new Room({
      ...options,
      roomId,
      connection: this.#connection,
      identity: this.identity,
      createDevice: this.#createDevice,
      onClosed: () => {
        this.#room = undefined;
      },
    });
    this.#room = room;
    await room.enter();
    return room;
  }

  /** Makes a one-time invitation link. Rejects with FORBIDDEN when the role does not permit it. */
  createInvitation(invitation: RequestInput<'invite.create'> = {}): Promise<RequestResult<'invite.create'>> {
    return this.#connection.request('invite.create', invitation);
  }

  /** Adds what another invitation grants to the account that is signed in. */
  redeemInvitation(secret: string): Promise<RequestResult<'invite.redeem'>> {
    return this.#connection.request('invite.redeem', { secret });
  }

  /** Drops the connection and reconnects at once, e.g. when the device changed networks. The room goes on. */
  reconnect(): void {
    this.#connection.reconnect();
  }

  /** Leaves the room and closes the connection. */
  async close(): Promise<void> {
    await this.#room?.leave();
    this.#connection.close();
  }
}

/** Time limit for finding out why a connection was refused, in milliseconds. */
const EXPLAIN_MS = 3000;

/** Asks the server over HTTP why it refused a WebSocket, since browsers do not say. */
async function explained(error: CanopyError, serverUrl: string): Promise<CanopyError> {
  if (error.code !== 'CONNECTION_LOST') {
    return error;
  }
  const quickly: typeof fetch = (url) => fetch(url, { signal: AbortSignal.timeout(EXPLAIN_MS) });
  try {
    await serverInfo({ serverUrl, fetch: quickly });
  } catch (reason) {
    return CanopyError.from(reason).code === 'ORIGIN_NOT_ALLOWED' ? CanopyError.from(reason) : error;
  }
  return new CanopyError(
    'CONNECTION_LOST',
    'the server answers over HTTP, but not over a WebSocket: a proxy may not forward upgrades, or the server is shutting down or full',
    { cause: error },
  );
}

/**
 * Connects to a server and proves possession of the identity's key. Rejects with the server's CERT_… or AUTH_… error, ORIGIN_NOT_ALLOWED if
 * the server does not know the dialled address, UNSUPPORTED_PLATFORM if the browser or Node is too old, CONNECTION_LOST if the server
 * cannot be reached, and REQUEST_TIMEOUT.
 */
export function connect(options: ConnectOptions): Promise<Client> {
  return Client.connect(options);
}
