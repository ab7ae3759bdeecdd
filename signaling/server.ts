import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { CanopyError, type Config, type Logger } from '../base/index.ts';
import type { Sfu } from '../sfu/index.ts';
import { AccountAdministration } from './account-administration.ts';
import { createBudgets, createSeatBudget } from './budgets/index.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { aheadOfTime } from './clock.ts';
import { keptSecret, openDataDir } from './data-dir.ts';
import { DataLock } from './data-lock.ts';
import { createHandlers, type HandlerContext, invitationUrl } from './handlers/index.ts';
import {
  admitForeignPages,
  createApp,
  defaultPublicUrl,
  Listener,
  OwnOrigins,
  registerAccountRoutes,
  registerAllocationRoute,
  registerInvitationRoutes,
  registerRoomRoutes,
  registerRoutes,
  registerTelephonyRoutes,
  TlsSource,
} from './http/index.ts';
import { Authority, TrustStore } from './identity/index.ts';
import { importRevoked } from './import-revoked.ts';
import { Metrics } from './metrics/index.ts';
import { ownServerUrl } from './own-server-url.ts';
import type { RequestName } from './protocol/index.ts';
import { Readiness } from './readiness.ts';
import { RoomAdministration } from './room-administration.ts';
import { Rooms, Tickets } from './rooms/index.ts';
import { Dispatcher, SocketGateway } from './sockets/index.ts';
import {
  Accounts,
  Calls,
  Devices,
  Invitations,
  Revocations,
  START,
  Store,
  sharedSecret,
  TelephonySettings,
} from './store/index.ts';
import { Telephony } from './telephony/index.ts';

export interface SignalingOptions {
  config: Config;
  log: Logger;
  /** The media plane; the caller owns it. */
  sfu: Sfu;
  version: string;
  /** More for the metrics page, in the Prometheus text format: of what runs beside the server in its process. */
  furtherMetrics?: () => Promise<string>;
}

/** Maximum client retry delay, in seconds: people inside may reconnect during a long drain. */
const MAX_RETRY_AFTER_SECONDS = 10;

/** What the server owns, in the order in which it is closed. */
interface Parts {
  certificates: CertificateWatch;
  gateway: SocketGateway;
  rooms: Rooms;
  tls: TlsSource;
  app: FastifyInstance;
  listener: Listener;
  devices: Devices;
  store: Store;
  lock: DataLock;
}

/** The control plane: HTTP and sockets, identity, rooms, store. Owns everything here but the media plane. */
export class SignalingServer {
  readonly #context: HandlerContext;
  readonly #parts: Parts;
  readonly #origins: OwnOrigins;
  readonly #state: { draining: boolean };
  #drained: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  private constructor(
    context: HandlerContext,
    parts: Parts,
    origins: OwnOrigins,
    state: { draining: boolean },
  ) {
    this.#context = context;
    this.#parts = parts;
    this.#origins = origins;
    this.#state = state;
  }

  /**
   * Locks and opens the data folder, and listens.
   *
   * @throws {CanopyError} CONFIG_INVALID, PORT_IN_USE
   * @throws {CanopyError} DATA_IN_USE - another server is running on the folder
   * @throws {CanopyError} CA_UNUSABLE, STORE_UNUSABLE - the folder's contents are damaged
   * @throws {CanopyError} STORE_UNAVAILABLE - PostgreSQL does not answer
   */
  static async create(options: SignalingOptions): Promise<SignalingServer> {
    const { dir } = options.config.data;
    openDataDir(dir);
    const lock = DataLock.take(dir);
    let store: Store | undefined;
    try {
      const { url } = options.config.store;
      const isNew = url === undefined && !existsSync(join(dir, 'canopy.sqlite'));
      if (existsSync(join(dir, 'ca.pem')) && isNew && !existsSync(join(dir, 'canopy.sqlite.moved'))) {
        options.log.warn(
          'the folder has a CA but no database: whoever enrolled before is not known any more',
        );
      }
      store = await Store.open(dir, { url, exclusive: true });
      return await SignalingServer.#compose(options, lock, store);
    } catch (error) {
      await store?.close();
      lock.release();
      throw error;
    }
  }

  static async #compose(
    { config, log, sfu, version, furtherMetrics }: SignalingOptions,
    lock: DataLock,
    store: Store,
  ): Promise<SignalingServer> {
    const { dir } = config.data;
    const revocations = new Revocations(store);
    await importRevoked(dir, revocations);
    const authority = await Authority.open({ dir, name: config.server.name, revocations });
    if (authority.notBeforeMs > Date.now()) log.error(aheadOfTime(authority.notBeforeMs));
    const trust = await TrustStore.create({
      authority,
      policy: config.identity.policy,
      caBundleFile: config.identity.caBundle,
      crlFile: config.identity.crl,
      onReloadError: (error) =>
        log.error({ err: error }, 'the changed trust files cannot be used; the old ones stay'),
    });
    const secret = (name: string) =>
      keptSecret(dir, name, (file) => log.warn({ file }, 'the file was empty; it has a new secret now'));
    const tls = new TlsSource(config, authority, log);
    const material = await tls.load();
    const budgets = createBudgets(config);
    const listener = new Listener(material, { log, connections: budgets.tcp });
    const devices = new Devices(store, log);
    const readiness = new Readiness(store, log);
    const state = { draining: false };
    const origins = new OwnOrigins(config, () => listener.port);
    // Servers that share a database verify each other's tickets; the first one brings its key.
    const ticketKey =
      store.engine === 'postgres'
        ? await sharedSecret(store, 'ticket.key', () => secret('ticket.key'))
        : secret('ticket.key');
    const tickets = new Tickets(Buffer.from(ticketKey));
    const publicUrl = () => config.server.publicUrl ?? defaultPublicUrl(listener.port);
    const rooms = new Rooms({
      sfu,
      log,
      budget: budgets.rooms,
      seats: () => createSeatBudget(config),
      maxPeersPerRoom: config.limits.peersPerRoom,
      resumeMilliseconds: config.limits.resumeSeconds * 1000,
      rehomeTicket: async ({ roomId }, { peerId, displayName, role, device: { deviceId }, connection }) => ({
        // It is the same server: clients connected under another name stay there.
        url: connection?.origin ?? publicUrl(),
        ticket: await tickets.issue({ roomId, peerId, deviceId, displayName, role }),
      }),
    });
    const metrics = new Metrics({
      further: furtherMetrics,
      sfu,
      connections: () => gateway.size,
      rooms: () => rooms.size,
      participants: () => rooms.peers.reduce((sum, peer) => sum + peer.participants.size, 0),
      peers: () => {
        const { peers } = rooms;
        const connected = peers.filter((peer) => peer.connection !== null).length;
        return { connected, waiting: peers.length - connected };
      },
    });
    const context: HandlerContext = {
      config,
      log,
      sfu,
      authority,
      trust,
      budgets,
      accounts: new Accounts(store),
      devices,
      invitations: new Invitations(store),
      rooms,
      tickets,
      telephony: new Telephony({
        config,
        log,
        rooms,
        settings: new TelephonySettings(store),
        calls: new Calls(store),
      }),
      origins: () => origins.current(),
      publicUrl,
      draining: () => state.draining,
      stage: ({ openedAtMs, stages }, stage) => {
        if (stages.has(stage)) return;
        stages.add(stage);
        metrics.joinStage(stage, (performance.now() - openedAtMs) / 1000);
      },
    };
    const onRefused = (code: string) => metrics.error(code);
    const observer = {
      requested: (name: RequestName, seconds: number) => metrics.request(name, seconds),
      failed: onRefused,
    };
    const dispatcher = new Dispatcher(createHandlers(context), observer, budgets.answers);
    const gateway = new SocketGateway({
      http: listener.http,
      config,
      log,
      dispatcher,
      connections: budgets.connections,
      // While people are inside, those who lost their connection may come back.
      closed: () => state.draining && rooms.size === 0,
      origins: context.origins,
      onRefused,
    });
    const app = await createApp({
      server: listener.http,
      log,
      trustProxy: config.server.trustProxy,
      version,
      onError: onRefused,
    });
    const apiKey = secret('api.key');
    admitForeignPages(app, context.origins);
    registerTelephonyRoutes(app, { telephony: context.telephony, apiKey });
    registerAccountRoutes(app, { administration: new AccountAdministration(context, gateway), apiKey });
    registerRoomRoutes(app, { administration: new RoomAdministration(context), apiKey });
    registerInvitationRoutes(app, { invitations: context.invitations, apiKey });
    registerAllocationRoute(app, { sfu, apiKey });
    registerRoutes(app, {
      context,
      version,
      apiKey,
      metrics: () => metrics.page(),
      ready: async () => {
        if (state.draining) {
          throw new CanopyError('SERVER_CLOSING');
        }
        if (sfu.gauges().workers === 0) {
          throw new CanopyError('WORKER_UNAVAILABLE');
        }
        await readiness.check();
      },
    });
    await app.ready();
    sfu.on('workerdied', () => metrics.workerDied());
    sfu.on('allocated', ({ durationMs }) => metrics.allocated(durationMs / 1000));
    sfu.on('dtlsconnected', ({ roomId, peerId, transportId, remoteCertificate }) => {
      log.info({ roomId, peerId, transportId, remoteCertificate }, 'media connected');
      const session = gateway.sessionOf(peerId);
      if (session) context.stage(session, 'media_connected');
    });
    const certificates = new CertificateWatch({ trust, rooms, connections: gateway, log });
    const parts = { certificates, gateway, rooms, tls, app, listener, devices, store, lock };
    try {
      await listener.listen(config.server.host, config.server.port);
    } catch (error) {
      await closeParts(parts);
      throw error;
    }
    tls.watch((changed) => listener.setTls(changed));
    lock.remember({
      port: listener.port,
      publicUrl: publicUrl(),
      localUrl: ownServerUrl(config, listener.port),
      rtc: { port: config.rtc.port, workers: sfu.gauges().workers },
    });
    return new SignalingServer(context, parts, origins, state);
  }

  get port(): number {
    return this.#parts.listener.port;
  }

  /** The address for links, then the others by which people may reach the server. */
  get urls(): string[] {
    return [...new Set([this.#context.publicUrl(), ...this.#origins.reachable()])];
  }

  /** A one-time link for the first person, while nobody has enrolled. It invalidates the links of earlier starts. */
  async firstInvitation(): Promise<string | null> {
    const { authority, invitations, publicUrl } = this.#context;
    if (!(await invitations.isFirstStart())) {
      return null;
    }
    await invitations.expireFrom(START);
    const { secret } = await invitations.create({ role: 'admin', createdBy: START, ttlSeconds: 86_400 });
    return invitationUrl(publicUrl(), secret, authority.fingerprint);
  }

  /**
   * Takes nobody in any more, asks those inside to finish, and resolves when they have gone or the time is over
   * (threat case 16).
   */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  /** Closes sockets, rooms and store. Idempotent. */
  close(): Promise<void> {
    this.#state.draining = true;
    this.#closed ??= closeParts(this.#parts);
    return this.#closed;
  }

  async #drain(): Promise<void> {
    const { config, log } = this.#context;
    const { gateway, rooms } = this.#parts;
    const { drainSeconds } = config.server;
    this.#state.draining = true;
    const retryAfterSeconds = Math.min(drainSeconds, MAX_RETRY_AFTER_SECONDS);
    gateway.broadcast('server.closing', { retryAfterSeconds });
    log.info({ rooms: rooms.size, drainSeconds }, 'draining');
    await rooms.empty(drainSeconds * 1000);
    // Lets the answer to the last leave request go out.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function closeParts({
  certificates,
  gateway,
  rooms,
  tls,
  app,
  listener,
  devices,
  store,
  lock,
}: Parts): Promise<void> {
  certificates.close();
  await gateway.close();
  rooms.close();
  tls.close();
  await app.close();
  await listener.close();
  await devices.close();
  await store.close();
  lock.release();
}
