import type { Dialog } from '../dialog/index.ts';
import { bracketHost, encodeUser, formatUri, NO_PARAMS, parseUri, type Uri } from '../message/index.ts';
import type { Flow, TransportLayer } from '../transport/index.ts';
import type { Way } from './outgoing-call.ts';
import type { Registrar } from './registrar.ts';
import { protocolOf, resolveTargets } from './resolver.ts';
import { mayNameTarget } from './target-guard.ts';
import type { Trunk } from './trunk.ts';

/** Whom to call: a URI, a number through a trunk, or a user registered here. */
export type CallTarget =
  | { readonly uri: string }
  | { readonly trunk: string; readonly number: string }
  | { readonly user: string };

/** The callee cannot be reached: no such trunk, user or address. */
export class NoRouteError extends Error {
  override readonly name = 'NoRouteError';
}

/** A request that may be larger than this, in bytes, goes by TCP first (RFC 3261 §18.1.1). */
const MAX_UDP_BYTES = 1300;

/** Finds the ways of requests: by DNS, by the flows of registered phones, inside dialogs. */
export class Routes {
  readonly #transport: TransportLayer;
  readonly #registrar: Registrar;
  readonly #domain: string | undefined;

  constructor(transport: TransportLayer, registrar: Registrar, domain: string | undefined) {
    this.#transport = transport;
    this.#registrar = registrar;
    this.#domain = domain;
  }

  /** The address that a target is called by. Throws SipParseError for a malformed URI. */
  addressOf(target: CallTarget, trunk: Trunk | undefined): Uri {
    if ('uri' in target) return parseUri(target.uri);
    const user = encodeUser('user' in target ? target.user : target.number);
    if (trunk) return { ...trunk.uri, user, password: undefined, headers: undefined };
    const host = this.#domain ?? this.#transport.bound[0]?.local.address ?? 'localhost';
    return { scheme: 'sip', user, host: bracketHost(host), params: NO_PARAMS };
  }

  /** Where a user has registered, best first: always on the flow of the registration. */
  toUser(user: string): Way[] {
    return this.#registrar.lookup(user).map(({ contact, flow }) => ({
      uri: contact,
      address: flow.remote.address,
      open: () => flow,
    }));
  }

  /** Ways to a URI; a large request that could go by UDP tries TCP first. */
  async toUri(uri: Uri, bytes: number): Promise<Way[]> {
    const targets = await resolveTargets(uri, (protocol) => this.#transport.has(protocol));
    const ways: Way[] = [];
    for (const target of targets) {
      const { address } = target;
      const mayChoose = uri.scheme === 'sip' && protocolOf(uri) === undefined && target.protocol === 'udp';
      if (mayChoose && bytes > MAX_UDP_BYTES)
        ways.push({ uri, address, open: () => this.#transport.flowTo({ ...target, protocol: 'tcp' }) });
      ways.push({ uri, address, open: () => this.#transport.flowTo(target) });
    }
    return ways;
  }

  /**
   * The flow of a request in a dialog. A neighbour behind a NAT or on a connection is reached where it came from; else the
   * route set and the remote target say. Rejects with NoRouteError.
   */
  async inDialog(dialog: Dialog, last: Flow, direct: boolean): Promise<Flow> {
    const hop = dialog.nextHop;
    if (last.open && dialog.routeSet.length === 0 && direct) return last;
    if (last.open && last.reliable && hop.scheme !== 'tel' && hop.scheme !== 'other') {
      const named = protocolOf(hop);
      const same = hop.host === bracketHost(last.remote.address);
      if (same && (named === undefined || named === last.protocol)) return last;
    }
    const targets = await resolveTargets(hop, (protocol) => this.#transport.has(protocol));
    const target = targets.find(({ address }) => mayNameTarget(last.remote.address, address));
    const flow = target && this.#transport.flowTo(target);
    if (!flow) throw new NoRouteError(`there is no way to ${formatUri(hop)}`);
    return flow;
  }
}
