import { EventEmitter } from 'node:events';
import type { DigestServerOptions } from '../auth/index.ts';
import { dialogKey } from '../dialog/index.ts';
import {
  buildRequest,
  buildResponse,
  encodeUser,
  formatNameAddr,
  formatUri,
  type HeaderField,
  type NameAddr,
  NO_PARAMS,
  nameAddr,
  parseUri,
  type RequestDraft,
  SipParseError,
  type SipRequest,
  type SipResponse,
  type SipUri,
  tagOf,
  type Uri,
  withTag,
} from '../message/index.ts';
import { SdpError } from '../sdp/index.ts';
import { newTag, statelessTag } from '../tokens.ts';
import {
  type ClientHandlers,
  type Clock,
  DEFAULT_TIMERS,
  type ServerInviteTransaction,
  type ServerPlainTransaction,
  systemClock,
  type TimerValues,
  TransactionLayer,
} from '../transaction/index.ts';
import {
  type Flow,
  goneFlow,
  isOverTls,
  localAddressFor,
  TransportLayer,
  type TransportOptions,
} from '../transport/index.ts';
import { AbandonedInvite } from './abandoned-invite.ts';
import { Admissions, type Admitted, type CallerIdentity, type FailedLogin } from './admissions.ts';
import { sessionBody } from './body.ts';
import type { Call } from './call.ts';
import { callToReplace } from './call-to-replace.ts';
import type { CallHost, DialogUsage, OwnContact } from './call-types.ts';
import { callerFields } from './caller-fields.ts';
import { IncomingCall } from './incoming-call.ts';
import { NatKeepAlive } from './nat-keep-alive.ts';
import { EXTENSIONS, unsupportedFields } from './option-tags.ts';
import { type Answerer, OutgoingCall } from './outgoing-call.ts';
import { RateLimiter } from './rate-limiter.ts';
import { INTERRUPTED } from './reason.ts';
import { Registrar, type RegistrarOptions } from './registrar.ts';
import { Registration, type RegistrationHost, type RegistrationOptions } from './registration.ts';
import type { DnsLookups } from './resolve-targets.ts';
import { RestoredCall } from './restored-call.ts';
import { type CallTarget, NoRouteError, Routes, TrunkFullError } from './routes.ts';
import { restoreBinding, type SavedBinding } from './saved-binding.ts';
import type { SavedCall, SavedIncomingInvite } from './saved-call.ts';
import { readInvite, type SavedInvite } from './saved-invite.ts';
import { sendRequest } from './send-request.ts';
import { sessionTooShort } from './session-timer.ts';
import { SourceLimits } from './source-limits.ts';
import { Trunk, type TrunkOptions } from './trunk.ts';
import { type ContactState, TrunkMonitor } from './trunk-monitor.ts';

export interface SipStackOptions extends TransportOptions {
  /** Our domain: the host of our own addresses, and of registered users. Default: the first listener's address. */
  readonly domain?: string;
  /** Name in User-Agent and Server. Default `Canopy`. */
  readonly userAgent?: string;
  /** Users who may register and call, with their realm and passwords. Default: none. */
  readonly users?: Omit<DigestServerOptions, 'clock'>;
  readonly registrar?: RegistrarOptions;
  readonly trunks?: readonly TrunkOptions[];
  /** Allows calls without authentication. Default false. */
  readonly anonymousCalls?: boolean;
  /**
   * Ignores requests of strangers instead of refusing them: of sources that are no trunk, have not recently logged in and name none of our
   * users. Default false.
   */
  readonly silent?: boolean;
  /**
   * Maximum new calls per second from one source (an IPv4 address or an IPv6 /64) that is a trunk or has recently logged in, with bursts of
   * twice as many. Any other source may make a fifth of that, and all of these together the full rate. More get 503. Default 50.
   */
  readonly callsPerSecond?: number;
  /** Maximum other requests outside dialogs per second from one source; more are dropped. Default 50. */
  readonly requestsPerSecond?: number;
  /** Maximum number of concurrent calls; more get 503. Default 500. */
  readonly maxCalls?: number;
  /** Maximum number of concurrent calls from one user; more get 486. Default 4. */
  readonly maxCallsPerUser?: number;
  readonly clock?: Clock;
  readonly timers?: TimerValues;
  readonly random?: () => number;
  /** Default: the system's name servers. */
  readonly dns?: DnsLookups;
}

export interface InviteOptions {
  /** Our offer. Default: the callee makes the offer, and `answer` answers it. */
  readonly sdp?: string;
  readonly answer?: Answerer;
  /** The caller shown to the callee. Default: user `canopy`, no name. `withheld`: the callee must not learn who calls. */
  readonly from?: { readonly user?: string; readonly displayName?: string; readonly withheld?: boolean };
  readonly headers?: readonly HeaderField[];
  /** User part of our Contact, unescaped. Default: that of From. */
  readonly contactUser?: string;
  /** Maximum ringing time, in seconds. Default 120. */
  readonly ringSeconds?: number;
}

interface SipStackEvents {
  /** An incoming call of an admitted caller. It is refused with 480 if there is no listener, with 488 if one throws SdpError. */
  invite: [IncomingCall];
  /** The bindings of a user changed. */
  registration: [{ readonly user: string; readonly bindings: number }];
  /** A request was refused before it became a call. For logs and metrics. */
  refused: [{ readonly method: string; readonly status: number; readonly address: string }];
  /** A contact of a trunk answers, or no longer does. */
  contact: [ContactState];
  malformed: [{ readonly reason: string; readonly address: string }];
  /** A wrong password, or any password while the user or the source is locked out. */
  failedLogin: [FailedLogin];
}

/** A refusal of a request. */
interface Refusal {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly HeaderField[];
}

const METHODS = [
  ...['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'INFO', 'UPDATE', 'PRACK', 'REFER', 'SUBSCRIBE', 'NOTIFY'],
  'REGISTER',
];
/** Methods that we know. Those that we do not support get 405 rather than 501. */
const KNOWN_METHODS = new Set([...METHODS, 'MESSAGE', 'PUBLISH']);
/** Methods that belong to a call. */
const OF_DIALOGS = new Set(['BYE', 'CANCEL', 'INFO', 'UPDATE', 'PRACK', 'NOTIFY']);
/** Maximum requests per second in one dialog; more are dropped. Even key presses are slower. */
const DIALOG_REQUESTS_PER_SECOND = 50;
/** User part of our Contact in calls whose caller is hidden. */
const ANONYMOUS_USER = 'anonymous';
/** Estimated size of the header section of our INVITEs, in bytes. */
const HEADER_ESTIMATE_BYTES = 800;

/**
 * A SIP user agent: receives and makes calls, is a registrar for phones, and registers at PBXs. Owns its calls, registrations, transactions
 * and sockets; `close` closes them in that order.
 */
export class SipStack extends EventEmitter<SipStackEvents> {
  readonly registrar: Registrar;
  readonly #options: SipStackOptions;
  readonly #transport: TransportLayer;
  readonly #transactions: TransactionLayer;
  readonly #admissions: Admissions;
  #trunks: ReadonlyMap<string, Trunk>;
  readonly #routes: Routes;
  readonly #clock: Clock;
  readonly #calls = new Set<Call>();
  readonly #dialogs = new Map<string, DialogUsage>();
  readonly #invites = new WeakMap<ServerInviteTransaction, DialogUsage>();
  readonly #registrations = new Set<Registration>();
  readonly #limits: SourceLimits;
  readonly #dialogRate: RateLimiter;
  readonly #keepAlive: NatKeepAlive;
  readonly #monitor: TrunkMonitor;
  readonly #userAgent: readonly HeaderField[];
  readonly #capabilities: readonly HeaderField[];
  readonly #host: CallHost & RegistrationHost;
  #closing: Promise<void> | undefined;

  private constructor(options: SipStackOptions, transport: TransportLayer) {
    super();
    const clock = options.clock ?? systemClock;
    const timers = options.timers ?? DEFAULT_TIMERS;
    this.#options = options;
    this.#clock = clock;
    this.#transport = transport;
    const inDialog = (request: SipRequest) => this.#dialogOf(request) !== undefined;
    this.#transactions = new TransactionLayer(transport, { clock, timers, inDialog });
    this.#trunks = new Map(options.trunks?.map((trunk) => [trunk.id, new Trunk(trunk)]));
    this.#admissions = new Admissions({
      clock,
      users: options.users,
      trunks: () => this.#trunks,
      registeredAt: (address) =>
        [...this.#registrations].filter((registration) => registration.isAt(address)),
      anonymousCalls: options.anonymousCalls ?? false,
      onFailedLogin: (login) => this.emit('failedLogin', login),
    });
    this.registrar = new Registrar(clock, options.registrar);
    const { domain, dns, random = Math.random } = options;
    this.#routes = new Routes({ transport, registrar: this.registrar, domain, dns, random, clock });
    this.#monitor = new TrunkMonitor({
      clock,
      random,
      ping: (trunk, uri) => this.#ping(uri, trunk),
      onChange: (state) => this.emit('contact', state),
    });
    const { callsPerSecond: calls = 50, requestsPerSecond: requests = 50 } = options;
    this.#limits = new SourceLimits(clock, { calls, requests });
    this.#dialogRate = new RateLimiter(clock, DIALOG_REQUESTS_PER_SECOND);
    this.#userAgent = [['user-agent', options.userAgent ?? 'Canopy']];
    const methods = options.users ? METHODS : METHODS.filter((method) => method !== 'REGISTER');
    this.#capabilities = [
      ['allow', methods.join(', ')],
      ['supported', [...EXTENSIONS].join(', ')],
    ];
    this.#host = this.#makeHost(timers);
    this.#keepAlive = new NatKeepAlive(clock, this.registrar, (uri, flow) =>
      this.#transactions.sendStateless(this.#optionsRequest(uri, flow), flow),
    );
    this.#listen();
    this.#monitor.update(this.#trunks.values());
  }

  /** Opens the sockets. @throws {Error} a socket cannot be bound @throws {SipParseError} a trunk is malformed */
  static async create(options: SipStackOptions): Promise<SipStack> {
    const transport = await TransportLayer.create(options);
    try {
      return new SipStack(options, transport);
    } catch (error) {
      await transport.close();
      throw error;
    }
  }

  /** The bound sockets: first UDP, then TCP and TLS. */
  get bound(): TransportLayer['bound'] {
    return this.#transport.bound;
  }

  /** Gauges: all return to 0 when the stack is idle. */
  get counts(): { calls: number; dialogs: number; transactions: number; connections: number } {
    const { clients, servers } = this.#transactions.size;
    return {
      calls: this.#calls.size,
      dialogs: this.#dialogs.size,
      transactions: clients + servers,
      connections: this.#transport.connectionCount,
    };
  }

  get calls(): readonly Call[] {
    return [...this.#calls];
  }

  /** Uses another TLS certificate for new connections. */
  setCertificate(tls: { cert: string | Buffer; key: string | Buffer }): void {
    this.#transport.setCertificate(tls);
  }

  /** Replaces the trunks; calls in progress continue. @throws {SipParseError} one is malformed; the old ones are kept */
  setTrunks(trunks: readonly TrunkOptions[]): void {
    const before = this.#trunks;
    const after = new Map(trunks.map((trunk) => [trunk.id, new Trunk(trunk)]));
    for (const [id, trunk] of after) {
      const former = before.get(id);
      if (former) {
        trunk.replaces(former);
      }
    }
    this.#trunks = after;
    this.#monitor.update(after.values());
  }

  /** Which contacts of trunks with `pingSeconds` answer. */
  get contacts(): ContactState[] {
    return this.#monitor.states;
  }

  /**
   * The way to a callee, for our SDP: our address as the callee sees it, and whether all INVITEs, to however many phones, will use TLS.
   * Undefined if there is no route.
   */
  async wayTowards(target: CallTarget): Promise<{ address: string; overTls: boolean } | undefined> {
    const trunk = 'trunk' in target ? this.#trunks.get(target.trunk) : undefined;
    const to = this.#routes.addressOf(target, trunk);
    const routes =
      trunk && 'trunk' in target
        ? await this.#routes.toTrunk(trunk, target.number, 0)
        : 'user' in target
          ? this.#routes.toUser(target).flat()
          : await this.#routes.toUri(to, 0);
    const flow = routes[0]?.open();
    if (!flow) {
      return undefined;
    }
    return {
      address: localAddressFor(flow.remote.address),
      overTls: routes.every(({ protocol }) => isOverTls(protocol)),
    };
  }

  /** Makes a call. @throws {NoRouteError} there is no route; TrunkFullError: too many calls @throws {SipParseError} the URI is malformed */
  async invite(target: CallTarget, options: InviteOptions): Promise<OutgoingCall> {
    if (this.#closing) {
      throw new NoRouteError('the stack is closing');
    }
    const trunk = 'trunk' in target ? this.#trunks.get(target.trunk) : undefined;
    if ('trunk' in target && !trunk) {
      throw new NoRouteError(`there is no trunk ${target.trunk}`);
    }
    if (trunk && (trunk.activeCalls >= trunk.maxCalls || !trunk.takeCall('outgoing', this.#clock.now()))) {
      throw new TrunkFullError(`trunk ${trunk.id} is full`);
    }
    const to = this.#routes.addressOf(target, trunk);
    const size = HEADER_ESTIMATE_BYTES + Buffer.byteLength(options.sdp ?? '');
    const branches =
      'user' in target
        ? this.#routes.toUser(target)
        : [
            trunk && 'trunk' in target
              ? await this.#routes.toTrunk(trunk, target.number, size)
              : await this.#routes.toUri(to, size),
          ];
    trunk?.addHosts(branches.flat().map(({ address }) => address));
    const first = branches[0]?.[0]?.open();
    if (!first) {
      throw new NoRouteError(`there is no route to ${formatUri(to)}`);
    }
    const { user = 'canopy', ...caller } = options.from ?? {};
    const account: SipUri = {
      scheme: 'sip',
      user: encodeUser(user),
      host: trunk?.domain ?? this.#options.domain ?? first.advertised.host,
      params: NO_PARAMS,
    };
    const { from, headers, hidden } = callerFields(account, caller, trunk?.caller);
    const contactUser = options.contactUser === undefined ? account.user : encodeUser(options.contactUser);
    const call = new OutgoingCall(
      this.#host,
      first,
      {
        identity: calledParty(target),
        from,
        to: nameAddr(to),
        sdp: options.sdp,
        answer: options.answer,
        headers: [...headers, ...(options.headers ?? [])],
        ringSeconds: options.ringSeconds ?? 120,
        contact: {
          user: hidden ? ANONYMOUS_USER : contactUser,
          gruu: hidden ? trunk?.gruus?.temporary : trunk?.gruus?.public,
        },
        branches,
      },
      trunk?.digest(),
    );
    this.#own(call, trunk);
    call.begin();
    return call;
  }

  /** Registers at a PBX until the registration or the stack is closed. */
  register(options: RegistrationOptions): Registration {
    const registration = new Registration(this.#host, options);
    this.#registrations.add(registration);
    registration.once('closed', () => this.#registrations.delete(registration));
    registration.on('registered', ({ serviceRoute, gruus }) => {
      const { trunk: name, addresses } = registration;
      const trunk = name === undefined ? undefined : this.#trunks.get(name);
      trunk?.addHosts(addresses);
      trunk?.setServiceRoute(serviceRoute, addresses[0]);
      if (trunk) {
        trunk.gruus = gruus;
      }
    });
    registration.begin();
    return registration;
  }

  /** Restores the bindings of a user that an earlier process saved. Call it before the user can have registered. */
  restoreBindings(user: string, saved: readonly SavedBinding[]): void {
    const flowTo = (address: string, port: number) =>
      this.#transport.flowTo({ protocol: 'udp', address, port });
    const bindings = saved.flatMap((each) => restoreBinding(each, this.#clock, flowTo) ?? []);
    this.registrar.restore(user, bindings);
    for (const { flow, path } of bindings) {
      this.#admissions.remember(user, flow, path.length === 0);
    }
  }

  /** Continues an answered call of an earlier process. @throws {SipParseError} an address is malformed */
  restoreCall(saved: SavedCall): RestoredCall {
    const { identity, place } = saved;
    const { protocol, address, port, advertised } = place;
    const open = protocol === 'udp' ? this.#transport.flowTo({ protocol, address, port }) : undefined;
    const flow = open ?? goneFlow({ protocol, remote: { address, port }, advertised });
    const phone =
      identity.kind === 'user' && place.phone
        ? this.registrar.followAgain(identity.username, place.phone, flow)
        : undefined;
    const trunk = identity.kind === 'trunk' ? this.#trunks.get(identity.trunkId) : undefined;
    const call = new RestoredCall(this.#host, saved, { flow, phone, digest: trunk?.digest() });
    this.#own(call, trunk);
    return call;
  }

  /** Continues a call that an earlier process has received and not answered; undefined if that is not possible. */
  restoreInvite(saved: SavedIncomingInvite): IncomingCall | undefined {
    const { identity, hasReturnPath, address, port } = saved;
    const request = readInvite(saved);
    const flow = this.#transport.flowTo({ protocol: 'udp', address, port });
    if (!request || !flow) {
      return undefined;
    }
    const trunk = identity.kind === 'trunk' ? this.#trunks.get(identity.trunkId) : undefined;
    const transaction = this.#transactions.resumeServer(request, flow);
    const digest = trunk?.digest();
    const admitted = { identity, hasReturnPath, gruu: trunk?.gruus?.public, ...(digest && { digest }) };
    const call = new IncomingCall(this.#host, transaction, flow, { ...admitted, earlier: saved });
    this.#own(call, trunk);
    this.#invites.set(transaction, call);
    return call;
  }

  /** Cancels an INVITE that an earlier process has sent. If it was answered meanwhile, the call is ended. */
  cancelInvite(saved: SavedInvite): void {
    const { address, port } = saved;
    const request = readInvite(saved);
    const flow = this.#transport.flowTo({ protocol: 'udp', address, port });
    if (!request || !flow) {
      return;
    }
    const place = { flow, atMs: this.#clock.now(), direct: true };
    const abandoned = new AbandonedInvite(this.#host, request, place, undefined);
    this.#transactions.resumeClient(request, flow, {
      onResponse: (response) => abandoned.receive(response),
      onFailure: () => {},
    });
    abandoned.cancel([INTERRUPTED]);
  }

  /** Sends OPTIONS; resolves with the status of the response, or 408 or 503 without one. */
  ping(uri: string): Promise<number> {
    return this.#ping(parseUri(uri), undefined);
  }

  async #ping(uri: Uri, trunk: Trunk | undefined): Promise<number> {
    const via = trunk?.proxy ?? [];
    const routes = await this.#routes.toUri(uri, HEADER_ESTIMATE_BYTES, via);
    const { status } = await sendRequest({
      flows: routes.map(({ open }) => open),
      digest: undefined,
      send: this.#host.send,
      build: (flow) => this.#optionsRequest(uri, flow, via),
    });
    return status;
  }

  #optionsRequest(uri: Uri, flow: Flow, via: readonly NameAddr[] = []): RequestDraft {
    const host = this.#options.domain ?? flow.advertised.host;
    return buildRequest({
      method: 'OPTIONS',
      uri,
      from: withTag(nameAddr({ scheme: 'sip', host, params: NO_PARAMS }), newTag()),
      to: nameAddr(uri),
      callId: newTag(),
      cseq: { number: 1, method: 'OPTIONS' },
      headers: [
        ...via.map((route): HeaderField => ['route', formatNameAddr(route)]),
        this.#host.contactFor(flow),
        ['accept', 'application/sdp'],
        ...this.#userAgent,
      ],
    });
  }

  /** Ends calls and registrations, waits up to `graceMs` for responses, then closes the sockets. */
  close(graceMs = 1000): Promise<void> {
    this.#keepAlive.close();
    this.#monitor.close();
    this.#closing ??= (async () => {
      const goodbyes = [
        ...[...this.#calls].map((call) => call.hangUp()),
        ...[...this.#registrations].map((registration) => registration.close()),
      ];
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([
        Promise.allSettled(goodbyes),
        new Promise((resolve) => {
          timer = setTimeout(resolve, graceMs);
        }),
      ]);
      clearTimeout(timer);
      this.#transactions.close();
      await this.#transport.close();
    })();
    return this.#closing;
  }

  #listen(): void {
    const transactions = this.#transactions;
    transactions.on('invite', (request, transaction, flow) =>
      this.#receiveInvite(request, transaction, flow),
    );
    transactions.on('request', (request, transaction, flow) =>
      this.#receiveRequest(request, transaction, flow),
    );
    transactions.on('ack', (request, flow) => this.#dialogOf(request)?.receiveAck(request, flow));
    transactions.on('cancel', (request, invite) => this.#invites.get(invite)?.receiveCancel(invite, request));
    transactions.on('strayResponse', (response) => this.#callOf(response)?.receiveStray(response));
    this.#transport.on('stun', (request, flow) => {
      const { address } = flow.remote;
      // Only for registered phones: strangers could have packets sent to others.
      if (this.#admissions.knows(address) && this.#limits.takeRequest(address)) {
        this.#transport.answerStun(request, flow);
      }
    });
    this.#transport.on('malformed', (error, flow) =>
      this.emit('malformed', { reason: error.message, address: flow.remote.address }),
    );
  }

  #makeHost(timers: TimerValues): CallHost & RegistrationHost {
    const transactions = this.#transactions;
    return {
      clock: this.#clock,
      timers,
      random: this.#options.random ?? Math.random,
      capabilities: this.#capabilities,
      userAgent: this.#userAgent,
      contactFor: (flow: Flow, contact?: OwnContact) => ['contact', contactOf(flow, contact)],
      route: (dialog, peer) => this.#routes.inDialog(dialog, peer),
      phoneOf: (username, contact, flow) => this.registrar.phoneAt(username, contact, flow),
      send: (draft: RequestDraft, flow: Flow, handlers: ClientHandlers) =>
        transactions.request(draft, flow, handlers),
      sendStateless: (draft, flow) => transactions.sendStateless(draft, flow),
      resendStateless: (request, flow) => transactions.resend(request, flow),
      sendCancel: (invite, flow, headers) => this.#sendCancel(invite, flow, headers),
      adopt: (dialog, call) => this.#dialogs.set(dialog.key, call),
      drop: (dialog) => this.#dialogs.delete(dialog.key),
      routesTo: (uri, via) => this.#routes.toUri(uri, HEADER_ESTIMATE_BYTES, via),
      mappedAddress: (flow) => this.#transport.mappedAddress(flow),
    };
  }

  #dialogOf(request: SipRequest): DialogUsage | undefined {
    return this.#dialogs.get(dialogKey(request.callId, tagOf(request.to) ?? '', tagOf(request.from) ?? ''));
  }

  #callOf(response: SipResponse): DialogUsage | undefined {
    return this.#dialogs.get(
      dialogKey(response.callId, tagOf(response.from) ?? '', tagOf(response.to) ?? ''),
    );
  }

  /**
   * Refuses a request outside any call. Answers once and statelessly (RFC 3261 §8.2.7, §26.3.2.4): strangers must neither fill the tables
   * (threat 56) nor make us retransmit to an address of their choice (threat 61).
   */
  #refuse(
    request: SipRequest,
    transaction: ServerInviteTransaction | ServerPlainTransaction,
    flow: Flow,
    { status, reason, headers = [] }: Refusal,
  ): void {
    if (this.#options.silent && this.#admissions.isStranger(request, flow)) {
      transaction.terminate();
    } else {
      transaction.respondStateless(
        buildResponse(request, status, {
          toTag: statelessTag(request),
          reason,
          headers: [...this.#userAgent, ...headers],
        }),
      );
    }
    this.emit('refused', { method: request.method, status, address: flow.remote.address });
  }

  /** Checks a request outside dialogs (RFC 3261 §8.2); returns the refusal, or undefined. */
  #inspect(request: SipRequest): Refusal | undefined {
    if (request.uri.scheme === 'other') {
      return { status: 416 };
    }
    const unsupported = unsupportedFields(request);
    if (unsupported.length > 0) {
      return { status: 420, headers: unsupported };
    }
    const minimum = request.method === 'INVITE' && sessionTooShort(request);
    if (minimum) {
      return { status: 422, headers: [minimum] };
    }
    return undefined;
  }

  #receiveInvite(request: SipRequest, transaction: ServerInviteTransaction, flow: Flow): void {
    if (tagOf(request.to) !== undefined) {
      const call = this.#receiveInDialog(request, transaction, flow);
      if (call) {
        this.#invites.set(transaction, call);
      }
      return;
    }
    const refuse = (refusal: Refusal) => this.#refuse(request, transaction, flow, refusal);
    const admission = this.#admitCall(request, flow);
    if (admission.kind === 'refused') {
      refuse(admission);
      return;
    }
    const { identity } = admission;
    const trunk = identity.kind === 'trunk' ? this.#trunks.get(identity.trunkId) : undefined;
    try {
      const call = new IncomingCall(this.#host, transaction, flow, {
        ...admission,
        gruu: trunk?.gruus?.public,
      });
      this.#own(call, trunk);
      this.#invites.set(transaction, call);
      this.#offerCall(call);
    } catch (error) {
      if (!(error instanceof SipParseError)) {
        throw error;
      }
      refuse({ status: error.status });
    }
  }

  /** Decides whether to accept a new call. The cheapest checks come first, so that a flood does not harm calls in progress (threat 22). */
  #admitCall(
    request: SipRequest,
    flow: Flow,
  ): (Admitted & { replaced?: Call | undefined }) | ({ kind: 'refused' } & Refusal) {
    const refused = (refusal: Refusal) => ({ kind: 'refused', ...refusal }) as const;
    const objection = this.#inspect(request);
    if (objection) {
      return refused(objection);
    }
    const { maxCalls = 500, maxCallsPerUser = 4 } = this.#options;
    const { address } = flow.remote;
    const kind = this.#admissions.knows(address) ? 'known' : 'stranger';
    if (this.#closing || this.#calls.size >= maxCalls || !this.#limits.takeCall(address, kind)) {
      return refused({ status: 503, headers: [['retry-after', '5']] });
    }
    const admission = this.#admissions.admit(request, flow);
    if (admission.kind === 'refused') {
      return admission;
    }
    if (sessionBody(request).unsupported) {
      return refused({ status: 415, headers: [['accept', 'application/sdp']] });
    }
    const { identity } = admission;
    const replacement = callToReplace(request, identity, (key) => this.#dialogs.get(key));
    if (replacement && !replacement.call) {
      return refused(replacement);
    }
    // The call that is replaced ends soon.
    const spare = replacement ? 1 : 0;
    const trunk = identity.kind === 'trunk' ? this.#trunks.get(identity.trunkId) : undefined;
    if (trunk && trunk.activeCalls >= trunk.maxCalls + spare) {
      return refused({ status: 503, reason: 'Trunk Is Full', headers: [['retry-after', '30']] });
    }
    if (trunk && !trunk.takeCall('incoming', this.#clock.now())) {
      return refused({ status: 503, reason: 'Too Many Calls Per Second', headers: [['retry-after', '1']] });
    }
    if (identity.kind === 'user' && this.#callsOf(identity.username) >= maxCallsPerUser + spare) {
      return refused({ status: 486, reason: 'Too Many Calls From This Phone' });
    }
    return { ...admission, replaced: replacement?.call };
  }

  /** Number of calls that a user is currently making. */
  #callsOf(username: string): number {
    let count = 0;
    for (const call of this.#calls) {
      if (
        call.direction === 'incoming' &&
        call.identity.kind === 'user' &&
        call.identity.username === username
      ) {
        count++;
      }
    }
    return count;
  }

  /** Passes a request with a To tag to its call; undefined if there is no such call or the request was dropped. */
  #receiveInDialog(
    request: SipRequest,
    transaction: ServerInviteTransaction | ServerPlainTransaction,
    flow: Flow,
  ): DialogUsage | undefined {
    const call = this.#dialogOf(request);
    if (!call) {
      if (this.#limits.takeRequest(flow.remote.address)) {
        this.#refuse(request, transaction, flow, { status: 481 });
      } else {
        transaction.terminate();
      }
      return undefined;
    }
    if (!this.#dialogRate.take(call.callId)) {
      transaction.terminate();
      return undefined;
    }
    call.receive(request, transaction, flow);
    return call;
  }

  /** Emits the call. Refuses it if there is no listener or one throws SdpError. */
  #offerCall(call: IncomingCall): void {
    try {
      if (!this.emit('invite', call)) {
        call.reject(480);
      }
    } catch (error) {
      if (!(error instanceof SdpError)) {
        throw error;
      }
      call.reject(error.status, { headers: [error.warningField] });
    }
  }

  #receiveRequest(request: SipRequest, transaction: ServerPlainTransaction, flow: Flow): void {
    const { method } = request;
    if (tagOf(request.to) !== undefined && method !== 'REGISTER') {
      this.#receiveInDialog(request, transaction, flow);
      return;
    }
    if (!this.#limits.takeRequest(flow.remote.address)) {
      transaction.terminate();
      return;
    }
    const refuse = (refusal: Refusal) => this.#refuse(request, transaction, flow, refusal);
    const objection = this.#inspect(request);
    if (!KNOWN_METHODS.has(method)) {
      refuse({ status: 501, headers: this.#capabilities });
    } else if (objection) {
      refuse(objection);
    } else if (method === 'OPTIONS') {
      this.#receiveOptions(request, transaction, flow);
    } else if (method === 'REGISTER' && this.#options.users) {
      this.#receiveRegister(request, transaction, flow);
    } else if (OF_DIALOGS.has(method)) {
      refuse({ status: 481 });
    } else if (method === 'REFER') {
      // Only a phone in a call may ask us to call (threat 19).
      refuse({ status: 403 });
    } else if (method === 'SUBSCRIBE') {
      // The only subscriptions here are those of REFERs, in the dialog of a call (RFC 6665 §4.1.2.1).
      refuse({ status: 489, headers: [['allow-events', 'refer']] });
    } else {
      refuse({ status: 405, headers: this.#capabilities });
    }
  }

  #receiveOptions(request: SipRequest, transaction: ServerPlainTransaction, flow: Flow): void {
    if (this.#options.silent && this.#admissions.isStranger(request, flow)) {
      transaction.terminate();
      return;
    }
    transaction.respondStateless(
      buildResponse(request, 200, {
        toTag: statelessTag(request),
        headers: [['accept', 'application/sdp'], ...this.#capabilities, ...this.#userAgent],
      }),
    );
  }

  #receiveRegister(request: SipRequest, transaction: ServerPlainTransaction, flow: Flow): void {
    const admission = this.#admissions.admit(request, flow);
    if (admission.kind === 'refused') {
      this.#refuse(request, transaction, flow, admission);
    } else if (admission.identity.kind !== 'user') {
      this.#refuse(request, transaction, flow, { status: 403 });
    } else {
      const { username } = admission.identity;
      const { response, changed } = this.registrar.register(request, flow, username);
      transaction.respond(response);
      if (changed) {
        this.emit('registration', { user: username, bindings: this.registrar.lookup(username).length });
      }
    }
  }

  #own(call: Call, trunk: Trunk | undefined): void {
    this.#calls.add(call);
    if (trunk) {
      trunk.activeCalls++;
    }
    call.once('end', () => {
      this.#calls.delete(call);
      if (!trunk) {
        return;
      }
      trunk.activeCalls--;
      // setTrunks() may have replaced the trunk since. Its successor counts this call too.
      const successor = this.#trunks.get(trunk.id);
      if (successor && successor !== trunk) {
        successor.activeCalls--;
      }
    });
  }

  #sendCancel(invite: SipRequest, flow: Flow, headers: readonly HeaderField[]): void {
    const draft = buildRequest({
      method: 'CANCEL',
      uri: invite.uri,
      from: invite.from,
      to: invite.to,
      callId: invite.callId,
      cseq: { number: invite.cseq.number, method: 'CANCEL' },
      headers: [
        ...invite.headers.all('route').map((route): HeaderField => ['route', route]),
        ...this.#userAgent,
        ...headers,
      ],
    });
    // The CANCEL has the same Via as its INVITE (RFC 3261 §9.1).
    this.#transactions.request(draft, flow, { onResponse() {}, onFailure() {} }, invite.vias[0]);
  }
}

/** Our Contact on a flow. */
function contactOf(flow: Flow, { user, gruu }: OwnContact = {}): string {
  if (gruu !== undefined) {
    return `<${gruu}>`;
  }
  const { host, port } = flow.advertised;
  // URIs have one name for both kinds of WebSocket (RFC 7118 §5.1).
  const name = flow.protocol === 'wss' ? 'ws' : flow.protocol;
  const transport = name === 'udp' ? '' : `;transport=${name}`;
  return `<sip:${user === undefined ? '' : `${user}@`}${host}:${port}${transport}>`;
}

/** Whose call an outgoing call is. */
function calledParty(target: CallTarget): CallerIdentity {
  if ('user' in target) {
    return { kind: 'user', username: target.user };
  }
  return 'trunk' in target ? { kind: 'trunk', trunkId: target.trunk } : { kind: 'anonymous' };
}
