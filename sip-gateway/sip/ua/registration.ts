import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { type Credentials, DigestClient } from '../auth/index.ts';
import {
  addressesOf,
  buildRequest,
  decodeUser,
  formatNameAddr,
  formatUri,
  type HeaderField,
  type NameAddr,
  nameAddr,
  parseNameAddr,
  parseSeconds,
  parseUri,
  SipParseError,
  type SipResponse,
  type SipUri,
  sameUri,
  type Uri,
  withTag,
} from '../message/index.ts';
import { newCallId, newTag } from '../tokens.ts';
import type { Timer } from '../transaction/index.ts';
import type { Flow } from '../transport/index.ts';
import { FlowKeeper, type FlowKeeperHost } from './flow-keeper.ts';
import { type OwnGruus, ownGruus } from './gruu.ts';
import type { Route } from './invite-branch.ts';
import { hasOptionTag } from './option-tags.ts';
import { type RequestOutcome, type RequestPlan, sendRequest } from './send-request.ts';
import { looseRoute } from './trunk.ts';

export interface RegistrationOptions {
  /** URI of the registrar, e.g. `sip:pbx.example;transport=tcp`. */
  readonly registrar: string;
  /** URI of our account there, e.g. `sip:canopy@pbx.example`. */
  readonly address: string;
  readonly credentials?: Credentials;
  /** URI of a proxy that the requests go through. */
  readonly proxy?: string;
  /** The registrar's trunk. While we are registered, calls from the registrar's addresses belong to it. */
  readonly trunk?: string;
  /** Requested duration, in seconds. Default 600. */
  readonly expiresSeconds?: number;
  /** The registration of an earlier process, which is continued. Until it expires, we count as registered. */
  readonly saved?: SavedRegistration | undefined;
}

/** What a later process needs to continue a registration. */
export interface SavedRegistration {
  /** `+sip.instance`, which must not change (RFC 5626 §4.1). */
  readonly instance: string;
  readonly callId: string;
  /** The last CSeq. */
  readonly sequence: number;
  readonly addresses: readonly string[];
  /** Unix time in milliseconds. */
  readonly expiresAtMs: number;
}

export type RegistrationState = 'registering' | 'registered' | 'failed' | 'closed';

interface RegistrationEvents {
  /** Registered, or refreshed. */
  registered: [
    {
      readonly expiresSeconds: number;
      readonly serviceRoute: readonly NameAddr[];
      /** Undefined if the registrar does not return our Contact. */
      readonly gruus: OwnGruus | undefined;
    },
  ];
  /** Registering failed; it is retried after `retrySeconds`. */
  failed: [{ readonly status: number; readonly reason: string; readonly retrySeconds: number }];
  /** close() was called. */
  closed: [];
}

/** What a registration needs from the stack. */
export interface RegistrationHost extends FlowKeeperHost {
  readonly userAgent: readonly HeaderField[];
  contactFor(flow: Flow): HeaderField;
  routesTo(uri: SipUri, via: readonly NameAddr[]): Promise<readonly Pick<Route, 'address' | 'open'>[]>;
  readonly send: RequestPlan['send'];
}

/** First and maximum delay after a failure, in seconds (RFC 5626 §4.5). */
const RETRY_SECONDS = 30;
const MAX_RETRY_SECONDS = 1800;
/** A binding is refreshed after this share of its expiry. */
const REFRESH_AT = 0.8;
/** A continued registration skips this many CSeq numbers, which may have been used since it was saved. */
const SEQUENCE_JUMP = 1000;
/** A registration with a higher CSeq is not continued: the limit is 2^31 (RFC 3261 §8.1.1.5). */
const MAX_SEQUENCE = 2 ** 30;

/** Our registration at a PBX or provider (RFC 3261 §10.2): registers, refreshes and retries. `close` removes the binding. */
export class Registration extends EventEmitter<RegistrationEvents> {
  readonly #host: RegistrationHost;
  readonly #options: RegistrationOptions;
  readonly #registrar: SipUri;
  /** User part of our address, as on the wire. */
  readonly #user: string | undefined;
  readonly #digest: DigestClient | undefined;
  readonly #callId: string;
  readonly #instance: string;
  readonly #keeper: FlowKeeper;
  /** Whether the registrar may be asked for outbound (RFC 5626). */
  #isOutbound = true;
  readonly #tag = newTag();
  readonly #proxy: readonly NameAddr[];
  #sequence = 0;
  #seconds: number;
  #failures = 0;
  #state: RegistrationState = 'registering';
  #timer: Timer | undefined;
  #stopWatching: (() => void) | undefined;
  #running: Promise<void> | undefined;
  /** The registrar's addresses, as last resolved. */
  #addresses: ReadonlySet<string> = new Set();

  /** @throws {SipParseError} the registrar or address is not a SIP URI */
  constructor(host: RegistrationHost, options: RegistrationOptions) {
    super();
    const registrar = parseUri(options.registrar);
    if (registrar.scheme !== 'sip' && registrar.scheme !== 'sips') {
      throw new SipParseError('A registrar needs a SIP URI');
    }
    const address = parseUri(options.address);
    this.#user = 'user' in address ? address.user : undefined;
    this.#host = host;
    this.#options = options;
    this.#registrar = registrar;
    this.#proxy = options.proxy === undefined ? [] : [looseRoute(options.proxy)];
    this.#seconds = options.expiresSeconds ?? 600;
    const saved = options.saved && options.saved.sequence < MAX_SEQUENCE ? options.saved : undefined;
    this.#callId = saved?.callId ?? newCallId();
    this.#instance = saved?.instance ?? `urn:uuid:${randomUUID()}`;
    this.#keeper = new FlowKeeper(host, () => this.#flowFailed());
    if (saved) {
      this.#sequence = saved.sequence + SEQUENCE_JUMP;
      this.#addresses = new Set(saved.addresses);
      this.#state = saved.expiresAtMs > Date.now() ? 'registered' : 'registering';
    }
    this.#digest =
      options.credentials && new DigestClient(options.credentials, (address) => this.#addresses.has(address));
  }

  get state(): RegistrationState {
    return this.#state;
  }

  get trunk(): string | undefined {
    return this.#options.trunk;
  }

  /** User part of our address, unescaped. */
  get user(): string {
    return decodeUser(parseUri(this.#options.address));
  }

  /** The registrar's addresses, as last resolved. */
  get addresses(): readonly string[] {
    return [...this.#addresses];
  }

  /** What continues this registration in a later process. `expiresSeconds`: as granted. */
  save(expiresSeconds: number): SavedRegistration {
    return {
      instance: this.#instance,
      callId: this.#callId,
      sequence: this.#sequence,
      addresses: this.addresses,
      expiresAtMs: Date.now() + expiresSeconds * 1000,
    };
  }

  /** Whether we are registered at this address. */
  isAt(address: string): boolean {
    return this.#state === 'registered' && this.#addresses.has(address);
  }

  /** Starts registering. The stack calls this once. */
  begin(): void {
    this.#running = this.#register();
  }

  /** Stops refreshing and removes the binding. Idempotent. */
  async close(): Promise<void> {
    if (this.#state === 'closed') {
      return;
    }
    const wasRegistered = this.#state === 'registered';
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#stopWatching?.();
    this.#keeper.stop();
    this.emit('closed');
    await this.#running;
    if (wasRegistered) {
      await this.#send(0);
    }
  }

  async #register(): Promise<void> {
    this.#timer?.cancel();
    this.#stopWatching?.();
    let outcome = await this.#send(this.#seconds);
    if (outcome.status === 423 && outcome.response) {
      this.#seconds = minExpires(outcome.response) ?? this.#seconds;
      outcome = await this.#send(this.#seconds);
    }
    if (outcome.status === 439) {
      // A proxy on the way does not support it.
      this.#isOutbound = false;
      outcome = await this.#send(this.#seconds);
    }
    if (this.#state === 'closed') {
      return;
    }
    if (outcome.response && outcome.status < 300) {
      this.#registered(outcome.response, outcome.flow);
    } else {
      this.#failed(outcome);
    }
  }

  #registered(response: SipResponse, flow: Flow | undefined): void {
    this.#state = 'registered';
    this.#failures = 0;
    const contact = this.#contactIn(response, flow);
    const seconds = this.#grantedSeconds(response, contact);
    this.#later(Math.max(1, seconds * REFRESH_AT));
    // If the connection is lost, incoming calls cannot reach us.
    this.#stopWatching = flow?.onClose(() => this.#flowFailed());
    if (flow) {
      const timer = response.headers.get('flow-timer');
      this.#keeper.keep(flow, {
        answers: hasOptionTag(response.headers, 'require', 'outbound'),
        flowTimer: timer !== undefined && /^[1-9][0-9]{0,5}$/.test(timer) ? Number(timer) : undefined,
      });
    }
    this.emit('registered', {
      expiresSeconds: seconds,
      serviceRoute: serviceRouteOf(response),
      gruus: contact && ownGruus(contact),
    });
  }

  /** Registers again soon: calls cannot reach us any more. */
  #flowFailed(): void {
    this.#keeper.stop();
    this.#later(1 + this.#host.random() * 4);
  }

  #failed(outcome: RequestOutcome): void {
    this.#keeper.stop();
    this.#state = 'failed';
    const pause = Math.min(MAX_RETRY_SECONDS, RETRY_SECONDS * 2 ** this.#failures++);
    // Random between half and all of it, so that many clients do not retry at once.
    const retrySeconds = pause * (0.5 + this.#host.random() / 2);
    this.#later(retrySeconds);
    this.emit('failed', { status: outcome.status, reason: outcome.reason, retrySeconds });
  }

  #later(seconds: number): void {
    this.#timer?.cancel();
    this.#timer = this.#host.clock.after(seconds * 1000, () => {
      this.#running = this.#register();
    });
  }

  async #send(seconds: number): Promise<RequestOutcome> {
    const address = nameAddr(this.#options.address);
    const routes = await this.#host.routesTo(this.#registrar, this.#proxy);
    this.#addresses = new Set(routes.map((route) => route.address));
    return sendRequest({
      flows: routes.map(({ open }) => open),
      digest: this.#digest,
      send: this.#host.send,
      build: (flow) => {
        this.#sequence++;
        return buildRequest({
          method: 'REGISTER',
          uri: { ...this.#registrar, user: undefined },
          from: withTag(address, this.#tag),
          to: address,
          callId: this.#callId,
          cseq: { number: this.#sequence, method: 'REGISTER' },
          headers: [
            ...this.#proxy.map((route): HeaderField => ['route', formatNameAddr(route)]),
            ...(this.#digest?.authorize(
              'REGISTER',
              formatUri({ ...this.#registrar, user: undefined }),
              flow.remote.address,
            ) ?? []),
            ['contact', `<${formatUri(this.#contact(flow))}>${this.#contactParams}`],
            ['supported', this.#isOutbound ? 'path, gruu, outbound' : 'path, gruu'],
            ['expires', String(seconds)],
            ...this.#host.userAgent,
          ],
        });
      },
    });
  }

  /** Parameters of our Contact for GRUUs (RFC 5627 §4.1) and outbound (RFC 5626 §4.2). */
  get #contactParams(): string {
    return `;+sip.instance="<${this.#instance}>"${this.#isOutbound ? ';reg-id=1' : ''}`;
  }

  /** Our Contact with the user part of our account, since it becomes the Request-URI of incoming calls (RFC 3261 §16.5). */
  #contact(flow: Flow): Uri {
    const { uri } = parseNameAddr(this.#host.contactFor(flow)[1]);
    return uri.scheme === 'sip' && this.#user !== undefined ? { ...uri, user: this.#user } : uri;
  }

  /** Our Contact as the registrar returns it. */
  #contactIn(response: SipResponse, flow: Flow | undefined): NameAddr | undefined {
    if (!flow) {
      return undefined;
    }
    const own = this.#contact(flow);
    try {
      return addressesOf(response.headers, 'contact').find(({ uri }) => sameUri(uri, own));
    } catch (error) {
      if (error instanceof SipParseError) {
        return undefined;
      }
      throw error;
    }
  }

  /** The expiry granted for our Contact: its parameter, or else Expires, or else the requested one. */
  #grantedSeconds(response: SipResponse, contact: NameAddr | undefined): number {
    const text = contact?.params.get('expires') ?? response.headers.get('expires');
    try {
      return text === undefined ? this.#seconds : parseSeconds(text);
    } catch (error) {
      if (error instanceof SipParseError) {
        return this.#seconds;
      }
      throw error;
    }
  }
}

function minExpires(response: SipResponse): number | undefined {
  const text = response.headers.get('min-expires');
  return text !== undefined && /^[0-9]{1,6}$/.test(text) ? Number(text) : undefined;
}

/** Maximum number of Service-Route values; more than any provider has. */
const MAX_SERVICE_ROUTES = 8;

/** The Service-Route (RFC 3608 §6.1); empty if there is none, or one is malformed. */
function serviceRouteOf({ headers }: SipResponse): readonly NameAddr[] {
  try {
    const routes = addressesOf(headers, 'service-route');
    const areLoose = routes.every(
      ({ uri }) => (uri.scheme === 'sip' || uri.scheme === 'sips') && uri.params.has('lr'),
    );
    return areLoose && routes.length <= MAX_SERVICE_ROUTES ? routes : [];
  } catch (error) {
    if (error instanceof SipParseError) {
      return [];
    }
    throw error;
  }
}
