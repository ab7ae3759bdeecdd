import type { types } from 'mediasoup-client';
import type { RequestInput, RequestResult } from '../../contract/index.ts';
import { CanopyError } from '../../contract/light.ts';
import {
  Connection,
  type ConnectionEvents,
  type ConnectionOptions,
  type ConnectionState,
} from './connection.ts';
import { AddressBook, Contacts } from './contacts/index.ts';
import { DeviceLoader } from './device-loader.ts';
import { OwnDevices } from './devices/index.ts';
import { DirectCalls } from './direct-calls.ts';
import { Emitter } from './emitter.ts';
import { type Identity, serverInfo } from './identity/index.ts';
import type { KeptRecordings } from './kept-recordings.ts';
import { Knock } from './knock.ts';
import { Operator } from './operator.ts';
import { OwnPhones } from './own-phones.ts';
import { OwnRooms } from './own-rooms.ts';
import type { PathReport } from './paths/index.ts';
import { Push } from './push.ts';
import { requirePlatform } from './requirements.ts';
import { type JoinOptions, Room, wantedMedia } from './room.ts';
import { joinRequest } from './room-entry.ts';
import { RoomLinks } from './room-links.ts';
import { StreamKeys } from './stream-keys.ts';

export interface ConnectOptions extends ConnectionOptions {
  /** Creates the mediasoup device. Default: mediasoup-client's device for this browser. */
  createDevice?: () => Promise<types.Device>;
  /**
   * A room to join at once, in the same round trip as the sign-in: `client.room` is that room when connect() resolves, and connect() also
   * rejects for the reasons of join(). Tracks that it has by then are in `room.tracks`.
   */
  join?: { roomId: string } & JoinOptions;
}

export interface ClientEvents {
  state: ConnectionEvents['state'];
}

export type Account = RequestResult<'auth.prove'>;

async function createBrowserDevice(): Promise<types.Device> {
  const { Device } = await import('mediasoup-client');
  return Device.factory();
}

/** A connection to a server, authenticated by certificate. Created by connect(). It can be in one room at a time. */
export class Client extends Emitter<ClientEvents> {
  readonly identity: Identity;
  /** The account that the server signed this client in to. */
  readonly account: Account;
  /** The rooms of this account. */
  readonly rooms: OwnRooms;
  /** The people whom this account knows. */
  readonly contacts: Contacts;
  /** The account's address book on another server (CardDAV). */
  readonly addressBook: AddressBook;
  /** Calls between this account and other people. */
  readonly calls: DirectCalls;
  /** The devices of this account. */
  readonly devices: OwnDevices;
  /** The telephones of this account. */
  readonly phones: OwnPhones;
  /** The server's REST API, for administrators. */
  readonly operator: Operator;
  readonly #connection: Connection;
  readonly #createDevice: () => Promise<types.Device>;
  readonly #devices: DeviceLoader;
  #room: Room | undefined;

  private constructor(
    options: ConnectOptions,
    { connection, devices, account }: { connection: Connection; devices: DeviceLoader; account: Account },
  ) {
    super();
    this.identity = options.identity;
    this.account = account;
    this.#connection = connection;
    this.#devices = devices;
    this.rooms = new OwnRooms(connection);
    this.contacts = new Contacts(connection, options.identity, account.accountId);
    this.addressBook = new AddressBook(connection);
    this.calls = new DirectCalls({ connection, room: () => this.#room });
    this.devices = new OwnDevices(connection, options.identity, this.linkOrigin);
    this.phones = new OwnPhones(connection);
    this.operator = new Operator(connection);
    this.#createDevice = options.createDevice ?? createBrowserDevice;
    connection.on('state', (state, error) => this.emit('state', state, error));
  }

  /** @internal */
  static async connect(options: ConnectOptions): Promise<Client> {
    requirePlatform();
    const connection = new Connection(options);
    const devices = new DeviceLoader(options.createDevice ?? createBrowserDevice);
    const { join } = options;
    if (join) {
      joinEarly(connection, devices, join);
    }
    let client: Client;
    try {
      const account = await connection.open();
      if (!account) {
        throw new CanopyError('IDENTITY_MISSING');
      }
      client = new Client(options, { connection, devices, account });
    } catch (error) {
      throw await explainRefusal(CanopyError.from(error), connection.origin);
    }
    if (join) {
      await client.join(join.roomId, join).catch((error: unknown) => {
        connection.close();
        throw error;
      });
    }
    return client;
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  /** The server's origin for links that this account gives to others. */
  get linkOrigin(): string {
    return this.account.linkOrigin ?? this.#connection.origin;
  }

  /** The current room. */
  get room(): Room | undefined {
    return this.#room;
  }

  /** Loads the code for media, so that join() need not wait for it. Optional. Rejects if the server is away. */
  async prepare(): Promise<void> {
    const { routerRtpCapabilities } = this.account;
    await (routerRtpCapabilities ? this.#devices.load(routerRtpCapabilities) : this.#createDevice());
  }

  /**
   * Joins a room. Its tracks follow as events, so add listeners right away.
   *
   * @throws {CanopyError} ROOM_ALREADY_JOINED, ROOM_FULL, ROOM_LOCKED, PIN_REQUIRED, PIN_WRONG, ROOM_DELETED, FORBIDDEN, SERVER_CLOSING,
   * WORKER_UNAVAILABLE, CONNECTION_LOST
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
      accountId: this.account.accountId,
      devices: this.#devices,
      onClosed: () => {
        this.#room = undefined;
      },
    });
    this.#room = room;
    await room.enter(this.account.routerRtpCapabilities);
    return room;
  }

  /** Creates a one-time invitation link. @throws {CanopyError} FORBIDDEN */
  createInvitation(invitation: RequestInput<'invite.create'> = {}): Promise<RequestResult<'invite.create'>> {
    return this.#connection.request('invite.create', invitation);
  }

  /**
   * Where to download everything that the server keeps of this account as a ZIP file: a URL that is valid for a minute.
   *
   * @throws {CanopyError} RATE_LIMITED
   */
  async exportAccount(): Promise<string> {
    const { url } = await this.#connection.request('account.export', {});
    return new URL(url, this.#connection.origin).href;
  }

  /**
   * Deletes this account for good, with everything that it wrote and the rooms that it owns. The connection ends, and the identity is of no
   * use any more.
   */
  async deleteAccount(): Promise<void> {
    const { accountId } = this.account;
    try {
      await this.#connection.request('account.delete', { accountId });
    } catch (error) {
      // The server ends the connection first.
      if (CanopyError.from(error).code !== 'CERT_REVOKED') {
        throw error;
      }
    }
  }

  /** Adds the rights of another invitation to the signed-in account. */
  redeemInvitation(secret: string): Promise<RequestResult<'invite.redeem'>> {
    return this.#connection.request('invite.redeem', { secret });
  }

  /**
   * Asks to enter a room for which this account has no invitation, by the secret of a room link; or one that told join() LOBBY_REQUIRED, by
   * its id. A refusal rejects the result's `admission`.
   *
   * @throws {CanopyError} ROOM_ALREADY_JOINED
   */
  async knock(where: { secret: string } | { roomId: string }): Promise<Knock> {
    if (this.#room) {
      throw new CanopyError('ROOM_ALREADY_JOINED');
    }
    return new Knock(this.#connection, where, () => {}).start();
  }

  /** Notifications while no page is open. */
  get push(): Push {
    return new Push(this.#connection);
  }

  /** The recordings of a room. */
  async recordings(roomId: string): Promise<KeptRecordings> {
    const { KeptRecordings } = await import('./kept-recordings.ts');
    return new KeptRecordings(this.#connection, roomId);
  }

  /** Recordings of the rooms that this account owns, has a role in, or was in lately, if it may see them, newest first. */
  recentRecordings(page: RequestInput<'recording.recent'> = {}): Promise<RequestResult<'recording.recent'>> {
    return this.#connection.request('recording.recent', page);
  }

  /** Makes, lists, renews and withdraws links to rooms that any number of people can use. */
  get roomLinks(): RoomLinks {
    return new RoomLinks(this.#connection);
  }

  /** Makes, lists and revokes keys with which programs send into rooms or watch them. */
  get streamKeys(): StreamKeys {
    return new StreamKeys(this.#connection);
  }

  /** Changes a room's settings; returns all of them. @throws {CanopyError} FORBIDDEN, LIMIT_REACHED */
  configureRoom(
    roomId: string,
    change: Omit<RequestInput<'room.configure'>, 'roomId'> = {},
  ): Promise<RequestResult<'room.configure'>> {
    return this.#connection.request('room.configure', { roomId, ...change });
  }

  /**
   * Tests over which paths media would reach the server, and what the path that calls use carries; takes 3 to 8 s. It needs no room, and an
   * account may do it six times in ten minutes.
   *
   * @param onProgress called with each new finding
   * @throws {CanopyError} RATE_LIMITED, SERVER_BUSY - try later; SERVER_UNVERIFIED, CONNECTION_LOST
   */
  async testPaths(onProgress?: (report: PathReport) => void): Promise<PathReport> {
    const { testPaths } = await import('./paths/index.ts');
    return testPaths({
      connection: this.#connection,
      identity: this.identity,
      createDevice: this.#createDevice,
      ...(onProgress && { onProgress }),
    });
  }

  /** Drops the connection and reconnects at once, e.g. after a change of network. Stays in the room. */
  reconnect(): void {
    this.#connection.reconnect();
  }

  /** Leaves the room and closes the connection. */
  async close(): Promise<void> {
    await Promise.all([this.#room?.leave(), this.calls.close()]);
    this.#connection.close();
  }
}

/** Sends a join along with the sign-in, if the server says in time what its rooms support. */
function joinEarly(
  connection: Connection,
  devices: DeviceLoader,
  join: { roomId: string } & JoinOptions,
): void {
  const loading = serverInfo({ serverUrl: connection.origin, fetch: quickly, withMedia: true })
    .then(({ routerRtpCapabilities }) => routerRtpCapabilities && devices.load(routerRtpCapabilities))
    // The join says why, if it fails for the same reason.
    .catch(() => undefined);
  connection.alsoFirst = async () => {
    const device = await loading;
    const { encryption, ...options } = join;
    return (
      device &&
      joinRequest({ ...options, encrypts: encryption !== undefined }, { media: wantedMedia(device, 'all') })
    );
  };
}

/** Time limit for questions over HTTP, in milliseconds. */
const EXPLAIN_MS = 3000;

const quickly: typeof fetch = (url) => fetch(url, { signal: AbortSignal.timeout(EXPLAIN_MS) });

/** Finds out over HTTP why a WebSocket was refused, since browsers do not say. */
async function explainRefusal(error: CanopyError, serverUrl: string): Promise<CanopyError> {
  if (error.code !== 'CONNECTION_LOST') {
    return error;
  }
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
 * Connects to a server and proves possession of the identity's key.
 *
 * @throws {CanopyError} CERT_…, AUTH_… - the server refused the identity; ORIGIN_NOT_ALLOWED - the server does not know the dialled
 * address; UNSUPPORTED_PLATFORM - the browser or Node is too old; CONNECTION_LOST - the server cannot be reached; REQUEST_TIMEOUT
 */
export function connect(options: ConnectOptions): Promise<Client> {
  return Client.connect(options);
}
