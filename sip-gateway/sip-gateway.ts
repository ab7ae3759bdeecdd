import { lookup } from 'node:dns/promises';
import { EventEmitter } from 'node:events';
import { isIP } from 'node:net';
import { CanopyError, type Config, type Logger } from '../base/index.ts';
import type { BridgeSession, FrameEncryption, GatewayLink } from '../client/sdk/index.ts';
import {
  type CallRecord,
  type EventData,
  MIN_PIN_DIGITS,
  type SavedRegistrations,
  type TelephonyConfig,
  type TrunkAlarm,
} from '../contract/index.ts';
import { RoomBridges } from './bridge/index.ts';
import {
  type CallHost,
  type DialOptions,
  hangUp,
  PeopleLink,
  type PhoneCall,
  PinGuard,
  placeCall,
  referCall,
  restoreCall,
  type SavedPhoneCall,
  takeCall,
  transferCall,
} from './calls/index.ts';
import { Codecs } from './codecs/index.ts';
import { phoneLookup, roomsWithShortPins, trunkTls, usableTrunks } from './dial/index.ts';
import { EdgeLog } from './edge-log.ts';
import { MediaPool, type PayloadTransformModule } from './media/index.ts';
import { GatewayMetrics } from './metrics.ts';
import { openStack, type TlsCertificate } from './open-stack.ts';
import { loadHoldMusic, Prompts } from './prompts/index.ts';
import { CallSaver, type CallSnapshots, type Snapshot } from './restart/index.ts';
import { SavedBindings } from './saved-bindings.ts';
import { type IncomingCall, localAddressFor, RateLimiter, type SipStack, systemClock } from './sip/index.ts';
import { CallerVerifier } from './stir/index.ts';
import { CallTraces, type HepExporter, hepExporter } from './tracing/index.ts';
import { TrunkRegistrations } from './trunk-registrations.ts';
import { TrunkGuard } from './trunks/index.ts';

export interface SipGatewayOptions {
  sip: Config['sip'];
  /** Address announced to phones if `sip.announce` is not set. Default: the interface's. */
  announce?: string;
  /** The control connection to the server. The gateway closes it. */
  link: GatewayLink;
  /** Joins a room, and gives its keys to `encryption` if it is end-to-end encrypted. */
  joinRoom(roomId: string, encryption: FrameEncryption): Promise<BridgeSession>;
  /** Certificate for SIP over TLS; null: no TLS. */
  tls: TlsCertificate | null;
  /** Web origins of other sites whose pages may register over WebSocket. Default: none. */
  origins?: readonly string[];
  log: Logger;
  /** The data folder, which has the certificates of trunks. */
  dataDir: string;
  /** Where calls in progress are saved, and what a killed gateway has left, whose calls go on. Default: calls end with the gateway. */
  restart?: { snapshots: CallSnapshots<SavedPhoneCall>; before: Snapshot<SavedPhoneCall> };
  /** A call whose phone sends no media for longer is ended, in seconds; 0: never. Default 30. */
  silenceSeconds?: number;
  /** Transforms the payloads between phones and rooms that are not end-to-end encrypted. Default: none. */
  payloadTransform?: PayloadTransformModule;
}

interface SipGatewayEvents {
  /** Another gateway has taken over, or the server rejects this one. It can no longer handle calls. */
  lost: [CanopyError];
}

/** Transfers per minute that a phone, or a trunk with all its callers, may ask for; also the burst (threat 19). */
const TRANSFERS_PER_MINUTE = 10;
/** Interval of PhoneCall.check(), in milliseconds. */
const CHECK_MS = 5000;
/** How long trunk registration changes are collected before the server is notified, in milliseconds. */
const NOTIFY_DELAY_MS = 100;
/** Maximum number of trunk registrations, and of next hops of trunks, in a message of the protocol. */
const MAX_REPORTED_TRUNKS = 500;
const MAX_REPORTED_CONTACTS = 1000;
/** On close(), how long to wait for the BYEs, and then for messages to the server, in milliseconds. */
const CLOSE_TIMEOUT_MS = 2000;

/**
 * The phone gateway: connects SIP calls to rooms. Owns the SIP stack, the media threads, its calls and the bridges to rooms. close() ends
 * calls, leaves rooms, then closes sockets, threads and the control connection.
 */
export class SipGateway extends EventEmitter<SipGatewayEvents> {
  readonly metrics = new GatewayMetrics();
  readonly #options: SipGatewayOptions;
  readonly #log: Logger;
  readonly #link: GatewayLink;
  readonly #stack: SipStack;
  readonly #registrations: TrunkRegistrations;
  readonly #trunks: TrunkGuard;
  readonly #calls = new Map<string, PhoneCall>();
  readonly #prompts = new Prompts();
  readonly #pins = new PinGuard();
  readonly #people: PeopleLink;
  readonly #announce: string | undefined;
  readonly #exporter: HepExporter | undefined;
  readonly #traces: CallTraces;
  readonly #unlisten: Array<() => void> = [];
  readonly #timer: NodeJS.Timeout;
  readonly #saver: CallSaver | undefined;
  #notifyTimer: NodeJS.Timeout | undefined;
  /** Digest secrets of the phones in the last settings. */
  #secrets: ReadonlyMap<string, string> = new Map();
  /** Rooms with short PINs in the last warning. */
  #shortPins = '';
  readonly #pool: MediaPool;
  readonly #rooms: RoomBridges;
  readonly #host: CallHost;
  #closed: Promise<void> | undefined;

  private constructor(
    options: SipGatewayOptions,
    {
      stack,
      pool,
      announce,
      log,
      saved,
      exporter,
      traces,
    }: {
      stack: SipStack;
      pool: MediaPool;
      announce: string | undefined;
      log: Logger;
      saved: SavedRegistrations;
      exporter: HepExporter | undefined;
      traces: CallTraces;
    },
  ) {
    super();
    this.#options = options;
    this.#link = options.link;
    this.#log = log;
    this.#stack = stack;
    this.#pool = pool;
    this.#announce = announce;
    this.#trunks = new TrunkGuard({
      log,
      config: () => options.link.config,
      onRefused: (why) => this.metrics.trunkRefused(why),
      onAlarm: (alarm) => this.#alarm(alarm),
    });
    this.#exporter = exporter;
    this.#traces = traces;
    this.#registrations = new TrunkRegistrations({
      stack,
      log,
      onChange: () => this.#notifyRegistrationsSoon(),
      save: (trunk, registration) => options.link.saved.trunk(trunk, registration),
      saved: saved.trunks,
    });
    this.#rooms = new RoomBridges({
      pool,
      log,
      join: options.joinRoom,
      announcement: async (kind, who) => {
        const { language } = options.link.config;
        if (!who) {
          return [this.#prompts.tones(kind)];
        }
        const { name, spokenName } = who;
        return spokenName
          ? [spokenName, this.#prompts.prompt(`has-${kind}`, language)]
          : [await this.#prompts.phrase(kind, { name }, language)];
      },
      transform: options.payloadTransform,
    });
    this.#people = new PeopleLink(options.link);
    this.#host = this.#makeHost();
    this.#listen();
    this.#configure(options.link.config);
    this.#restorePhones(saved.phones);
    this.#timer = setInterval(() => void this.#check(), CHECK_MS);
    this.#saver = this.#restoreCalls();
    this.metrics.watch({
      codecs: () => [...this.#calls.values()].filter((call) => call.answered).map((call) => call.codec),
      encryptions: () =>
        [...this.#calls.values()].filter((call) => call.answered).map((call) => call.encryption),
      ringing: () => [...this.#calls.values()].filter((call) => !call.answered).length,
      registeredPhones: () => stack.registrar.users().length,
      trunkContacts: () => stack.contacts.map(({ state }) => state),
      trunkStates: () => this.#registrations.list().map(({ state }) => state),
      sip: () => stack.counts,
      media: () => pool.stats(),
    });
  }

  /** Starts the media threads and opens the SIP ports. @throws {CanopyError} PORT_IN_USE, CONFIG_INVALID, FILE_UNUSABLE */
  static async create(options: SipGatewayOptions): Promise<SipGateway> {
    const log = options.log.child({ part: 'sip' });
    const announce = options.sip.announce ?? options.announce;
    const address = announce === undefined ? undefined : await addressOf(announce);
    const { saved } = options.link;
    const loaded = await saved.load().catch((error: unknown) => {
      log.warn({ err: error }, 'could not load the saved registrations; phones must register again');
      return { phones: [], trunks: [] };
    });
    const { holdMusic: file } = options.sip;
    const holdMusic = file === undefined ? undefined : await loadHoldMusic(file, await Codecs.load());
    const exporter = hepExporter(options.sip, log);
    const traces = new CallTraces();
    const { dtlsIdentity } = options.restart?.before ?? {};
    const threads = options.sip.mediaThreads;
    const pool = await MediaPool.start({ threads, holdMusic, dtlsIdentity, log });
    try {
      const gruuKey = await options.restart?.snapshots.keyFor('temporary GRUUs');
      const stack = await openStack({
        sip: options.sip,
        announce,
        tls: options.tls,
        origins: options.origins ?? [],
        lookup: phoneLookup(() => options.link.config),
        tlsFor: (host) => trunkTls(options.link.config, host, { dataDir: options.dataDir, log }),
        bindings: new SavedBindings(systemClock, (user, bindings) => saved.phone(user, bindings)),
        gruuKey,
        onMessage: (message) => {
          traces.see(message);
          exporter?.export(message);
        },
      });
      // Nothing is received before the gateway listens to the stack, since all of this is one task.
      return new SipGateway(options, {
        stack,
        pool,
        announce: address,
        log,
        saved: loaded,
        exporter,
        traces,
      });
    } catch (error) {
      exporter?.close();
      await pool.close();
      throw error;
    }
  }

  /** The bound SIP sockets. */
  get bound(): SipStack['bound'] {
    return this.#stack.bound;
  }

  /** The available codecs and encryption, and whether prompts are spoken. */
  get capabilities(): Pick<MediaPool, 'srtp' | 'dtls'> & {
    codecs: MediaPool['capabilities'];
    spokenPrompts: boolean;
  } {
    const { capabilities: codecs, srtp, dtls } = this.#pool;
    return { codecs, srtp, dtls, spokenPrompts: this.#prompts.spoken };
  }

  /** Uses another TLS certificate for new connections. */
  setCertificate(tls: TlsCertificate): void {
    this.#stack.setCertificate(tls);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#notifyTimer);
    for (const unlisten of this.#unlisten) {
      unlisten();
    }
    await withTimeout(Promise.all([...this.#calls.values()].map((call) => call.end('local'))));
    await this.#saver?.close();
    await withTimeout(this.#reportUsage());
    await this.#rooms.close();
    await this.#stack.close();
    this.#exporter?.close();
    await this.#pool.close();
    await withTimeout(Promise.all([this.#link.settled(), this.#link.saved.settled()]));
    this.#link.close();
  }

  #listen(): void {
    const stack = this.#stack;
    stack.on('invite', (call) => this.#take(call));
    const edge = new EdgeLog(this.#log);
    stack.on('refused', (refusal) => {
      this.metrics.refused(refusal.method, refusal.status);
      edge.refused(refusal);
    });
    stack.on('failedLogin', (login) => {
      this.metrics.failedLogin(login.lockedNow);
      edge.failedLogin(login);
    });
    stack.on('malformed', ({ reason, address }) => this.#log.debug({ reason, address }, 'malformed message'));
    stack.on('contact', (contact) => {
      const { trunk, uri, state, status } = contact;
      this.#log[state === 'down' ? 'warn' : 'info'](
        { trunk, uri, status },
        `next hop of a trunk is ${state}`,
      );
      this.#notifyRegistrationsSoon();
    });
    stack.on('registration', ({ user, bindings }) =>
      this.#log.info({ user, bindings }, 'phone registration'),
    );
    this.#pool.on('leg', (legId, event) => this.#calls.get(legId)?.receiveLegEvent(event));
    this.#pool.on('died', (error, calls) =>
      this.#log.error({ err: error, ...calls }, 'media thread died; replacing it'),
    );
    this.#unlisten.push(
      this.#link.on('config', (config) => this.#configure(config)),
      this.#link.on('dial', (call) => this.#dial(call)),
      this.#link.on(
        'trace',
        ({ traceId, callId }) => void this.#link.traced(traceId, this.#traces.of(callId)),
      ),
      this.#link.on('transfer', (transfer) => {
        const call = this.#calls.get(transfer.callId);
        if (call) {
          void referCall(this.#host, call, transfer);
        }
      }),
      this.#link.on('hang-up', ({ callId, ...why }) => this.#hangUp(callId, why)),
      this.#link.on('ring', ({ callId, target, displayName, withheld, ...direct }) =>
        this.#dial({ callId, target, displayName, withheld, direct }),
      ),
      this.#link.on('progress', ({ callId }) => this.#people.progress(callId)),
      this.#link.on('connect', ({ callId, roomId }) => this.#people.connect(callId, roomId)),
      this.#link.on('state', (state, error) => {
        this.#log.info({ state, err: error }, 'server connection changed');
        if (state === 'closed' && !this.#closed) {
          this.emit('lost', error ?? new CanopyError('CONNECTION_LOST'));
        }
      }),
    );
  }

  #take(call: IncomingCall): void {
    takeCall(this.#host, call).catch((error: unknown) => this.#log.error({ err: error }, 'call failed'));
  }

  #hangUp(callId: string, why: Omit<EventData<'gateway.hangUp'>, 'callId'>): void {
    const call = this.#calls.get(callId);
    if (call) {
      void hangUp(call, why);
    }
  }

  #dial(request: Omit<DialOptions, 'failed' | 'transfer'>): void {
    const failed = (error: CanopyError, sipStatus: number) => {
      this.#link.dialFailed(request.callId, error, sipStatus).catch((cause: unknown) => {
        this.#log.warn({ err: cause, callId: request.callId }, 'could not report a failed call');
      });
    };
    placeCall(this.#host, { ...request, failed }).catch((error: unknown) =>
      this.#log.error({ err: error }, 'call failed'),
    );
  }

  #configure(config: TelephonyConfig): void {
    const usable = usableTrunks(config, ({ name }, error) =>
      this.#log.error({ err: error, trunk: name }, 'trunk is unusable; correct or delete it'),
    );
    this.#trunks.restore(config.usage ?? []);
    this.#stack.setTrunks(usable.map(({ options }) => options));
    this.#notifyRegistrationsSoon();
    this.#registrations.update(usable.map(({ trunk }) => trunk));
    const { phones, trunks, dialPlan } = config;
    this.#forgetPhones(phones);
    this.#warnOfShortPins(config);
    this.#warnOfMissingSrtp(config);
    this.#log.info(
      { phones: phones.length, trunks: trunks.length, rules: dialPlan.length },
      'phone settings applied',
    );
  }

  /** Notifies the server of trunk registrations. Combines changes into one message. */
  #notifyRegistrationsSoon(): void {
    if (this.#closed) {
      return;
    }
    this.#notifyTimer ??= setTimeout(() => {
      this.#notifyTimer = undefined;
      this.#link
        .trunksRegistered(
          this.#registrations.list().slice(0, MAX_REPORTED_TRUNKS),
          this.#stack.contacts
            .slice(0, MAX_REPORTED_CONTACTS)
            .map(({ status: sipStatus, ...contact }) => ({ ...contact, sipStatus })),
        )
        .catch((error: unknown) => {
          // If the connection is lost, the change is reported after the reconnect.
          if (!this.#closed) {
            this.#log.warn({ err: error }, 'could not report the trunk registrations');
          }
        });
    }, NOTIFY_DELAY_MS);
  }

  /** Continues the calls of a killed gateway, and saves all calls from now on. */
  #restoreCalls(): CallSaver | undefined {
    const { restart } = this.#options;
    if (!restart) {
      return undefined;
    }
    const { snapshots, before } = restart;
    if (before.calls.length > 0) {
      this.#log.info({ calls: before.calls.length }, 'continuing the calls of the previous gateway');
    }
    for (const invite of before.invites) {
      this.#stack.cancelInvite(invite);
    }
    for (const saved of before.calls) {
      void restoreCall(this.#host, saved);
    }
    return new CallSaver({
      snapshots,
      before: before.calls,
      calls: () => this.#calls.values(),
      dtlsIdentity: this.#pool.dtls.identity,
    });
  }

  /** Restores the registrations that an earlier process saved. */
  #restorePhones(phones: SavedRegistrations['phones']): void {
    for (const { username, bindings } of phones) {
      if (this.#secrets.has(username)) {
        this.#stack.restoreBindings(username, bindings);
      }
    }
    if (phones.length > 0) {
      this.#log.info({ phones: phones.length }, 'registrations restored');
    }
  }

  /** Removes the registrations of phones that were deleted or have a new password. */
  #forgetPhones(phones: TelephonyConfig['phones']): void {
    const secrets = new Map(phones.map(({ username, ha1 }) => [username, ha1.sha256]));
    const { registrar } = this.#stack;
    for (const user of registrar.users()) {
      if (secrets.get(user) !== this.#secrets.get(user)) {
        registrar.remove(user);
      }
    }
    this.#secrets = secrets;
  }

  /** Warns of PINs that were set before there was a minimum length. They still work. */
  #warnOfShortPins(config: TelephonyConfig): void {
    const rooms = roomsWithShortPins(config).join(', ');
    if (rooms !== '' && rooms !== this.#shortPins) {
      this.#log.warn(
        { rooms },
        `PINs with fewer than ${MIN_PIN_DIGITS} digits can be guessed; set longer ones`,
      );
    }
    this.#shortPins = rooms;
  }

  /** Warns if calls cannot be encrypted although a phone or trunk requires it: all its calls are refused. */
  #warnOfMissingSrtp({ phones, trunks }: TelephonyConfig): void {
    const required = [...phones, ...trunks].filter(({ srtp }) => srtp === 'required').length;
    if (required > 0 && this.#pool.srtp.reason !== undefined) {
      this.#log.error(
        { required, reason: this.#pool.srtp.reason },
        'phones or trunks require SRTP, which is not available; their calls are refused',
      );
    }
  }

  async #check(): Promise<void> {
    for (const callId of this.#trunks.overdue()) {
      const call = this.#calls.get(callId);
      call?.log.warn({ trunk: call.trunk }, 'call ended by a daily limit of its trunk');
      void call?.end('limit');
    }
    void this.#reportUsage();
    const checks = [...this.#calls.values()].map((call) =>
      call.check().catch((error: unknown) => this.#log.warn({ err: error }, 'could not check a call')),
    );
    await Promise.all(checks);
    if (!this.#closed) {
      const measured = [...this.#calls.values()].flatMap((call) => call.measured ?? []);
      await this.#link.measured(measured);
    }
  }

  async #reportUsage(): Promise<void> {
    try {
      await this.#trunks.reportUsage((usage) => this.#link.trunksUsed(usage));
    } catch (error) {
      this.#log.debug({ err: error }, 'could not report the usage of trunks; trying again');
    }
  }

  #alarm(alarm: TrunkAlarm): void {
    this.#link.trunkAlarm(alarm).catch((error: unknown) => {
      if (!this.#closed) {
        this.#log.warn({ err: error, trunk: alarm.trunk }, 'could not report an alarm');
      }
    });
  }

  #makeHost(): CallHost {
    const { rtpPortMin, rtpPortMax, codecs, srtpWithoutTls } = this.#options.sip;
    return {
      stack: this.#stack,
      pool: this.#pool,
      rooms: this.#rooms,
      prompts: this.#prompts,
      metrics: this.metrics,
      pins: this.#pins,
      trunks: this.#trunks,
      transfers: new RateLimiter(systemClock, TRANSFERS_PER_MINUTE / 60, TRANSFERS_PER_MINUTE),
      verifier: new CallerVerifier(),
      traces: this.#traces,
      log: this.#log,
      ports: { min: rtpPortMin, max: rtpPortMax },
      codecs,
      encryption: { srtp: this.#pool.srtp, dtls: this.#pool.dtls, keysWithoutTls: srtpWithoutTls },
      silenceSeconds: this.#options.silenceSeconds ?? 30,
      config: () => this.#link.config,
      mediaAddress: (peer) => this.#mediaAddress(peer),
      record: (call) => this.#record(call),
      adopt: (call) => this.#calls.set(call.callId, call),
      forget: (call) => this.#calls.delete(call.callId),
      find: (callId) => this.#calls.get(callId),
      callOf: (sip) => [...this.#calls.values()].find((call) => call.sip === sip),
      people: this.#people,
      refer: (call, request) => transferCall(this.#host, call, request),
    };
  }

  /** Our address for a peer's media: the announced one, unless the peer is on this host or has the other address family. */
  #mediaAddress(peer: string): string {
    const local = localAddressFor(peer);
    const fits = this.#announce !== undefined && isIP(this.#announce) === isIP(local);
    return fits && local !== peer ? (this.#announce as string) : local;
  }

  #record(call: CallRecord): void {
    this.#link.record(call).catch((error: unknown) => {
      if (!this.#closed) {
        this.#log.warn({ err: error, callId: call.callId }, 'could not record a call in the history');
      }
    });
  }
}

/** Waits for `work`, but at most CLOSE_TIMEOUT_MS. */
async function withTimeout(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}

/** Resolves a host. @throws {CanopyError} CONFIG_INVALID - it has no address */
async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) {
    return host;
  }
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new CanopyError('CONFIG_INVALID', `sip.announce: ${host} has no address`, { cause });
  }
}
