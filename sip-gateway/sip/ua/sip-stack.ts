import { EventEmitter } from 'node:events';
import {
  encodeUser,
  formatUri,
  type HeaderField,
  type NameAddr,
  NO_PARAMS,
  nameAddr,
  parseUri,
  type RequestDraft,
  type SipRequest,
  type SipUri,
  type Uri,
} from '../message/index.ts';
import {
  type ClientHandlers,
  type Clock,
  DEFAULT_TIMERS,
  systemClock,
  type TimerValues,
  TransactionLayer,
} from '../transaction/index.ts';
import { type Flow, goneFlow, isOverTls, localAddressFor, TransportLayer } from '../transport/index.ts';
import { AbandonedInvite } from './abandoned-invite.ts';
import { Admissions, type CallerIdentity } from './admissions.ts';
import type { Call } from './call.ts';
import { CallGate } from './call-gate.ts';
import type { CallHost } from './call-types.ts';
import { callerFields } from './caller-fields.ts';
import { Dialogs } from './dialogs.ts';
import { IncomingCall } from './incoming-call.ts';
import { METHODS } from './methods.ts';
import { NatKeepAlive } from './nat-keep-alive.ts';
import { EXTENSIONS } from './option-tags.ts';
import { OutgoingCall } from './outgoing-call.ts';
import { INTERRUPTED } from './reason.ts';
import { Registrar } from './registrar.ts';
import { Registration, type RegistrationHost, type RegistrationOptions } from './registration.ts';
import { RequestReceiver } from './request-receiver.ts';
import { RestoredCall } from './restored-call.ts';
import { type CallTarget, NoRouteError, Routes, TrunkFullError } from './routes.ts';
import { restoreBinding, type SavedBinding } from './saved-binding.ts';
import type { SavedCall, SavedIncomingInvite } from './saved-call.ts';
import { readInvite, type SavedInvite } from './saved-invite.ts';
import { sendRequest } from './send-request.ts';
import type { InviteOptions, SipStackEvents, SipStackOptions } from './sip-stack-options.ts';
import { SourceLimits } from './source-limits.ts';
import { StackCalls } from './stack-calls.ts';
import { cancelRequest, contactField, optionsRequest } from './stack-requests.ts';
import { Trunk, type TrunkOptions } from './trunk.ts';
import { type ContactState, TrunkMonitor } from './trunk-monitor.ts';

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
  readonly #calls = new StackCalls(() => this.#trunks);
  readonly #dialogs = new Dialogs();
  readonly #registrations = new Set<Registration>();
  readonly #limits: SourceLimits;
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
    const inDialog = (request: SipRequest) => this.#dialogs.ofRequest(request) !== undefined;
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
    this.#userAgent = [['user-agent', options.userAgent ?? 'Canopy']];
    const methods = options.users ? METHODS : METHODS.filter((method) => method !== 'REGISTER');
    this.#capabilities = [
      ['allow', methods.join(', ')],
      ['supported', [...EXTENSIONS].join(', ')],
    ];
    this.#host = this.#makeHost(timers);
    this.#keepAlive = new NatKeepAlive(clock, this.registrar, (uri, flow) =>
      this.#transactions.sendStateless(this.#optionsRequest(uri, flow, []), flow),
    );
    this.#listen(this.#makeReceiver());
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
    return this.#calls.all;
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
    this.#calls.add(call, trunk);
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
    const trunk = this.#trunkOf(identity);
    const call = new RestoredCall(this.#host, saved, { flow, phone, digest: trunk?.digest() });
    this.#calls.add(call, trunk);
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
    const trunk = this.#trunkOf(identity);
    const transaction = this.#transactions.resumeServer(request, flow);
    const digest = trunk?.digest();
    const admitted = { identity, hasReturnPath, gruu: trunk?.gruus?.public, ...(digest && { digest }) };
    const call = new IncomingCall(this.#host, transaction, flow, { ...admitted, earlier: saved });
    this.#calls.add(call, trunk);
    this.#dialogs.setInvite(transaction, call);
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

  #optionsRequest(uri: Uri, flow: Flow, via: readonly NameAddr[]): RequestDraft {
    return optionsRequest(uri, flow, { domain: this.#options.domain, via, userAgent: this.#userAgent });
  }

  #trunkOf(identity: CallerIdentity): Trunk | undefined {
    return identity.kind === 'trunk' ? this.#trunks.get(identity.trunkId) : undefined;
  }

  /** Ends calls and registrations, waits up to `graceMs` for responses, then closes the sockets. */
  close(graceMs = 1000): Promise<void> {
    this.#keepAlive.close();
    this.#monitor.close();
    this.#closing ??= (async () => {
      const goodbyes = [
        ...this.#calls.all.map((call) => call.hangUp()),
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

  #makeReceiver(): RequestReceiver {
    const { users, silent = false, maxCalls = 500, maxCallsPerUser = 4 } = this.#options;
    const parts = {
      clock: this.#clock,
      admissions: this.#admissions,
      limits: this.#limits,
      calls: this.#calls,
      dialogs: this.#dialogs,
      trunkOf: (identity: CallerIdentity) => this.#trunkOf(identity),
    };
    const isClosing = () => this.#closing !== undefined;
    return new RequestReceiver({
      ...parts,
      host: this.#host,
      gate: new CallGate({ ...parts, maxCalls, maxCallsPerUser, isClosing }),
      registrar: users && this.registrar,
      silent,
      onInvite: (call) => this.emit('invite', call),
      onRegistration: (event) => this.emit('registration', event),
      onRefused: (event) => this.emit('refused', event),
    });
  }

  #listen(receiver: RequestReceiver): void {
    const transactions = this.#transactions;
    const dialogs = this.#dialogs;
    transactions.on('invite', (request, transaction, flow) =>
      receiver.receiveInvite(request, transaction, flow),
    );
    transactions.on('request', (request, transaction, flow) =>
      receiver.receiveRequest(request, transaction, flow),
    );
    transactions.on('ack', (request, flow) => dialogs.ofRequest(request)?.receiveAck(request, flow));
    transactions.on('cancel', (request, invite) => dialogs.ofInvite(invite)?.receiveCancel(invite, request));
    transactions.on('strayResponse', (response) => dialogs.ofResponse(response)?.receiveStray(response));
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
      contactFor: contactField,
      route: (dialog, peer) => this.#routes.inDialog(dialog, peer),
      phoneOf: (username, contact, flow) => this.registrar.phoneAt(username, contact, flow),
      send: (draft: RequestDraft, flow: Flow, handlers: ClientHandlers) =>
        transactions.request(draft, flow, handlers),
      sendStateless: (draft, flow) => transactions.sendStateless(draft, flow),
      resendStateless: (request, flow) => transactions.resend(request, flow),
      sendCancel: (invite, flow, headers) => {
        const draft = cancelRequest(invite, [...this.#userAgent, ...headers]);
        // The CANCEL has the same Via as its INVITE (RFC 3261 §9.1).
        transactions.request(draft, flow, { onResponse() {}, onFailure() {} }, invite.vias[0]);
      },
      adopt: (dialog, call) => this.#dialogs.adopt(dialog, call),
      drop: (dialog) => this.#dialogs.drop(dialog),
      routesTo: (uri, via) => this.#routes.toUri(uri, HEADER_ESTIMATE_BYTES, via),
      mappedAddress: (flow) => this.#transport.mappedAddress(flow),
    };
  }
}

/** Whose call an outgoing call is. */
function calledParty(target: CallTarget): CallerIdentity {
  if ('user' in target) {
    return { kind: 'user', username: target.user };
  }
  return 'trunk' in target ? { kind: 'trunk', trunkId: target.trunk } : { kind: 'anonymous' };
}
