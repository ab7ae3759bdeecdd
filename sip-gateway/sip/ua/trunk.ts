import { BlockList, isIPv6 } from 'node:net';
import { type Credentials, DigestClient } from '../auth/index.ts';
import { parseUri, SipParseError, type SipUri } from '../message/index.ts';

/** A provider or PBX that we exchange calls with. */
export interface TrunkOptions {
  /** Name in the admin API, logs and metrics. */
  readonly id: string;
  /** Where calls go: `sip:pbx.example;transport=tcp`. Also names the domain. */
  readonly uri: string;
  /** Domain of our account at the trunk: the host of From. Default: our own address. */
  readonly domain?: string;
  /** Addresses and networks (`192.0.2.0/24`) that calls come from without digest. Default: none. */
  readonly peers?: readonly string[];
  /** User name by which it authenticates to us, where it calls from changing addresses. */
  readonly username?: string;
  /** How we answer its challenges; default: not at all. */
  readonly credentials?: Credentials;
  /** Most calls at a time, both ways. Default 100. */
  readonly maxCalls?: number;
}

/** A configured trunk. */
export class Trunk {
  readonly id: string;
  readonly uri: SipUri;
  readonly domain: string | undefined;
  readonly username: string | undefined;
  readonly maxCalls: number;
  readonly #credentials: Credentials | undefined;
  readonly #peers = new BlockList();
  /** Calls in progress. */
  activeCalls = 0;

  /** Throws SipParseError for a URI or network that cannot be read. */
  constructor(options: TrunkOptions) {
    const uri = parseUri(options.uri);
    if (uri.scheme !== 'sip' && uri.scheme !== 'sips') throw new SipParseError('A trunk needs a SIP URI');
    this.id = options.id;
    this.uri = uri;
    this.domain = options.domain;
    this.username = options.username;
    this.maxCalls = options.maxCalls ?? 100;
    this.#credentials = options.credentials;
    for (const peer of options.peers ?? []) this.#addPeer(peer);
  }

  /** Whether requests from this address are the trunk's. */
  owns(address: string): boolean {
    return this.#peers.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }

  /** A client for the challenges of one call; undefined without credentials. */
  digest(): DigestClient | undefined {
    return this.#credentials && new DigestClient(this.#credentials);
  }

  #addPeer(text: string): void {
    const [address = '', prefix] = text.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    try {
      if (prefix === undefined) this.#peers.addAddress(address, family);
      else this.#peers.addSubnet(address, Number(prefix), family);
    } catch (cause) {
      throw new SipParseError(`Malformed network ${text}: ${String(cause)}`);
    }
  }
}
