import { BlockList, isIPv6 } from 'node:net';
import { type Credentials, DigestClient } from '../auth/index.ts';
import {
  bareHost,
  formatUri,
  isAddress,
  type NameAddr,
  nameAddr,
  parseUri,
  SipParseError,
  type SipUri,
  type Uri,
} from '../message/index.ts';
import type { CallerSettings } from './caller-fields.ts';
import type { OwnGruus } from './gruu.ts';
import { mayNameTarget } from './target-guard.ts';
import { weightedOrder } from './weighted-order.ts';

/** Settings of a trunk: a provider or PBX that we exchange calls with. */
export interface TrunkOptions {
  /** Name in the admin API, logs and metrics. */
  readonly id: string;
  /** URI that calls are sent to, e.g. `sip:pbx.example;transport=tcp`. */
  readonly uri: string;
  /** Next hops instead of `uri`. The lowest priority is tried first; among equal ones, the weight is the share of calls. */
  readonly contacts?: readonly { readonly uri: string; readonly priority: number; readonly weight: number }[];
  /** URI of a proxy that all requests to the trunk go through. */
  readonly proxy?: string;
  /** Sends OPTIONS to each contact this often, in seconds; one that does not answer is tried last. Default: never. */
  readonly pingSeconds?: number;
  /** Domain of our account at the trunk: the host of From. Default: our own address. */
  readonly domain?: string;
  /** Addresses and networks (`192.0.2.0/24`) that may call without digest, besides those of our registrar. Default: none. */
  readonly peers?: readonly string[];
  /** Username of the trunk's digest logins, for trunks that call from changing addresses. Default: none. */
  readonly username?: string;
  /** Answers the trunk's challenges. Default: they are not answered. */
  readonly credentials?: Credentials;
  /** Maximum number of concurrent calls, in both directions together. Default 100. */
  readonly maxCalls?: number;
  /** Maximum new calls per second in each direction, with bursts of one second's calls. Default: no limit. */
  readonly callsPerSecond?: number;
  /** How the caller of our calls is named. */
  readonly caller?: CallerSettings;
}

/** Maximum number of remembered addresses of a trunk's host. The latest ones are kept. */
const MAX_HOSTS = 32;

/** A configured trunk. */
export class Trunk {
  readonly id: string;
  readonly uri: SipUri;
  readonly domain: string | undefined;
  readonly username: string | undefined;
  readonly maxCalls: number;
  readonly caller: CallerSettings | undefined;
  readonly #credentials: Credentials | undefined;
  readonly #peers = new BlockList();
  /** Addresses that the URI's host has resolved to. */
  #hosts: readonly string[];
  readonly #contacts: readonly { readonly uri: SipUri; readonly priority: number; readonly weight: number }[];
  readonly #proxy: NameAddr | undefined;
  readonly pingSeconds: number | undefined;
  /** Contacts, as text, that did not answer the last OPTIONS. */
  readonly #down = new Set<string>();
  /** Address of the registrar that the Service-Route came from. */
  #registrar: string | undefined;
  /** From the registrar (RFC 3608). */
  #serviceRoute: readonly NameAddr[] = [];
  /** What the registrar has given us as Contacts of our calls (RFC 5627). */
  gruus: OwnGruus | undefined;
  /** Calls in progress. */
  activeCalls = 0;
  readonly #callsPerSecond: number | undefined;
  #rates = { incoming: { calls: 0, atMs: 0 }, outgoing: { calls: 0, atMs: 0 } };

  /** @throws {SipParseError} the URI or a network is malformed */
  constructor(options: TrunkOptions) {
    const uri = sipUri(options.uri);
    this.id = options.id;
    this.uri = uri;
    this.domain = options.domain;
    this.username = options.username;
    this.maxCalls = options.maxCalls ?? 100;
    this.caller = options.caller;
    this.#contacts = (options.contacts ?? []).map((each) => ({ ...each, uri: sipUri(each.uri) }));
    this.#proxy = options.proxy === undefined ? undefined : looseRoute(options.proxy);
    this.pingSeconds = options.pingSeconds;
    this.#callsPerSecond = options.callsPerSecond;
    this.#credentials = options.credentials;
    this.#hosts = isAddress(uri.host) ? [bareHost(uri.host)] : [];
    for (const peer of options.peers ?? []) {
      this.#addPeer(peer);
    }
  }

  /** Whether this address is one of the trunk's `peers`. */
  owns(address: string): boolean {
    return this.#peers.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }

  /** Creates a client that answers challenges from the trunk's hosts, for one call; undefined without credentials. */
  digest(): DigestClient | undefined {
    const isPeer = (address: string) => this.owns(address) || this.#hosts.includes(address);
    return this.#credentials && new DigestClient(this.#credentials, isPeer);
  }

  /** The next hops: its contacts, or else its URI. */
  get contacts(): readonly SipUri[] {
    return this.#contacts.length === 0 ? [this.uri] : this.#contacts.map(({ uri }) => uri);
  }

  /** The next hops in the order to try them for one call: those that are down come last. `random`: 0 to below 1. */
  hops(random: () => number): SipUri[] {
    if (this.#contacts.length === 0) {
      return [this.uri];
    }
    const ordered = weightedOrder(this.#contacts, random).map(({ uri }) => uri);
    const isDown = (uri: SipUri) => this.#down.has(formatUri(uri));
    return [...ordered.filter((uri) => !isDown(uri)), ...ordered.filter(isDown)];
  }

  /** Notes whether a contact answers. */
  setDown(uri: SipUri, down: boolean): void {
    if (down) {
      this.#down.add(formatUri(uri));
    } else {
      this.#down.delete(formatUri(uri));
    }
  }

  /** The Service-Route that the registrar at this address wants calls to take (RFC 3608); empty: none. */
  setServiceRoute(routes: readonly NameAddr[], registrar: string | undefined): void {
    this.#serviceRoute = routes;
    this.#registrar = registrar;
  }

  /** The proxies for a request outside dialogs: ours, unless the Service-Route begins with it, and the Service-Route. */
  get routeSet(): readonly NameAddr[] {
    const [first] = this.#serviceRoute;
    if (!this.#proxy || (first && isSameHost(first.uri, this.#proxy.uri))) {
      return this.#serviceRoute;
    }
    return [this.#proxy, ...this.#serviceRoute];
  }

  /** Whether calls may go to this address: a Service-Route must not make us send to services that trust this host. */
  mayUse(address: string): boolean {
    const registrar = this.#registrar;
    return this.#serviceRoute.length === 0 || registrar === undefined || mayNameTarget(registrar, address);
  }

  /** Our proxy, for requests that the Service-Route is not for (RFC 3608 §5). */
  get proxy(): readonly NameAddr[] {
    return this.#proxy ? [this.#proxy] : [];
  }

  /** Adds newly resolved addresses of the URI's host. */
  addHosts(addresses: readonly string[]): void {
    this.#hosts = [...new Set([...addresses, ...this.#hosts])].slice(0, MAX_HOSTS);
  }

  /** Counts a new call; false if there were too many in the last second. `nowMs`: any clock. */
  takeCall(direction: 'incoming' | 'outgoing', nowMs: number): boolean {
    const perSecond = this.#callsPerSecond;
    if (perSecond === undefined) {
      return true;
    }
    const rate = this.#rates[direction];
    const left = Math.max(0, rate.calls - ((nowMs - rate.atMs) / 1000) * perSecond);
    if (left + 1 > Math.max(1, perSecond) + 1e-6) {
      return false;
    }
    this.#rates[direction] = { calls: left + 1, atMs: nowMs };
    return true;
  }

  /** Takes over from the previous settings: the calls in progress, the rates and, for the same URI, the addresses. */
  replaces(before: Trunk): void {
    this.activeCalls = before.activeCalls;
    this.#rates = before.#rates;
    for (const uri of this.pingSeconds === undefined ? [] : before.#down) {
      this.#down.add(uri);
    }
    if (formatUri(before.uri) === formatUri(this.uri)) {
      this.#hosts = before.#hosts;
      this.#serviceRoute = before.#serviceRoute;
      this.#registrar = before.#registrar;
      this.gruus = before.gruus;
    }
  }

  #addPeer(text: string): void {
    const [address = '', prefix] = text.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    try {
      if (prefix === undefined) {
        this.#peers.addAddress(address, family);
      } else if (/^\d{1,3}$/.test(prefix)) {
        // An empty prefix would become 0, i.e. everybody.
        this.#peers.addSubnet(address, Number(prefix), family);
      } else {
        throw new TypeError('no prefix length');
      }
    } catch (cause) {
      throw new SipParseError(`Malformed network ${text}: ${String(cause)}`);
    }
  }
}

/** @throws {SipParseError} it is no SIP URI */
function sipUri(text: string): SipUri {
  const uri = parseUri(text);
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') {
    throw new SipParseError('A trunk needs a SIP URI');
  }
  return uri;
}

/** A Route to a proxy, which must be a loose router (RFC 3261 §16.12). @throws {SipParseError} it is no SIP URI */
export function looseRoute(text: string): NameAddr {
  const uri = sipUri(text);
  return nameAddr({ ...uri, params: new Map(uri.params).set('lr', null) });
}

function isSameHost(one: Uri, other: Uri): boolean {
  return 'host' in one && 'host' in other && one.host === other.host && one.port === other.port;
}

/** Checks a trunk's settings. @throws {SipParseError} the URI or a network is malformed */
export function checkTrunk(options: TrunkOptions): void {
  new Trunk(options);
}
