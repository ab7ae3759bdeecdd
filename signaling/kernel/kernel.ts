import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Transaction } from 'kysely';
import type { Registry } from 'prom-client';
import { CanopyError, type Config, clientAddress, type Logger, networkOf } from '../../base/index.ts';
import {
  type RequestName,
  type RequestSchema,
  type Role,
  SESSION_REQUESTS,
  type SnapshotData,
  type SnapshotPart,
  type SnapshotParts,
} from '../../contract/index.ts';
import type { Sfu } from '../../sfu/index.ts';
import { Authority, TrustStore, type VerifiedDevice } from '../identity/index.ts';
import { type Migrations, openStore, type Store, sharedSecret, type Tables } from '../store/index.ts';
import { AccountDeletions, Accounts, Devices, ExpiredGuests, Revocations } from './accounts/index.ts';
import { AcmeRenewal } from './acme/index.ts';
import { AuditLog, requestAuditor } from './audit/index.ts';
import { Away } from './away.ts';
import type { Broadcaster } from './broadcaster.ts';
import { type Budgets, createBudgets, createSeatBudget } from './budgets/index.ts';
import { caNotYetValid } from './ca-not-yet-valid.ts';
import type { Captioner } from './captioner.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { DataLock, importRevoked, keptSecret, openDataDir, unusedDatabase } from './data/index.ts';
import { Exports } from './exports.ts';
import { HappeningNotifier } from './happenings.ts';
import { Hook } from './hook.ts';
import {
  ApiListener,
  Authenticator,
  admitForeignPages,
  createApp,
  defaultPublicUrl,
  isFromThisMachine,
  Listener,
  OwnOrigins,
  registerAdminRoutes,
  registerServerRoutes,
  serveMetrics,
  TlsSource,
  tlsMetrics,
  type UrlTicket,
  UrlTickets,
  type ZodInstance,
} from './http/index.ts';
import { type JoinStage, Metrics } from './metrics/index.ts';
import { ownServerUrl } from './own-server-url.ts';
import type { ChatDuring } from './past-chat.ts';
import type { CallByPhone, MeetingByPhone, PhoneExchange, PhoneLegEvents } from './phone-exchange.ts';
import { type AdminAction, demand, isNamed, may } from './policy/index.ts';
import { changeServerRole, type Principal, serverRoleOf, type Visitor } from './principals/index.ts';
import { Readiness } from './readiness.ts';
import type { Recorder } from './recorder.ts';
import type { RecordingStorageState } from './recording-storage-state.ts';
import {
  EntryGuard,
  type Peer,
  type Removal,
  type Room,
  type RoomOptions,
  type RoomRecord,
  RoomRecords,
  Rooms,
  Tickets,
} from './rooms/index.ts';
import { Scrubber } from './scrubber.ts';
import type { RequireSealed } from './sealed-content.ts';
import { signInHandlers } from './sign-in/index.ts';
import {
  Dispatcher,
  type Handlers,
  type RequestOptions,
  type Session,
  SocketGateway,
} from './sockets/index.ts';
import { ApiTokens, ConsoleKeys } from './tokens/index.ts';
import { type JoinTracer, openJoinTracer } from './tracing/index.ts';

export interface KernelOptions {
  config: Config;
  log: Logger;
  /** The migrations of the kernel's tables and of every feature's. */
  migrations: Migrations;
  /** The media plane; the caller owns it. */
  sfu: Sfu;
  version: string;
  /** Records rooms; the caller owns it. Default: rooms cannot be recorded. */
  recorder?: Recorder | undefined;
  /** Transcribes what is said in rooms; the caller owns it. Default: there are no captions. */
  captioner?: Captioner | undefined;
  /** Streams rooms to elsewhere; the caller owns it. Default: rooms cannot be streamed. */
  broadcaster?: Broadcaster | undefined;
  /** Further metrics of this process for the metrics page, in the Prometheus text format. */
  furtherMetrics?: () => Promise<string>;
}

/** A room that is being deleted. */
export interface RoomDeletion {
  roomId: string;
  db: Transaction<Tables>;
  /** What to do once the room is gone. */
  committed: Array<() => Promise<void> | void>;
}

/** An account that is being admitted by an invitation. */
export interface EnrollingAccount {
  db: Transaction<Tables>;
  accountId: string;
  invitationId: string;
  /** The inviting account, or the feature that made the invitation; null for the command line and the API key. */
  invitedBy: string | null;
  /** What to do once that is on disk, before the answer. */
  committed: Array<() => Promise<void>>;
}

/** An account that takes the place of another one of the same person. */
export interface AccountReplacement {
  from: string;
  to: string;
}

/** A way to call into a room by phone. */
export interface DialIn {
  number: string;
  /** What the caller is asked for. */
  pin?: string;
}

/** Maximum client retry delay, in seconds: people inside may reconnect during a long drain. */
const MAX_RETRY_AFTER_SECONDS = 10;

/** How long people need not wait again once they were admitted from a lobby, in milliseconds. */
const ADMITTED_MS = 12 * 3_600_000;

/** Everything that is opened asynchronously before the rest of the kernel is constructed. */
interface Ground {
  lock: DataLock;
  store: Store;
  authority: Authority;
  trust: TrustStore;
  tls: TlsSource;
  listener: Listener;
  /** Undefined: no client certificates are configured. */
  apiListener: ApiListener | undefined;
  budgets: Budgets;
  ticketKey: string;
  apiKey: string;
  tokens: ApiTokens;
  metrics: Metrics;
  /** Undefined: joins are not traced. */
  tracer: JoinTracer | undefined;
  app: FastifyInstance;
}

/**
 * What every feature builds on: sockets, HTTP, identity, rooms and the store. Features add their requests and routes between open() and
 * listen(). Owns all of these except the media plane.
 */
export class Kernel {
  readonly config: Config;
  readonly log: Logger;
  readonly sfu: Sfu;
  /** Undefined: rooms cannot be recorded. */
  readonly recorder: Recorder | undefined;
  /** Undefined: there are no captions. */
  readonly captioner: Captioner | undefined;
  /** Undefined: rooms cannot be streamed. */
  readonly broadcaster: Broadcaster | undefined;
  readonly store: Store;
  readonly authority: Authority;
  readonly trust: TrustStore;
  /** Who did what. Requests and routes are recorded here by themselves; record() is for what the server does. */
  readonly audit: AuditLog;
  /** Tokens for the operator's API. */
  readonly tokens: ApiTokens;
  /** Keys with which administrators use that API from the page. */
  readonly consoleKeys = new ConsoleKeys();
  readonly accounts: Accounts;
  readonly devices: Devices;
  readonly budgets: Budgets;
  readonly rooms: Rooms;
  /** Locks and PINs of rooms. */
  readonly entry: EntryGuard;
  readonly tickets: Tickets;
  readonly dispatcher: Dispatcher;
  readonly sockets: SocketGateway;
  /** The server's own web origins. */
  readonly origins: OwnOrigins;
  /** Reaches people of whom no page is open. */
  readonly away = new Away();
  /** What happens on the server, for features that report it elsewhere. */
  readonly happenings = new HappeningNotifier();
  /** Runs in the transaction that admits an account by an invitation; again if it repeats that. Features throw to refuse. */
  readonly enrolling = new Hook<EnrollingAccount>();
  /**
   * Runs when an account takes the place of another one, before that one is revoked. Features move what belongs to it, and what limits it,
   * such as bans. May run again after a crash.
   */
  readonly accountReplaced = new Hook<AccountReplacement>();
  /** Runs when an account or a device has been revoked, or the company's authorities or revocation lists have changed. */
  readonly trustChanged = new Hook<void>();
  /** Runs when an account has been revoked, so that features clean up after it. */
  readonly accountRevoked = new Hook<string>();
  /**
   * Runs when an account is deleted because its owner or the operator asks for that, before `accountDeleting`: features delete also what the
   * account wrote and owns. May run again after a crash.
   */
  readonly accountErasing = new Hook<string>();
  /** Runs before an account is deleted, so that features delete what is nobody else's. May run again after a crash. */
  readonly accountDeleting = new Hook<string>();
  /** Runs before a newcomer enters a room, after the policy has permitted it. Features throw to refuse. */
  readonly entering = new Hook<{ principal: Visitor; room: RoomRecord }>();
  /** Runs before someone without an account may ask to enter a room by a link. Features throw to refuse. */
  readonly knocking = new Hook<{ linkId: string; room: RoomRecord }>();
  /** Runs when an account has been banned from a room. */
  readonly accountBanned = new Hook<{ accountId: string; roomId: string }>();
  /** Runs when someone has taken a seat in a room: not when they return to it. */
  readonly entered = new Hook<{ room: Room; peer: Peer }>();
  /** Runs before the server listens, so that features read what they stored. */
  readonly starting = new Hook<void>();
  /** Runs first when the server closes, while connections and rooms are still open. */
  readonly stopping = new Hook<void>();
  /** Runs before the store closes, so that features write what is unsaved and stop their timers. */
  readonly closing = new Hook<void>();
  /** Runs in the transaction that deletes a room, so that features delete their rows about it. `committed`: runs afterwards. */
  readonly roomDeleted = new Hook<RoomDeletion>();
  /** What accounts and rooms can export. */
  readonly exports = new Exports();
  /** Short-lived permissions to use a URL. */
  readonly urlTickets = new UrlTickets();
  /** Removes what deleted rows leave in the files of the database. */
  readonly scrubber: Scrubber;
  readonly accountDeletions: AccountDeletions;
  readonly #stops: Array<RoomOptions['isStopped']> = [];
  readonly #followers: Array<RoomOptions['onEntry']> = [];
  readonly #rightsFollowers: Array<RoomOptions['onRights']> = [];
  readonly #removalFollowers: Array<(removal: Removal) => void> = [];
  readonly #snapshotParts = new Map<string, (room: Room, peer: Peer) => unknown>();
  readonly #roomRecords: RoomRecords;
  readonly #options: KernelOptions;
  readonly #ground: Ground;
  readonly #authenticator: Authenticator;
  readonly #readiness: Readiness;
  readonly #certificates: CertificateWatch;
  readonly #expiredGuests: ExpiredGuests;
  readonly #acme: AcmeRenewal;
  #metricsPort: Awaited<ReturnType<typeof serveMetrics>> | undefined;
  #draining = false;
  #drained: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  private constructor(options: KernelOptions, ground: Ground) {
    const { config, log, sfu } = options;
    const { store, budgets, listener, metrics, trust } = ground;
    this.#options = options;
    this.#ground = ground;
    this.config = config;
    this.log = log;
    this.sfu = sfu;
    this.recorder = options.recorder;
    this.captioner = options.captioner;
    this.broadcaster = options.broadcaster;
    this.store = store;
    this.authority = ground.authority;
    this.trust = trust;
    this.budgets = budgets;
    this.audit = new AuditLog({ store, log });
    this.tokens = ground.tokens;
    const { apiListener } = ground;
    this.#authenticator = new Authenticator({
      apiKey: ground.apiKey,
      tokens: this.tokens,
      consoleKeys: this.consoleKeys,
      requestsPerSecond: config.limits.requestsPerToken,
      ...(apiListener && {
        mayComeHere: (request) =>
          apiListener.serves(request) || isFromThisMachine(request, config.server.trustProxy),
      }),
    });
    this.accounts = new Accounts(store);
    this.devices = new Devices(store, log);
    this.#readiness = new Readiness(store, log);
    this.origins = new OwnOrigins(config, () => listener.port);
    this.tickets = new Tickets(Buffer.from(ground.ticketKey));
    this.#roomRecords = new RoomRecords(store, log);
    this.rooms = this.#createRooms();
    this.entry = new EntryGuard(this.rooms);
    const failed = (code: string) => metrics.error(code);
    const requested = (name: RequestName, seconds: number) => metrics.request(name, seconds);
    this.dispatcher = new Dispatcher({ requested, failed }, budgets.answers, requestAuditor(this.audit));
    this.sockets = new SocketGateway({
      http: listener.http,
      config,
      log,
      dispatcher: this.dispatcher,
      connections: budgets.connections,
      // While rooms are open, people who lost their connection may come back.
      closed: () => this.#draining && this.rooms.size === 0,
      origins: () => this.origins.current(),
      onRefused: failed,
      tracer: ground.tracer,
    });
    this.#certificates = new CertificateWatch({
      trust,
      rooms: this.rooms,
      connections: this.sockets,
      log,
      changed: () => this.trustChanged.run(),
    });
    this.#acme = new AcmeRenewal({ config, log, listener, onRenewed: () => void ground.tls.check() });
    this.accountDeleting.add((accountId) => this.rooms.forgetAccount(accountId));
    this.scrubber = new Scrubber(store, log);
    this.accountDeletions = new AccountDeletions({
      accounts: this.accounts,
      scrubber: this.scrubber,
      erasing: this.accountErasing,
      deleting: this.accountDeleting,
      log,
    });
    this.accountReplaced.add(async ({ from, to }) => {
      await this.accounts.copyGrants(from, to);
      await this.rooms.replaceAccount(from, to);
    });
    this.accountDeleting.add((accountId) => this.audit.forgetAccount(accountId));
    this.#expiredGuests = new ExpiredGuests({
      accounts: this.accounts,
      deleting: this.accountDeleting,
      log,
      onDeleted: (guests) =>
        this.audit.record({
          actor: { kind: 'system', name: 'expired guests' },
          action: 'account.expire',
          details: { guests },
        }),
    });
    admitForeignPages(ground.app, () => this.origins.current());
    this.#observe();
    this.requests(SESSION_REQUESTS, signInHandlers(this), { perConnection: ['auth.prove', 'session.ping'] });
    this.#serve();
  }

  /**
   * Locks and opens the data folder.
   *
   * @throws {CanopyError} CONFIG_INVALID
   * @throws {CanopyError} DATA_IN_USE - another server is running on the folder
   * @throws {CanopyError} CA_UNUSABLE, STORE_UNUSABLE - the folder's contents are damaged
   * @throws {CanopyError} STORE_UNAVAILABLE - PostgreSQL does not answer
   */
  static async open(options: KernelOptions): Promise<Kernel> {
    const { dir } = options.config.data;
    openDataDir(dir);
    const lock = DataLock.take(dir);
    let store: Store | undefined;
    try {
      const { url } = options.config.store;
      const isNew = url === undefined && !existsSync(join(dir, 'canopy.sqlite'));
      if (existsSync(join(dir, 'ca.pem')) && isNew && !existsSync(join(dir, 'canopy.sqlite.moved'))) {
        options.log.warn(
          'the data folder has a CA but no database: people who enrolled earlier are unknown. If they are in PostgreSQL, set store.url',
        );
      }
      const unused = unusedDatabase(options.config);
      if (unused !== undefined) {
        options.log.warn(unused);
      }
      store = await openStore(dir, { url, migrations: options.migrations, exclusive: true });
      return new Kernel(options, await openGround(options, lock, store));
    } catch (error) {
      await store?.close();
      lock.release();
      throw error;
    }
  }

  /** Adds a feature's requests, each with its handler. */
  requests<S extends Record<string, RequestSchema>>(
    schemas: S,
    handlers: Handlers<keyof S & RequestName>,
    options?: RequestOptions<keyof S & RequestName>,
  ): void {
    this.dispatcher.register(schemas, handlers, options);
  }

  /**
   * Adds a feature's state of a room to the snapshot that `room.join` returns to a peer. `take` runs synchronously when the snapshot is
   * taken; the feature appends every later change to the room's log, or sends it to those whom it concerns.
   */
  snapshotPart<N extends keyof SnapshotParts>(
    name: N,
    take: (room: Room, peer: Peer) => SnapshotPart<N>,
  ): void {
    this.#snapshotParts.set(name, take);
  }

  /** Keeps participants from sending: whenever a rule returns true, their new producers start paused and cannot resume. */
  stopSending(rule: RoomOptions['isStopped']): void {
    this.#stops.push(rule);
  }

  /** Calls a feature with each entry of every room's log, right after it was added. The feature may add further entries. */
  follow(follower: RoomOptions['onEntry']): void {
    this.#followers.push(follower);
  }

  /** Calls a feature whenever a peer's role or the settings of its room have changed. */
  followRights(follower: RoomOptions['onRights']): void {
    this.#rightsFollowers.push(follower);
  }

  /** Calls a feature whenever an account was removed from a meeting. */
  followRemovals(follower: (removal: Removal) => void): void {
    this.#removalFollowers.push(follower);
  }

  /** The current state of a room that features keep, as this peer may see it. */
  snapshotParts(room: Room, peer: Peer): SnapshotData {
    const parts = [...this.#snapshotParts].map(([name, take]) => [name, take(room, peer)]);
    return Object.fromEntries(parts);
  }

  /** Whether calls to phones can be placed. Set by the feature for phones. */
  callsPhones: () => boolean = () => false;

  /** Rooms that an account owns, has a role in, or was in lately. Set by the feature for rooms. */
  roomsOf: (accountId: string) => Promise<string[]> = async () => [];

  /** How moving recordings to a bucket goes; undefined: they stay on this machine. Set by the feature for recordings. */
  recordingStorage: () => Promise<RecordingStorageState | undefined> = async () => undefined;

  /** How phones reach a room; undefined if they cannot. Set by the feature for phones. */
  dialIn: (roomId: string) => Promise<DialIn | undefined> = () => Promise.resolve(undefined);

  /**
   * The address of a link that lets anyone ask to join a room, valid until this Unix time in milliseconds; undefined if the principal may not
   * invite. Set by the feature for room links.
   */
  joinUrl: (principal: Principal, roomId: string, untilMs: number) => Promise<string | undefined> = () =>
    Promise.resolve(undefined);

  /**
   * Whether an account has another one among its contacts: may the second call the first, if it takes calls from contacts only? Set by the
   * feature for contacts; without it, everyone knows everyone.
   */
  hasContact: (accountId: string, otherId: string) => Promise<boolean> = () => Promise.resolve(true);

  /** What was written in a room some time ago. Set by the feature for chat. */
  chatDuring: ChatDuring = () => Promise.resolve({ messages: [], more: false });

  /** Refuses content that a peer's device did not seal for its room's group. Set by the feature for encryption. */
  requireSealed: RequireSealed = () => {
    throw new CanopyError('ENCRYPTION_STALE');
  };

  /** Whether an account has this telephone number among its contacts. Set by the feature for contacts. */
  hasContactNumber: (accountId: string, number: string) => Promise<boolean> = () => Promise.resolve(false);

  /** Phones and numbers of people; undefined without the feature for phones, which sets it. */
  phoneExchange: PhoneExchange | undefined;

  /**
   * A phone calls a person. Returns what to do when it hangs up. Set by the feature for direct calls.
   *
   * @throws {CanopyError} PERSON_UNKNOWN, CALL_BARRED, IN_ANOTHER_CALL, RATE_LIMITED
   */
  takePhoneCall: (call: CallByPhone) => Promise<PhoneLegEvents> = () =>
    Promise.reject(new CanopyError('PERSON_UNKNOWN'));

  /** A call of a person's phone with a room is over. Set by the feature that lists people's calls. */
  metByPhone: (call: MeetingByPhone) => void = () => {};

  /** Adds routes that need no authentication. */
  routes(add: (app: ZodInstance) => void): void {
    add(this.#ground.app.withTypeProvider<ZodTypeProvider>());
  }

  /**
   * Adds routes of the operator's API, for the API key and for tokens with the scope of this action: to read for GET, else to write.
   * `request.principal` is who calls.
   */
  adminRoutes(action: AdminAction, add: (app: ZodInstance) => void): void {
    const options = {
      authenticator: this.#authenticator,
      action,
      audit: this.audit,
      trustProxy: this.config.server.trustProxy,
      accountIn: (roomId: string, participantId: string) =>
        this.rooms.find(roomId)?.hostOf(participantId)?.accountId,
    };
    registerAdminRoutes(this.#ground.app, options, add);
  }

  /**
   * Returns the account that may use a URL by its ticket.
   *
   * @throws {CanopyError} FILE_TICKET_INVALID; CERT_REVOKED - the account was revoked after it got the ticket
   */
  ticketHolder(ticket: string, use: Omit<UrlTicket, 'accountId'>): string {
    const accountId = this.urlTickets.verify(ticket, use);
    if (this.authority.revocation.isRevoked(accountId)) {
      throw new CanopyError('CERT_REVOKED');
    }
    return accountId;
  }

  /** The network that an HTTP request comes from, as budgets count it. */
  networkOf(request: IncomingMessage): string {
    return networkOf(clientAddress(request, this.config.server.trustProxy));
  }

  /**
   * Checks that the principal may enter the room.
   *
   * @throws {CanopyError} FORBIDDEN - the room admits only invited people, or not this role
   * @throws {CanopyError} LOBBY_REQUIRED - everyone has to be admitted from the lobby, or all those not invited (policy `tofu`)
   */
  async demandEntry(principal: Visitor, room: RoomRecord): Promise<void> {
    demand(principal, 'room.enter', room);
    if (room.parentId !== undefined || principal.kind === 'stream') {
      // `entering` decides who may enter a breakout room. A stream's key is its invitation.
      return;
    }
    const isExpected = isNamed(principal, room);
    const skipsLobby = room.lobby !== 'everyone' || isExpected || may(principal, 'lobby.skip', room);
    if (skipsLobby && (isExpected || may(principal, 'room.enterUninvited', room))) {
      return;
    }
    const grant = await this.accounts.grantOf(principal.accountId, room.roomId);
    if (!grant && !may(principal, 'room.enterUninvited', room) && this.config.identity.policy === 'tofu') {
      throw new CanopyError('LOBBY_REQUIRED');
    }
    if (!grant) {
      demand(principal, 'room.enterUninvited', room);
    }
    if (!skipsLobby && Date.now() - (grant?.admitted_at_ms ?? 0) > ADMITTED_MS) {
      throw new CanopyError('LOBBY_REQUIRED');
    }
  }

  /**
   * Checks that the principal may enter the room and was neither removed from it lately nor banned. For whatever people do about a room from
   * outside: otherwise those who were sent away could read along, or make themselves a way back.
   *
   * @throws {CanopyError} FORBIDDEN, LOBBY_REQUIRED, BANNED, KICKED
   */
  async demandAccess(principal: Visitor, room: RoomRecord): Promise<void> {
    await this.demandEntry(principal, room);
    await this.entering.run({ principal, room });
    if (this.rooms.isBarred(room.roomId, principal.accountId) && !may(principal, 'room.enterBarred', room)) {
      throw new CanopyError('KICKED');
    }
  }

  /**
   * Revokes an account or a device (its id): its connections and seats end at once. Returns the number of connections ended.
   *
   * @throws {CanopyError} STORE_…: it applies nevertheless, but only until a restart; call again
   */
  async revoke(id: string): Promise<{ connectionsEnded: number }> {
    const isOut = ({ device }: { device: VerifiedDevice | undefined }) =>
      device !== undefined && this.trust.isRevoked(device);
    // Applies from here on, so end seats and connections even if the write fails.
    const written = this.authority.revocation.revoke(id);
    this.rooms.remove(isOut, 'kicked');
    const connectionsEnded = this.sockets.endMatching(isOut, 'CERT_REVOKED');
    await this.trustChanged.run();
    await written;
    return { connectionsEnded };
  }

  /** Changes a person's role on their open connections and in rooms. */
  changeRole(accountId: string, role: Role): void {
    for (const principal of this.sockets.principals) {
      if (principal.accountId === accountId) {
        changeServerRole(principal, role);
      }
    }
    this.rooms.setRole(accountId, role);
  }

  /**
   * Revokes an account permanently: its connections and seats end at once, and features clean up after it. Returns the number of
   * connections ended.
   */
  async revokeAccount(accountId: string): Promise<{ connectionsEnded: number }> {
    const result = await this.revoke(accountId);
    await this.accountRevoked.run(accountId);
    this.log.info({ accountId, ...result }, 'account revoked');
    return result;
  }

  /** Records how long a connection took to reach this stage, once per stage. */
  stage(session: Session, stage: JoinStage): void {
    const { openedAtMs, stages, trace, connectionId, principal, seat } = session;
    if (stages.has(stage)) {
      return;
    }
    stages.add(stage);
    this.#ground.metrics.joinStage(stage, (performance.now() - openedAtMs) / 1000);
    trace?.reached(stage, {
      connection: connectionId,
      account: principal?.accountId,
      device: principal?.device.deviceId,
      room: seat?.room.roomId,
      peer: seat?.peer.peerId,
    });
  }

  /** A secret that is created once and kept in a file of the data folder. */
  secret(file: string): string {
    return secretIn(this.config.data.dir, file, this.log);
  }

  /** Where features register their own metrics. */
  get registry(): Registry {
    return this.#ground.metrics.registry;
  }

  /** Whether the server is stopping and admits nobody. */
  get draining(): boolean {
    return this.#draining;
  }

  get version(): string {
    return this.#options.version;
  }

  get port(): number {
    return this.#ground.listener.port;
  }

  /** The port of the REST API with client certificates; undefined: there is none. */
  get apiPort(): number | undefined {
    return this.#ground.apiListener?.port;
  }

  /** The address in links. */
  get publicUrl(): string {
    return this.config.server.publicUrl ?? defaultPublicUrl(this.port);
  }

  /** The origin for links that a person gives to others who uses the server at `origin`; without one, that a program or the operator does. */
  linkOrigin(origin = this.publicUrl): string {
    return this.origins.forLinks(origin);
  }

  /** The addresses at which people can reach the server; the first one needs no certificate, but may work only on this machine. */
  get urls(): string[] {
    return [...new Set([this.publicUrl, ...this.origins.reachable()])];
  }

  /** Starts listening. Features must have added their requests and routes before. @throws {CanopyError} PORT_IN_USE */
  async listen(): Promise<void> {
    const { config, sfu } = this;
    const { app, listener, apiListener, lock, tls } = this.#ground;
    try {
      await this.starting.run();
      await app.ready();
      await listener.listen(config.server.host, config.server.port);
      await apiListener?.listen(config.server.host, config.api.port);
      await this.#listenForMetrics();
    } catch (error) {
      await this.close();
      throw error;
    }
    void this.#expiredGuests.sweep();
    void this.accountDeletions.resume();
    tls.watch((changed) => {
      listener.setTls(changed);
      apiListener?.setTls(changed);
    });
    this.#acme.start();
    lock.remember({
      port: listener.port,
      publicUrl: this.linkOrigin(),
      localUrl: ownServerUrl(config, listener.port),
      rtc: { port: config.rtc.port, workers: sfu.gauges().workers },
    });
  }

  /**
   * Stops admitting people and asks those inside to finish. Resolves when they have left, or after `server.drainSeconds` (threat 16).
   */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  /** Closes sockets, rooms and store. Idempotent. */
  close(): Promise<void> {
    this.#draining = true;
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #drain(): Promise<void> {
    const { drainSeconds } = this.config.server;
    this.#draining = true;
    const retryAfterSeconds = Math.min(drainSeconds, MAX_RETRY_AFTER_SECONDS);
    this.sockets.broadcast('server.closing', { retryAfterSeconds });
    this.log.info({ rooms: this.rooms.size, drainSeconds }, 'draining');
    await this.rooms.empty(drainSeconds * 1000);
    // Let the answer to the last leave request go out.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #close(): Promise<void> {
    const { app, listener, apiListener, lock, tls } = this.#ground;
    this.#certificates.close();
    await this.#acme.close();
    await this.#expiredGuests.close();
    await this.accountDeletions.close();
    await this.stopping.run();
    await this.sockets.close();
    await this.#ground.tracer?.close();
    this.rooms.close();
    tls.close();
    await app.close();
    await apiListener?.close();
    this.#metricsPort?.close();
    await listener.close();
    await this.devices.close();
    await this.tokens.close();
    await this.closing.run();
    await this.scrubber.close();
    await this.#roomRecords.close();
    await this.audit.close();
    await this.store.close();
    lock.release();
  }

  #createRooms(): Rooms {
    const { config, log, sfu, budgets, tickets } = this;
    return new Rooms({
      sfu,
      media: { authority: this.authority, limits: config.limits },
      log,
      records: this.#roomRecords,
      budget: budgets.rooms,
      seats: () => createSeatBudget(config),
      maxPeersPerRoom: config.limits.peersPerRoom,
      maxParticipantsPerRoom: config.limits.participantsPerRoom,
      defaultEncryption: config.media.encryption,
      resumeMs: config.limits.resumeSeconds * 1000,
      onOpened: (room) => this.happenings.emit('room.opened', { room }),
      onClosed: (room) => this.happenings.emit('room.closed', { room }),
      isStopped: (...question) => this.#stops.some((rule) => rule(...question)),
      onEntry: (room, entry) => {
        for (const follower of this.#followers) {
          follower(room, entry);
        }
      },
      onRights: (room, peer) => {
        for (const follower of this.#rightsFollowers) {
          follower(room, peer);
        }
      },
      onRemoved: (removal) => {
        for (const follower of this.#removalFollowers) {
          follower(removal);
        }
      },
      rehomeTicket: async ({ roomId }, { peerId, displayName, principal, deviceId, connection }) => ({
        // Clients stay on this server under the name that they connected to.
        url: connection?.origin ?? this.publicUrl,
        ticket: await tickets.issue({
          roomId,
          peerId,
          deviceId,
          displayName,
          role: serverRoleOf(principal),
        }),
      }),
    });
  }

  /** Feeds the metrics, and the log of media connections. */
  #observe(): void {
    const { sfu, rooms, sockets, log } = this;
    const { metrics, tls } = this.#ground;
    tlsMetrics(metrics.registry, {
      expiresMs: () => tls.expiresMs,
      acmeFailures: () => this.#acme.failures,
    });
    metrics.watch({
      further: this.#options.furtherMetrics,
      sfu,
      connections: () => sockets.size,
      rooms: () => rooms.size,
      participants: () => rooms.peers.reduce((sum, peer) => sum + peer.participants.size, 0),
      peers: () => {
        const { peers } = rooms;
        const connected = peers.filter((peer) => peer.connection !== null).length;
        return { connected, waiting: peers.length - connected };
      },
    });
    const reached = (peerId: string, stage: JoinStage) => {
      const session = sockets.sessionOf(peerId);
      if (session) {
        this.stage(session, stage);
      }
    };
    sfu.on('workerdied', () => metrics.workerDied());
    sfu.on('dtlsconnected', ({ roomId, peerId, transportId, remoteCertificate }) => {
      log.info(
        { roomId, peerId, transportId, fingerprint: fingerprintOf(remoteCertificate) },
        'media connected',
      );
      reached(peerId, 'media_connected');
    });
    sfu.on('iceconnected', ({ peerId }) => reached(peerId, 'ice_connected'));
    sfu.on('rtpstarted', ({ peerId }) => reached(peerId, 'first_rtp'));
  }

  async #listenForMetrics(): Promise<void> {
    const { access, host, port } = this.config.metrics;
    if (port !== 0) {
      this.#metricsPort = await serveMetrics({
        host,
        port,
        setting: 'metrics.port',
        page: () => this.#ground.metrics.page(),
        mayRead: (raw) =>
          access === 'open' || this.#authenticator.mayReadMetrics({ headers: raw.headers, raw }),
      });
    }
  }

  /** Adds the routes about the server itself. */
  #serve(): void {
    const { app, metrics } = this.#ground;
    registerServerRoutes(app, {
      routerRtpCapabilities: { ...this.sfu.routerRtpCapabilities },
      config: this.config,
      authority: this.authority,
      trust: this.trust,
      origins: this.origins,
      version: this.#options.version,
      authenticator: this.#authenticator,
      publicUrl: () => this.publicUrl,
      metrics: () => metrics.page(),
      ready: async () => {
        if (this.#draining) {
          throw new CanopyError('SERVER_CLOSING');
        }
        if (this.sfu.gauges().workers === 0) {
          throw new CanopyError('WORKER_UNAVAILABLE');
        }
        await this.#readiness.check();
      },
    });
  }
}

async function openGround(
  { config, log, version }: KernelOptions,
  lock: DataLock,
  store: Store,
): Promise<Ground> {
  const { dir } = config.data;
  const revocations = new Revocations(store);
  await importRevoked(dir, revocations);
  const authority = await Authority.open({ dir, name: config.server.name, revocations });
  if (authority.notBeforeMs > Date.now()) {
    log.error(caNotYetValid(authority.notBeforeMs));
  }
  const trust = await TrustStore.create({
    authority,
    policy: config.identity.policy,
    caBundleFile: config.identity.caBundle,
    crlFile: config.identity.crl,
    onReloadError: (error) =>
      log.error({ err: error }, 'changed trust files are unusable; keeping the previous ones'),
  });
  const secret = (name: string) => secretIn(dir, name, log);
  // Servers that share a database verify each other's tickets; the first one provides the key.
  const ticketKey =
    store.engine === 'postgres'
      ? await sharedSecret(store, 'ticket.key', () => secret('ticket.key'))
      : secret('ticket.key');
  const tls = new TlsSource(config, authority, log);
  const budgets = createBudgets(config);
  const material = await tls.load();
  const connections = { log, connections: budgets.tcp };
  const listener = new Listener(material, connections);
  const metrics = new Metrics();
  const app = await createApp({
    server: listener.http,
    log,
    trustProxy: config.server.trustProxy,
    version,
    embedders: config.server.embedders,
    onError: (code) => metrics.error(code),
  });
  const { clientCa } = config.api;
  const apiListener =
    material && clientCa !== undefined
      ? new ApiListener({
          ...connections,
          tls: material,
          clientCa,
          handle: (request, response) => app.routing(request, response),
        })
      : undefined;
  return {
    lock,
    store,
    authority,
    trust,
    tls,
    listener,
    apiListener,
    budgets,
    metrics,
    tracer: await openJoinTracer({ config, log, version, exported: (...spans) => metrics.spans(...spans) }),
    app,
    ticketKey,
    apiKey: secret('api.key'),
    tokens: await ApiTokens.open(store, log),
  };
}

function secretIn(dir: string, name: string, log: Logger): string {
  return keptSecret(dir, name, (file) => log.warn({ file }, 'file was empty; created a new secret'));
}

/** The SHA-256 of a certificate in PEM, as in SDP. It is not parsed, since its sender chose its content. */
function fingerprintOf(pem: string): string {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const digest = createHash('sha256').update(der).digest('hex').toUpperCase();
  return (digest.match(/../g) ?? []).join(':');
}
